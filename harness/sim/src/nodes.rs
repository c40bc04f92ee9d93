//! What happens to nodes.

use tribunal_cluster::{Cause, NodeAction, NodeHold, Report};
use tribunal_history::{Mark, Nanos, NodeId, NodeState, Note};
use tribunal_nodes::{Answer, ClientId, Core, Event, Response, guarded, seal_frame, words_of};

use crate::disk::CrashMode;
use crate::event::{Down, What, digest_of};
use crate::host::{Host, Said, Want};
use crate::keyed::Key;
use crate::violation::Violation;
use crate::weather::Transport;
use crate::world::World;

/// What waits for a paused node at most; of more, messages and requests are lost.
const BACKLOG_MAX: usize = 4_096;
/// The longest a node waits before it dials a peer again.
const REDIAL_MAX: Nanos = Nanos::from_millis(500);

impl<C: Core> World<'_, C> {
    pub(crate) fn command_node(&mut self, node: NodeId, action: NodeAction) {
        match action {
            NodeAction::Start => self.start(node.slot()),
            NodeAction::Stop => {
                self.end(node.slot(), false);
                self.say(node.slot(), NodeState::Down, Cause::Asked, "stopped".into());
            }
        }
    }

    /// Begins to start a node; it is ready some time later.
    pub(crate) fn start(&mut self, slot: usize) {
        let seat = &mut self.seats[slot];
        if seat.host.is_some() || seat.is_starting || seat.must_stay_down() {
            return;
        }
        seat.is_starting = true;
        seat.life += 1;
        let life = seat.life;
        let key = Key { place: slot as u64, life: life.into(), at: self.now, ordinal: 0 };
        let wait = self.options.weather.start.draw(&mut self.keys.start(key));
        self.later(wait, What::Ready { slot: slot as u16, life });
    }

    /// The node's process is ready, if it was not ended meanwhile.
    pub(crate) fn ready(&mut self, slot: usize, life: u32) {
        let (now, wall) = (self.now, self.options.wall + self.now);
        let seat = &mut self.seats[slot];
        if seat.life != life || !std::mem::take(&mut seat.is_starting) {
            return;
        }
        let disk = seat.disk.take().expect("invariant: a node that is down has its disk");
        if let Some(owner) = disk.owner().filter(|owner| *owner != seat.node) {
            let reason = format!("the disk belongs to {owner}, not to {}", seat.node);
            seat.disk = Some(disk);
            return self.refused(slot, reason);
        }
        match Host::start(&self.options.config, seat.node, disk, (now, wall)) {
            Ok(mut host) => {
                host.disk_mut().set_owner(seat.node);
                seat.host = Some(host);
                seat.role = None;
                let node = seat.node;
                self.set_clocks(node);
            }
            Err(refused) => {
                let (disk, reason) = *refused;
                seat.disk = Some(disk);
                return self.refused(slot, reason);
            }
        }
        self.redial(slot);
        self.say(slot, NodeState::Running, Cause::Asked, "ready".into());
        self.event(slot, Event::Started);
        self.healed_node(self.seats[slot].node, "is ready again");
        self.replay_to(slot);
    }

    /// Its peers find it again one after the other.
    fn redial(&mut self, slot: usize) {
        if self.options.weather.transport == Transport::Datagram {
            return;
        }
        let node = self.seats[slot].node;
        for other in 0..self.seats.len() {
            let peer = self.seats[other].node;
            if other == slot || self.seats[slot].life == 1 {
                continue;
            }
            let lane = self.lane(Some(peer), Some(node));
            let ordinal = self.lanes[lane].ordinal.take(self.now);
            let key = Key { place: lane as u64, life: 1, at: self.now, ordinal };
            let wait = self.keys.start(key).between(0, REDIAL_MAX.0);
            // What was said to it while it was down found nobody.
            self.break_off(lane);
            self.lanes[lane].down_until = self.now + Nanos(wait);
        }
    }

    /// Ends a node's process; with `power`, what is not synced is lost. Says what was lost.
    pub(crate) fn end(&mut self, slot: usize, power: bool) -> Option<u64> {
        let seat = &mut self.seats[slot];
        seat.is_starting = false;
        let host = seat.host.take()?;
        let unsynced = host.unsynced();
        let mut disk = host.into_disk();
        let key = Key { place: slot as u64, life: seat.life.into(), at: self.now, ordinal: 0 };
        let mut random = self.keys.crash(key);
        let mode = match (power, random.below(3)) {
            (false, _) => CrashMode::Kill,
            (true, 0) => CrashMode::LoseUnsynced,
            (true, 1) => CrashMode::Subset,
            (true, _) => CrashMode::Torn,
        };
        disk.crash(&mut random, mode);
        seat.disk = Some(disk);
        seat.backlog.clear();
        seat.timer_at = None;
        let connections = std::mem::take(&mut seat.connections);
        let node = seat.node;
        for (connection, client) in connections {
            self.send_down(node, client, connection, Down::Closed);
        }
        if self.options.weather.transport == Transport::Stream {
            for other in 0..self.seats.len() {
                let peer = self.seats[other].node;
                for lane in [self.lane(Some(peer), Some(node)), self.lane(Some(node), Some(peer))] {
                    self.break_off(lane);
                }
            }
        }
        Some(unsynced)
    }

    pub(crate) fn say(&mut self, slot: usize, state: NodeState, cause: Cause, detail: String) {
        let node = self.seats[slot].node;
        self.trace.mix(u64::from(node.0) << 8 | state as u64);
        self.trace.mix_all(&detail);
        self.tell(Report::Node { node, state, cause, detail });
    }

    /// Keeps what comes for a paused node until it goes on; gives back everything else.
    pub(crate) fn keep_if_paused(&mut self, what: What<C::Message>) -> Option<What<C::Message>> {
        let Some(slot) = what.awaits(self.seats.len()) else { return Some(what) };
        let Some(seat) = self.seats.get_mut(slot).filter(|seat| seat.is_paused()) else {
            return Some(what);
        };
        match &what {
            // Looked at again when it goes on.
            What::Timer { .. } => {}
            What::Synced { .. } => seat.backlog.push(what),
            _ if seat.backlog.len() < BACKLOG_MAX => seat.backlog.push(what),
            _ => {}
        }
        None
    }

    /// A paused node goes on: what waited is handled in order of each source; which source goes
    /// first is anybody's guess.
    pub(crate) fn resume(&mut self, slot: usize) {
        let seat = &mut self.seats[slot];
        let mut backlog = std::mem::take(&mut seat.backlog);
        seat.timer_at = None;
        let life = seat.life.into();
        let key = Key { place: slot as u64, life, at: self.now, ordinal: 0 };
        let mut random = self.keys.resume(key);
        if random.chance(1, 2) {
            let salt = random.bits();
            let rank = |source: u64| (source ^ salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            backlog.sort_by_key(|what| rank(what.source()));
        }
        // A process often looks at its timers before its sockets.
        let timers_first = random.chance(1, 2);
        seat.timer_at = Some(self.now);
        let timer = What::Timer { slot: slot as u16 };
        // All of it at once, and so before what comes later.
        if timers_first {
            backlog.insert(0, timer);
        } else {
            backlog.push(timer);
        }
        for what in backlog {
            self.at(self.now, what);
        }
    }

    pub(crate) fn fire_timers(&mut self, slot: usize) {
        let now = self.now;
        let seat = &mut self.seats[slot];
        if seat.timer_at.is_none_or(|at| at > now) {
            return;
        }
        seat.timer_at = None;
        let due = seat.host.as_mut().and_then(|host| host.take_due(now));
        match due {
            Some(id) => self.event(slot, Event::Timer(id)),
            None => self.arm(slot),
        }
    }

    /// Has the queue look at a node's timers when the first is due.
    pub(crate) fn arm(&mut self, slot: usize) {
        let seat = &mut self.seats[slot];
        let Some(due) = seat.host.as_ref().and_then(Host::next_timer) else { return };
        let due = due.max(self.now);
        if seat.timer_at.is_none_or(|at| at > due) {
            seat.timer_at = Some(due);
            self.at(due, What::Timer { slot: slot as u16 });
        }
    }

    pub(crate) fn synced(&mut self, slot: usize, life: u32) {
        if self.seats[slot].life == life {
            self.act(slot, |host, now, entropy, said| host.synced(now, entropy, said));
        }
    }

    /// A node takes something in.
    pub(crate) fn event(&mut self, slot: usize, event: Event<C::Message>) {
        self.act(slot, |host, now, entropy, said| host.handle(now, entropy, event, said));
    }

    /// Lets a node act, checks the invariants, and does what it wants.
    fn act(
        &mut self,
        slot: usize,
        act: impl FnOnce(&mut Host<C>, Nanos, u64, &mut Said<C::Message>) -> Result<(), String>,
    ) {
        let now = self.now;
        let seat = &mut self.seats[slot];
        let ordinal = seat.ordinal.take(now);
        let Some(host) = &mut seat.host else { return };
        let key = Key { place: slot as u64, life: seat.life.into(), at: now, ordinal };
        let entropy = self.keys.entropy(key);
        let mut said = Said::new();
        match guarded(|| act(host, now, entropy, &mut said)) {
            Ok(Ok(())) => {}
            Ok(Err(reason)) => return self.stopped(slot, reason),
            Err(panic) => {
                let reason = format!("it panicked: {}", words_of(&*panic));
                self.end(slot, false);
                return self.say(slot, NodeState::Down, Cause::Unasked, reason);
            }
        }
        self.watch_node(slot, &said.notes);
        self.hear(slot, &said.notes);
        for (number, want) in said.wants.into_iter().enumerate() {
            let is_last = matches!(want, Want::Send(..)) && self.dies_at_send(slot);
            self.grant(slot, Key { ordinal: ordinal << 16 | number as u64, ..key }, want);
            if is_last {
                return self.crashed(slot);
            }
        }
        self.arm(slot);
    }

    fn watch_node(&mut self, slot: usize, notes: &[Note]) {
        let seat = &self.seats[slot];
        let Some(log) = seat.host.as_ref().and_then(|host| host.core.as_log()) else { return };
        self.trace.mix(digest_of(log));
        if self.violation.is_some() {
            return;
        }
        if let Err((invariant, words)) =
            self.invariants.after_event((seat.node, seat.life), log, notes)
        {
            let (node, time, event) = (seat.node, self.now, self.events);
            self.violation = Some(Violation { invariant, node, time, event, words });
            self.tell(Report::Enough);
        }
    }

    fn hear(&mut self, slot: usize, notes: &[Note]) {
        for note in notes {
            self.trace.note(slot, note);
            match *note {
                Note::Role { role, term } => {
                    let seat = &mut self.seats[slot];
                    let is_new = term > seat.term;
                    (seat.role, seat.term) = (Some(role), term);
                    if is_new {
                        self.replay_to(slot);
                    }
                }
                Note::Mark(mark) => self.reach(mark),
                Note::Appended { .. } | Note::Committed { .. } | Note::Applied { .. } => continue,
            }
            let node = self.seats[slot].node;
            self.tell(Report::Note { node, note: *note });
        }
    }

    fn reach(&mut self, mark: Mark) {
        self.marks.insert(mark);
    }

    fn grant(&mut self, slot: usize, key: Key, want: Want<C::Message>) {
        let node = self.seats[slot].node;
        match want {
            Want::Send(to, message) => {
                self.messages += 1;
                let lane = self.lane(Some(node), Some(to));
                self.send(lane, message);
            }
            Want::Reply(ClientId(connection), request, response) => {
                let client = self.seats[slot].connections.get(&connection).copied();
                if let Some(client) = client {
                    self.answer(node, (client, connection), Answer { id: request, response });
                }
            }
            Want::Sync(lazy) => {
                let life = self.seats[slot].life;
                let wait = lazy
                    .unwrap_or_else(|| self.options.weather.sync.draw(&mut self.keys.sync(key)));
                let wait = wait + self.seats[slot].trouble.slow_down();
                self.later(wait, What::Synced { slot: slot as u16, life });
            }
        }
    }

    fn answer(&mut self, node: NodeId, (client, connection): (u32, u64), answer: Answer) {
        let encode = |answer: &Answer| {
            let bytes = seal_frame(answer);
            (bytes.len() <= tribunal_nodes::FRAME_BYTES_MAX).then_some(bytes)
        };
        // As the runtime does: what does not fit a frame is not known.
        let unknown = Answer { id: answer.id, response: Response::Unknown };
        if let Some(bytes) = encode(&answer).or_else(|| encode(&unknown)) {
            self.send_down(node, client, connection, Down::Frame(bytes.into()));
        }
    }

    /// Changes what holds a node; says what was done, and whether it was anything.
    pub(crate) fn change_hold(&mut self, slot: usize, to: NodeHold) -> (String, bool) {
        let seat = &mut self.seats[slot];
        let (node, from) = (seat.node, std::mem::replace(&mut seat.hold, to));
        let lives = seat.host.is_some();
        match to {
            NodeHold::Killed | NodeHold::PowerCut if lives || seat.is_starting => {
                let power = to == NodeHold::PowerCut;
                let unsynced =
                    self.end(slot, power).unwrap_or_else(|| self.forget_cache(slot, power));
                let lost = if power {
                    format!(", {unsynced} bytes unsynced just before")
                } else {
                    String::new()
                };
                let word = if power { "lost power" } else { "killed" };
                self.say(slot, NodeState::Down, Cause::Asked, word.into());
                (format!("{node} {word}{lost}"), true)
            }
            NodeHold::Paused if lives => {
                self.say(slot, NodeState::Paused, Cause::Asked, "paused".into());
                (format!("{node} paused"), true)
            }
            NodeHold::Free if lives => {
                if from == NodeHold::Paused {
                    self.say(slot, NodeState::Running, Cause::Asked, "goes on".into());
                    self.resume(slot);
                }
                (format!("{node} goes on"), true)
            }
            NodeHold::Free if seat.must_stay_down() => {
                (format!("{node} stays down for another fault"), false)
            }
            NodeHold::Free => {
                self.start(slot);
                (format!("{node} starts again"), true)
            }
            NodeHold::PowerCut => {
                let lost = self.forget_cache(slot, true);
                (format!("{node} was down already, {lost} bytes unsynced just before"), lost > 0)
            }
            NodeHold::Killed | NodeHold::Paused => (format!("{node} was down already"), false),
        }
    }

    /// The machine of a node that does not run loses power, if it does; gives what was not synced.
    fn forget_cache(&mut self, slot: usize, power: bool) -> u64 {
        let unsynced = self.seats[slot].disk_mut().unsynced();
        if power {
            self.power_off(slot);
        }
        unsynced
    }
}
