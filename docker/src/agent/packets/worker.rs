//! The thread that packets pass through.

use std::collections::BTreeMap;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender as OrderSender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};
use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::time::TimeSpec;
use tribunal_history::{Link, Nanos};

use super::device::{Device, Sender, Sent, destination, is_from_port};
use super::lane::Lane;
use crate::protocol::{Harm, HarmCounters};

/// Packets read from one device before the others have their turn.
const TURN: usize = 64;

/// The largest packet of IPv4.
const PACKET_MAX: usize = 65_535;

/// How long the thread may take to do as it is told.
const PATIENCE: Duration = Duration::from_secs(5);

/// What the thread is told.
enum Order {
    /// A detour is there: nothing is harmed on it yet. Its number is the count of those before it.
    Open(Device, Sender),
    /// Packets of this detour are harmed from now on.
    Harm(usize, Harm),
    /// They are harmed no more, and those that wait go at once.
    Clear(usize),
    /// Nothing but the answer.
    Count,
}

type Counted = BTreeMap<Link, HarmCounters>;

/// The thread; ends when this is dropped.
pub(super) struct Worker {
    orders: Option<OrderSender<(Order, SyncSender<Counted>)>>,
    wake: Arc<EventFd>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts the thread. Packets of TCP from `spared` pass it untouched and uncounted.
    pub(super) fn start(spared: u16) -> Result<Worker, String> {
        let flags = EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK;
        let wake = EventFd::from_value_and_flags(0, flags).map_err(|errno| errno.to_string())?;
        let wake = Arc::new(wake);
        let (orders, receiver) = channel();
        let mut detours = Detours {
            spared,
            start: Instant::now(),
            wake: Arc::clone(&wake),
            all: Vec::new(),
            retired: BTreeMap::new(),
        };
        let thread = std::thread::Builder::new()
            .name("packets".to_owned())
            .spawn(move || detours.run(&receiver))
            .map_err(|error| format!("the thread of packets: {error}"))?;
        Ok(Worker { orders: Some(orders), wake, thread: Some(thread) })
    }

    pub(super) fn open(&self, device: Device, sender: Sender) -> Result<(), String> {
        self.tell(Order::Open(device, sender)).map(drop)
    }

    pub(super) fn harm(&self, detour: usize, harm: Harm) -> Result<(), String> {
        self.tell(Order::Harm(detour, harm)).map(drop)
    }

    pub(super) fn clear(&self, detour: usize) -> Result<(), String> {
        self.tell(Order::Clear(detour)).map(drop)
    }

    pub(super) fn count(&self) -> Result<Counted, String> {
        self.tell(Order::Count)
    }

    /// Tells the thread, and waits until it has done so.
    fn tell(&self, order: Order) -> Result<Counted, String> {
        let gone = || "the thread of packets has ended".to_owned();
        let (done, wait) = sync_channel(1);
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send((order, done)).map_err(|_| gone())?;
        self.wake.write(1).map_err(|errno| format!("the thread of packets: {errno}"))?;
        wait.recv_timeout(PATIENCE)
            .map_err(|_| format!("the thread of packets did not answer for {PATIENCE:?}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.orders = None;
        // If it cannot be woken, its waits are bounded all the same.
        let _ = self.wake.write(1);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Where packets to one peer pass.
struct Detour {
    device: Device,
    sender: Sender,
    lane: Option<Lane>,
    /// Somebody removed the device, and the route with it: there is nothing to wait for.
    is_gone: bool,
}

/// All that the thread owns.
struct Detours {
    spared: u16,
    start: Instant,
    wake: Arc<EventFd>,
    all: Vec<Detour>,
    /// What was counted by lanes that are gone.
    retired: Counted,
}

impl Detours {
    fn run(&mut self, orders: &Receiver<(Order, SyncSender<Counted>)>) {
        let mut buffer = vec![0; PACKET_MAX];
        loop {
            self.wait();
            // Orders first: what was asked before a packet came is done before the packet is read.
            let _ = self.wake.read();
            loop {
                match orders.try_recv() {
                    Ok((order, done)) => {
                        let counted = self.obey(order);
                        let _ = done.send(counted);
                    }
                    Err(std::sync::mpsc::TryRecvError::Empty) => break,
                    Err(std::sync::mpsc::TryRecvError::Disconnected) => return,
                }
            }
            for detour in &mut self.all {
                detour.turn(self.start, self.spared, &mut buffer);
            }
        }
    }

    /// Waits for an order, a packet, or the time of one that waits.
    fn wait(&self) {
        let now = elapsed(self.start);
        let due = self.all.iter().filter_map(|detour| detour.lane.as_ref()?.next_due()).min();
        let wait = due.map(|due| Duration::from_nanos(due.0.saturating_sub(now.0)));
        let wait = wait.unwrap_or(PATIENCE).min(PATIENCE);
        let mut events: Vec<_> = std::iter::once(self.wake.as_fd())
            .chain(self.all.iter().filter(|detour| !detour.is_gone).map(|it| it.device.as_fd()))
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN))
            .collect();
        // An interruption is as good as an event: everything is looked at anyway.
        let _ = ppoll(&mut events, Some(TimeSpec::from_duration(wait)), None);
    }

    fn obey(&mut self, order: Order) -> Counted {
        match order {
            Order::Open(device, sender) => {
                self.all.push(Detour { device, sender, lane: None, is_gone: false });
            }
            Order::Harm(number, harm) => self.harm(number, harm),
            Order::Clear(number) => self.clear(number),
            Order::Count => {}
        }
        let mut counted = self.retired.clone();
        for lane in self.all.iter().filter_map(|detour| detour.lane.as_ref()) {
            add(counted.entry(lane.harm().link).or_default(), lane.counters());
        }
        counted
    }

    fn harm(&mut self, number: usize, harm: Harm) {
        let is_same = |lane: &Lane| lane.harm().link == harm.link;
        let Some(detour) = self.all.get_mut(number) else { return };
        match detour.lane.as_mut() {
            Some(lane) if is_same(lane) => lane.change(harm),
            _ => {
                self.clear(number);
                self.all[number].lane = Some(Lane::new(harm));
            }
        }
    }

    /// Sends on what waits, in order, and sets the lane's counters aside.
    fn clear(&mut self, number: usize) {
        let Some(detour) = self.all.get_mut(number) else { return };
        let Some(mut lane) = detour.lane.take() else { return };
        for packet in lane.release() {
            note(&mut lane, detour.sender.send(&packet));
        }
        add(self.retired.entry(lane.harm().link).or_default(), lane.counters());
    }
}

impl Detour {
    /// Reads some packets and sends on what is due.
    fn turn(&mut self, start: Instant, spared: u16, buffer: &mut [u8]) {
        for _ in 0..TURN {
            let packet = match self.device.read(buffer) {
                Ok(Some(packet)) => packet,
                Ok(None) => break,
                Err(_) => {
                    self.is_gone = true;
                    break;
                }
            };
            if destination(packet).is_none() {
                // IPv6: none of it has an address here.
                continue;
            }
            match &mut self.lane {
                Some(lane) if !is_from_port(packet, spared) => {
                    lane.arrive(packet, elapsed(start));
                    send_due(lane, &self.sender, start);
                }
                // Nobody counts these: what is refused here is refused to everyone.
                _ => drop(self.sender.send(packet)),
            }
        }
        if let Some(lane) = &mut self.lane {
            send_due(lane, &self.sender, start);
        }
    }
}

fn send_due(lane: &mut Lane, sender: &Sender, start: Instant) {
    let now = elapsed(start);
    while let Some(packet) = lane.due(now) {
        note(lane, sender.send(&packet));
    }
}

fn note(lane: &mut Lane, sent: Sent) {
    match sent {
        Sent::Yes => lane.sent(true),
        Sent::No => lane.sent(false),
        Sent::Cut => {}
    }
}

fn elapsed(start: Instant) -> Nanos {
    Nanos(u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX))
}

fn add(sum: &mut HarmCounters, more: HarmCounters) {
    sum.seen += more.seen;
    sum.sent += more.sent;
    sum.lost += more.lost;
    sum.duplicated += more.duplicated;
    sum.reordered += more.reordered;
    sum.delayed += more.delayed;
    sum.overflowed += more.overflowed;
}
