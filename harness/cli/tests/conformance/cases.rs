//! The cases.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tribunal_cluster::HostState;
use tribunal_history::{
    ClockKind, FaultKind, Link, LinkFault, LinkHeal, Nanos, NodeId, NodeState, PacketFault,
};

use crate::rig::{PATIENCE, Rig, Where};

const HOLD: LinkFault = LinkFault::Hold { at_heal: LinkHeal::Deliver };
const HOLD_AND_RESET: LinkFault = LinkFault::Hold { at_heal: LinkHeal::Reset };

fn link(from: u16, to: u16) -> Link {
    Link::between(NodeId(from), NodeId(to))
}

/// What a node has heard of another does not change while others are heard to say 40 more.
async fn is_deaf(rig: &Rig, at: u16, from: u16, (other_at, other_from): (u16, u16)) {
    // What was on its way arrives first.
    rig.hears(other_at, other_from, 10).await;
    let before = rig.heard(at, from);
    rig.hears(other_at, other_from, 40).await;
    assert_eq!(rig.heard(at, from), before, "n{at} hears n{from}");
}

pub(crate) async fn a_kill_ends_a_node_and_only_that(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let text = rig.install(1, FaultKind::Kill, &[1]).await;
    assert!(text.text().contains("SIGKILL to "), "{text:?}");
    assert_eq!(rig.states[&NodeId(1)], NodeState::Down);
    is_deaf(&rig, 2, 1, (2, 3)).await;
    rig.hears(3, 2, 10).await;
    // Killed already: nothing to do, and nothing breaks.
    rig.install(2, FaultKind::Kill, &[1]).await;
    assert_eq!(rig.effective, Some(false));
    rig.heal(2).await;
    let text = rig.heal(1).await;
    assert!(text.contains("started as "), "{text}");
    assert_eq!(rig.states[&NodeId(1)], NodeState::Running);
    rig.all_talk().await;
    rig.end().await;
}

pub(crate) async fn a_directed_cut_stops_one_direction_of_connections_that_exist(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let (connection, _) = rig.hears(2, 1, 10).await;
    let text = rig.install_on(1, HOLD, &[link(1, 2)]).await;
    assert!(text.text().starts_with("1 link: n1→n2; "), "{text:?}");
    is_deaf(&rig, 2, 1, (1, 2)).await;
    rig.hears(3, 1, 10).await;
    let text = rig.heal(1).await;
    assert_eq!(rig.effective, Some(true), "{text}");
    let (after, _) = rig.hears(2, 1, 10).await;
    assert_eq!(after, connection, "the flow goes on where it was");
    // A cut of a link on which nothing is said says so.
    rig.install(2, FaultKind::Kill, &[1]).await;
    rig.install_on(3, HOLD, &[link(1, 2)]).await;
    let text = rig.heal(3).await;
    assert_eq!(rig.effective, Some(false), "{text}");
    rig.end().await;
}

pub(crate) async fn a_heal_that_resets_breaks_the_connection(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let (connection, _) = rig.hears(2, 1, 10).await;
    rig.install_on(1, HOLD_AND_RESET, &[link(1, 2)]).await;
    is_deaf(&rig, 2, 1, (1, 2)).await;
    rig.heal(1).await;
    let (after, _) = rig.hears(2, 1, 10).await;
    assert!(after > connection, "connection {after}, and it was {connection} before");
    rig.end().await;
}

pub(crate) async fn a_heal_that_resets_does_so_under_another_cut_as_well(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let (connection, _) = rig.hears(2, 1, 10).await;
    rig.install_on(1, HOLD_AND_RESET, &[link(1, 2)]).await;
    rig.install_on(2, HOLD, &[link(1, 2)]).await;
    rig.heal(1).await;
    is_deaf(&rig, 2, 1, (1, 2)).await;
    rig.heal(2).await;
    let (after, _) = rig.hears(2, 1, 10).await;
    assert!(after > connection, "connection {after}, and it was {connection} before");
    rig.end().await;
}

pub(crate) async fn a_cut_survives_the_nodes_kill_and_restart(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    rig.install_on(1, HOLD, &[link(1, 2)]).await;
    rig.install(2, FaultKind::Kill, &[2]).await;
    rig.heal(2).await;
    rig.hears(2, 3, 60).await;
    assert_eq!(rig.heard(2, 1), None, "the cut is still there");
    rig.heal(1).await;
    rig.all_talk().await;
    rig.end().await;
}

pub(crate) async fn a_pause_freezes_a_node_and_only_that(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let (connection, _) = rig.hears(2, 1, 10).await;
    rig.install(1, FaultKind::Pause, &[1]).await;
    assert_eq!(rig.states[&NodeId(1)], NodeState::Paused);
    is_deaf(&rig, 2, 1, (2, 3)).await;
    rig.heal(1).await;
    let (after, _) = rig.hears(2, 1, 10).await;
    assert_eq!(after, connection, "a pause breaks nothing");
    // A kill of a paused node ends it; it runs again only when neither holds it.
    rig.install(2, FaultKind::Pause, &[1]).await;
    rig.install(3, FaultKind::Kill, &[1]).await;
    assert_eq!(rig.states[&NodeId(1)], NodeState::Down);
    rig.heal(2).await;
    assert_eq!(rig.states[&NodeId(1)], NodeState::Down);
    rig.heal(3).await;
    rig.all_talk().await;
    rig.end().await;
}

/// A client's connection: what is sent comes back.
struct Client(TcpStream);

impl Client {
    async fn of(rig: &Rig, node: u16) -> Client {
        let endpoint = rig.cluster.endpoint(NodeId(node));
        Client(TcpStream::connect(endpoint).await.unwrap())
    }

    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    async fn hear(&mut self, text: &str) {
        let mut buffer = vec![0; text.len()];
        timeout(PATIENCE, self.0.read_exact(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(buffer, text.as_bytes());
    }

    fn hears_nothing(&self) -> bool {
        let mut buffer = [0; 1];
        self.0
            .try_read(&mut buffer)
            .is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }
}

pub(crate) async fn clients_are_cut_off_each_way_alone(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let mut client = Client::of(&rig, 1).await;
    let mut other = Client::of(&rig, 2).await;
    client.say("before").await;
    client.hear("before").await;
    for (id, link) in [Link::requests(NodeId(1)), Link::replies(NodeId(1))].into_iter().enumerate()
    {
        rig.install_on(id as u32, HOLD, &[link]).await;
        client.say("during").await;
        other.say("elsewhere").await;
        other.hear("elsewhere").await;
        rig.hears(2, 1, 20).await;
        assert!(client.hears_nothing(), "{link}");
        let text = rig.heal(id as u32).await;
        assert_eq!(rig.effective, Some(true), "{text}");
        client.hear("during").await;
    }
    rig.end().await;
}

pub(crate) async fn replies_are_lost_after_requests_were_heard(place: Where) {
    let mut rig = Rig::chatting(place).await;
    let mut client = Client::of(&rig, 1).await;
    client.say("before").await;
    client.hear("before").await;
    rig.install_on(1, LinkFault::LoseReply, &[Link::replies(NodeId(1))]).await;
    client.say("during").await;
    let mut buffer = [0; 16];
    let end = timeout(PATIENCE, client.0.read(&mut buffer)).await.unwrap();
    assert!(matches!(end, Ok(0) | Err(_)), "{end:?}");
    let text = rig.heal(1).await;
    assert!(text.contains("1 reply swallowed"), "{text}");
    let mut client = Client::of(&rig, 1).await;
    client.say("after").await;
    client.hear("after").await;
    rig.end().await;
}

pub(crate) async fn clocks_are_off_in_the_nodes_own_reading(place: Where) {
    let mut rig = Rig::raft(place, false).await;
    let by_ns = 5_000_000_000;
    let jump = FaultKind::ClockJump { clock: ClockKind::Wall, by_ns };
    rig.install(1, jump, &[1]).await;
    let [reading] = rig.readings[..] else { panic!("{:?}", rig.readings) };
    assert_eq!((reading.node, reading.before_ns, reading.after_ns), (NodeId(1), 0, by_ns));
    // A clock stays off when the node is killed and started again.
    rig.install(2, FaultKind::Kill, &[1]).await;
    rig.heal(2).await;
    let drift = FaultKind::ClockDrift { clock: ClockKind::Wall, ppm: 100_000 };
    rig.install(3, drift, &[1]).await;
    assert!(rig.readings[0].before_ns >= by_ns, "{:?}", rig.readings);
    rig.heal(3).await;
    let text = rig.heal(1).await;
    assert!(text.contains("n1 wall clock off by ") && text.contains("+0 ns after"), "{text}");
    rig.end().await;
}

pub(crate) async fn power_cuts_lose_what_was_not_synced(place: Where) {
    let mut rig = Rig::raft(place, true).await;
    let text = rig.install(1, FaultKind::Power, &[2]).await;
    assert!(text.text().contains("bytes unsynced just before"), "{text:?}");
    let text = rig.heal(1).await;
    assert!(text.contains("on its synced image"), "{text}");
    let text = rig.install(2, FaultKind::Kill, &[2]).await;
    assert!(text.text().contains("its disk written through before"), "{text:?}");
    rig.heal(2).await;
    rig.end().await;
}

pub(crate) async fn packets_come_late(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let (connection, _) = rig.hears(2, 1, 10).await;
    let late = PacketFault {
        delay: Nanos::from_millis(100),
        jitter: Nanos::from_millis(20),
        ..PacketFault::default()
    };
    rig.install_on(1, LinkFault::Packet(late), &[link(1, 2)]).await;
    rig.hears(2, 1, 40).await;
    let text = rig.heal(1).await;
    assert_eq!(rig.effective, Some(true), "{text}");
    assert!(text.contains("delayed"), "{text}");
    let (after, _) = rig.hears(2, 1, 20).await;
    assert_eq!(after, connection, "late is not lost");
    rig.end().await;
}

pub(crate) async fn logs_survive_kills_and_the_end(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.install(1, FaultKind::Kill, &[1]).await;
    rig.heal(1).await;
    let into = tempfile::tempdir().unwrap();
    rig.cluster.tear_down().await.unwrap();
    rig.cluster.collect(into.path()).await.unwrap();
    let collected = std::fs::read_to_string(into.path().join("nodes/n1/stdout.log")).unwrap();
    assert_eq!(collected.matches("ready n1\n").count(), 2, "one for each start");
    rig.end().await;
}

pub(crate) async fn healing_everything_twice_is_the_same_as_once(place: Where) {
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    rig.install_on(1, HOLD, &[link(1, 2), link(2, 1)]).await;
    rig.install(2, FaultKind::Pause, &[3]).await;
    rig.install_on(3, HOLD, &[Link::requests(NodeId(1))]).await;
    for _ in 0..2 {
        assert_eq!(rig.cluster.heal_all().await.unwrap(), HostState::Healed);
    }
    rig.all_talk().await;
    let mut client = Client::of(&rig, 1).await;
    client.say("after").await;
    client.hear("after").await;
    rig.end().await;
}

pub(crate) async fn two_clusters_do_not_meet(place: Where) {
    let (mut one, other) = tokio::join!(Rig::chatting(place), Rig::chatting(place));
    one.all_talk().await;
    let all = [link(1, 2), link(2, 1), link(1, 3), link(3, 1), link(2, 3), link(3, 2)];
    one.install_on(1, HOLD, &all).await;
    other.all_talk().await;
    one.end().await;
    other.all_talk().await;
    other.end().await;
}
