use std::collections::BTreeMap;

use tribunal_history::{
    ClockKind, DiskFault, Fault, FaultId, FaultKind, Link, LinkEnd, LinkFault, LinkHeal, Nanos,
    NodeId, PPM, PacketFault, Random, Seed,
};

use super::{Holds, LinkState, NodeHold, Transition};

const NODES: u16 = 3;

fn every_link() -> Vec<Link> {
    let ends: Vec<LinkEnd> =
        std::iter::once(LinkEnd::Harness).chain(NodeId::all(NODES).map(LinkEnd::Node)).collect();
    ends.iter()
        .flat_map(|from| ends.iter().map(|to| Link { from: *from, to: *to }))
        .filter(|link| link.from != link.to)
        .collect()
}

/// Any mixture, each effect present or not.
fn random_packet_fault(random: &mut Random) -> PacketFault {
    let mut some = |most: u64| if random.chance(1, 2) { 1 + random.below(most) } else { 0 };
    PacketFault {
        loss_ppm: some(u64::from(PPM)) as u32,
        delay: Nanos(some(100)),
        jitter: Nanos(some(100)),
        duplicate_ppm: some(u64::from(PPM)) as u32,
        reorder_ppm: some(u64::from(PPM)) as u32,
        bandwidth: some(1_000),
        burst_loss_ppm: some(u64::from(PPM)) as u32,
        burst_every: Nanos(some(100)),
        burst_lasts: Nanos(some(100)),
        corrupt_ppm: some(u64::from(PPM)) as u32,
        replay_ppm: some(u64::from(PPM)) as u32,
    }
}

fn random_fault(id: u32, random: &mut Random) -> Fault {
    let clock = if random.chance(1, 2) { ClockKind::Wall } else { ClockKind::Monotonic };
    let at_heal = if random.chance(1, 2) { LinkHeal::Deliver } else { LinkHeal::Reset };
    let link = match random.below(5) {
        0 => LinkFault::Hold { at_heal },
        1 => LinkFault::Reset,
        2 => LinkFault::Refuse,
        3 => LinkFault::Packet(random_packet_fault(random)),
        _ => LinkFault::LoseReply,
    };
    let kind = match random.below(9) {
        0 => FaultKind::Link(link),
        1 => FaultKind::Kill,
        2 => FaultKind::Pause,
        3 => FaultKind::Power,
        4 => FaultKind::ClockJump { clock, by_ns: random.bits() as i64 },
        5 => FaultKind::ClockFreeze { clock },
        6 => FaultKind::Suspend,
        7 => FaultKind::Disk(DiskFault::Slow { by: Nanos(random.bits()) }),
        _ => FaultKind::ClockDrift { clock, ppm: random.bits() as i32 },
    };
    let on_links = matches!(kind, FaultKind::Link(_));
    let links = every_link().into_iter().filter(|_| on_links && random.chance(1, 3)).collect();
    let nodes = NodeId::all(NODES).filter(|_| !on_links && random.chance(1, 2)).collect();
    Fault { id: FaultId(id), kind, links, nodes }
}

/// What a cluster that follows the transitions believes.
#[derive(Default, PartialEq, Debug)]
struct Followed {
    links: BTreeMap<Link, LinkState>,
    nodes: BTreeMap<NodeId, NodeHold>,
    clocks: BTreeMap<(NodeId, ClockKind), (i64, i32)>,
}

impl Followed {
    fn follow(&mut self, transitions: Vec<Transition>) {
        for transition in transitions {
            match transition {
                Transition::Link { link, from, to } => {
                    assert_eq!(self.links.insert(link, to).unwrap_or_default(), from);
                    assert_ne!(from, to, "a transition changes something");
                }
                Transition::Node { node, from, to } => {
                    assert_eq!(self.nodes.insert(node, to).unwrap_or_default(), from);
                    assert_ne!(from, to, "a transition changes something");
                }
                Transition::Clock { node, from, to } => {
                    let old = self.clocks.insert((node, to.clock), (to.offset_ns, to.ppm));
                    assert_eq!(old.unwrap_or_default(), (from.offset_ns, from.ppm));
                    assert_ne!(from, to, "a transition changes something");
                }
            }
        }
        self.links.retain(|_, state| !state.is_clear());
        self.nodes.retain(|_, hold| *hold != NodeHold::Free);
        self.clocks.retain(|_, off| *off != (0, 0));
    }
}

fn shuffled(faults: &[Fault], random: &mut Random) -> Vec<Fault> {
    let mut faults = faults.to_vec();
    random.shuffle(&mut faults);
    faults
}

#[test]
fn order_of_installs_and_heals_does_not_matter_and_healing_all_leaves_nothing() {
    let mut random = Seed(1).child("holds").random();
    for _ in 0..5_000 {
        let count = 1 + random.below(7) as u32;
        let faults: Vec<_> = (0..count).map(|id| random_fault(id, &mut random)).collect();
        let healed = random.below(u64::from(count)) as usize;
        let run = |random: &mut Random| {
            let (mut holds, mut followed) = (Holds::new(), Followed::default());
            for fault in shuffled(&faults, random) {
                followed.follow(holds.install(&fault));
            }
            for fault in shuffled(&faults[..healed], random) {
                followed.follow(holds.heal(fault.id));
            }
            (holds, followed)
        };
        let (mut holds, mut followed) = run(&mut random);
        assert_eq!(followed, run(&mut random).1);
        for link in every_link() {
            let seen = followed.links.get(&link).copied().unwrap_or_default();
            assert_eq!(holds.link(link), seen);
        }
        for fault in shuffled(&faults[healed..], &mut random) {
            followed.follow(holds.heal(fault.id));
        }
        assert_eq!(followed, Followed::default());
        assert_eq!(holds.active().count(), 0);
    }
}

fn fault(id: u32, kind: FaultKind) -> Fault {
    let (links, nodes) = match kind {
        FaultKind::Link(_) => (vec![Link::between(NodeId(1), NodeId(2))], vec![]),
        _ => (vec![], vec![NodeId(1)]),
    };
    Fault { id: FaultId(id), kind, links, nodes }
}

#[test]
fn a_node_runs_only_when_nothing_holds_it() {
    let mut holds = Holds::new();
    holds.install(&fault(1, FaultKind::Pause));
    let killed = holds.install(&fault(2, FaultKind::Kill));
    let node = NodeId(1);
    let change = |from, to| vec![Transition::Node { node, from, to }];
    assert_eq!(killed, change(NodeHold::Paused, NodeHold::Killed));
    assert_eq!(holds.heal(FaultId(1)), vec![]);
    assert_eq!(holds.heal(FaultId(2)), change(NodeHold::Killed, NodeHold::Free));
}

#[test]
fn a_link_is_cut_while_any_fault_cuts_it() {
    let hold = |at_heal| FaultKind::Link(LinkFault::Hold { at_heal });
    let mut holds = Holds::new();
    holds.install(&fault(1, hold(LinkHeal::Deliver)));
    holds.install(&fault(2, hold(LinkHeal::Reset)));
    let link = Link::between(NodeId(1), NodeId(2));
    assert_eq!(holds.link(link).hold, Some(LinkHeal::Reset));
    holds.heal(FaultId(2));
    assert!(holds.link(link).is_cut());
    assert!(!holds.link(Link::between(NodeId(2), NodeId(1))).is_cut());
    holds.heal(FaultId(1));
    assert!(holds.link(link).is_clear());
}

#[test]
fn merging_link_states_knows_no_order() {
    let mut random = Seed(2).child("links").random();
    let mut state = || {
        let mut state = LinkState::under(LinkFault::Packet(random_packet_fault(&mut random)));
        let holds = [None, Some(LinkHeal::Deliver), Some(LinkHeal::Reset)];
        state.hold = *random.pick(&holds).unwrap();
        (state.reset, state.refuse) = (random.chance(1, 2), random.chance(1, 2));
        state.lose_reply = random.chance(1, 2);
        state
    };
    for _ in 0..10_000 {
        let (a, b, c) = (state(), state(), state());
        assert_eq!(a.merge(b), b.merge(a));
        assert_eq!(a.merge(b).merge(c), a.merge(b.merge(c)));
        assert_eq!(a.merge(a), a);
        assert_eq!(a.merge(LinkState::default()), a);
    }
}

#[test]
fn of_two_packet_faults_on_a_link_the_stronger_acts_and_the_weaker_remains() {
    let harm = |delay, bandwidth| {
        let delay = Nanos::from_millis(delay);
        FaultKind::Link(LinkFault::Packet(PacketFault { delay, bandwidth, ..PacketFault::CLEAR }))
    };
    let mut holds = Holds::new();
    holds.install(&fault(1, harm(20, 9_000)));
    holds.install(&fault(2, harm(70, 0)));
    let link = Link::between(NodeId(1), NodeId(2));
    let packet = holds.link(link).packet;
    assert_eq!((packet.delay, packet.bandwidth), (Nanos::from_millis(70), 9_000));
    assert!(!holds.link(link).is_cut());
    holds.heal(FaultId(2));
    assert_eq!(holds.link(link).packet.delay, Nanos::from_millis(20));
    holds.heal(FaultId(1));
    assert!(holds.link(link).is_clear());
}

#[test]
fn clock_faults_add_up_for_each_clock() {
    let mut holds = Holds::new();
    let jump = |by_ns| FaultKind::ClockJump { clock: ClockKind::Wall, by_ns };
    holds.install(&fault(1, jump(500)));
    holds.install(&fault(2, jump(-200)));
    holds.install(&fault(3, FaultKind::ClockDrift { clock: ClockKind::Monotonic, ppm: 9 }));
    assert_eq!(holds.clock(NodeId(1), ClockKind::Wall).offset_ns, 300);
    assert_eq!(holds.clocks(NodeId(1)).len(), 2);
    assert_eq!(holds.clocks(NodeId(2)).len(), 0);
    holds.heal(FaultId(1));
    assert_eq!(holds.clock(NodeId(1), ClockKind::Wall).offset_ns, -200);
}

#[test]
fn a_clock_stands_still_while_any_fault_freezes_it() {
    let (node, clock) = (NodeId(1), ClockKind::Monotonic);
    let mut holds = Holds::new();
    holds.install(&fault(1, FaultKind::ClockFreeze { clock }));
    let suspended = holds.install(&fault(2, FaultKind::Suspend));
    let (from, to) = (NodeHold::Free, NodeHold::Paused);
    assert_eq!(suspended, vec![Transition::Node { node, from, to }]);
    holds.heal(FaultId(1));
    assert!(holds.is_frozen(node, clock) && !holds.is_frozen(node, ClockKind::Wall));
    holds.heal(FaultId(2));
    assert!(!holds.is_frozen(node, clock));
}

#[test]
fn a_fault_of_a_known_id_replaces_it() {
    let mut holds = Holds::new();
    holds.install(&fault(1, FaultKind::Kill));
    let changes = holds.install(&fault(1, FaultKind::Link(LinkFault::Reset)));
    assert_eq!(changes.len(), 2, "the link is cut and the node is free: {changes:?}");
    assert_eq!(holds.node(NodeId(1)), NodeHold::Free);
}
