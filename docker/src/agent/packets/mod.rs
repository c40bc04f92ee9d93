//! Harms to packets on their way out.
//!
//! A route of /32 leads all packets for a peer into a TUN device of ours; a thread reads them,
//! gives each its fate, and sends it on by a raw socket that is bound to the real device, so that
//! the peer sees the very packet. Nothing is wrapped: connections from before go on.
//!
//! The device of a peer is made when its packets are first harmed and stays, without a route and
//! idle, until the agent ends. So a packet that a sender was just leading into it when the link was
//! healed is still read and sent on. A heal first sends on, in order, what waits; then takes the
//! route away; then passes what the device still holds: nothing is lost by it.

mod device;
mod fate;
mod lane;
mod queue;
mod worker;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use tribunal_history::Link;

use super::routes::Routes;
use crate::protocol::{Harm, HarmCounters};
use device::{Device, Sender};
use worker::Worker;

pub use fate::{Fate, fate};

/// Most peers whose packets can be harmed in one agent's life: each has a device.
pub(super) const PEERS_MAX: usize = 16;

/// Packets that may wait in a device to be read.
const DEVICE_QUEUE: u32 = 16_384;

/// The detour of one peer's packets. Its place in the list is its number with the worker.
struct Detour {
    peer: Ipv4Addr,
    own: Ipv4Addr,
    device: u32,
    harm: Option<Harm>,
    /// Whether a route leads here.
    is_led: bool,
    /// The link last harmed here, to which the device's losses belong.
    link: Link,
    /// Losses of the device that have been put to a link.
    settled: u64,
}

/// The harms of the network namespace it was opened in.
pub(super) struct Harms {
    routes: Routes,
    worker: Worker,
    detours: Vec<Detour>,
    /// Packets that devices lost because they were not read fast enough.
    overflowed: BTreeMap<Link, u64>,
}

impl Harms {
    /// Tries to make a device and a raw socket. Packets of TCP from the port `spared` are not
    /// harmed, whatever is wanted.
    ///
    /// # Errors
    /// If this kernel or the rights of this process do not allow harms; says why.
    pub(super) fn open(spared: u16) -> Result<Harms, String> {
        let trial = Device::new()?;
        let mut routes = Routes::new();
        routes.raise(trial.index()?, 1_500, DEVICE_QUEUE)?;
        Sender::new(None)?;
        let worker = Worker::start(spared)?;
        Ok(Harms { routes, worker, detours: Vec::new(), overflowed: BTreeMap::new() })
    }

    /// Makes these the only harms.
    ///
    /// # Errors
    /// What could not be done. Those before are then in force again, or the text says that they
    /// are not.
    pub(super) fn set(&mut self, harms: &[Harm]) -> Result<(), String> {
        let before: Vec<_> = self.detours.iter().filter_map(|detour| detour.harm).collect();
        self.apply(harms).map_err(|error| match self.apply(&before) {
            Ok(()) => error,
            Err(again) => format!("{error}; nor could the harms before be restored: {again}"),
        })
    }

    /// What happened to packets, by link.
    ///
    /// # Errors
    /// If the worker or the kernel does not say.
    pub(super) fn counters(&mut self) -> Result<BTreeMap<Link, HarmCounters>, String> {
        for number in 0..self.detours.len() {
            self.settle(number)?;
        }
        let mut counters = self.worker.count()?;
        for (link, lost) in &self.overflowed {
            let counters = counters.entry(*link).or_default();
            counters.seen += lost;
            counters.overflowed += lost;
        }
        Ok(counters)
    }

    fn apply(&mut self, harms: &[Harm]) -> Result<(), String> {
        for number in 0..self.detours.len() {
            let Detour { peer, device, is_led, .. } = self.detours[number];
            if is_led && !harms.iter().any(|harm| harm.peer == peer) {
                self.worker.clear(number)?;
                self.detours[number].harm = None;
                self.routes.release(peer, device)?;
                self.detours[number].is_led = false;
            }
        }
        for harm in harms {
            let number = match self.detours.iter().position(|detour| detour.peer == harm.peer) {
                Some(number) => number,
                None => self.open_detour(harm)?,
            };
            if self.detours[number].harm == Some(*harm) {
                continue;
            }
            self.settle(number)?;
            self.worker.harm(number, *harm)?;
            let Detour { peer, own, device, .. } = self.detours[number];
            let detour = &mut self.detours[number];
            (detour.harm, detour.link, detour.is_led) = (Some(*harm), harm.link, true);
            self.routes.lead(peer, device, own)?;
        }
        Ok(())
    }

    /// Makes the device of a peer and returns its number.
    fn open_detour(&mut self, harm: &Harm) -> Result<usize, String> {
        if self.detours.len() == PEERS_MAX {
            return Err(format!("packets of more than {PEERS_MAX} peers cannot be harmed"));
        }
        let exit = self.routes.exit(harm.peer)?;
        let device = Device::new()?;
        let sender = Sender::new(Some(&exit.device))?;
        let index = device.index()?;
        self.routes.raise(index, exit.mtu, DEVICE_QUEUE)?;
        self.worker.open(device, sender)?;
        let (peer, own, link) = (harm.peer, exit.own, harm.link);
        self.detours.push(Detour {
            peer,
            own,
            device: index,
            harm: None,
            is_led: false,
            link,
            settled: 0,
        });
        Ok(self.detours.len() - 1)
    }

    /// Puts what a device has lost to the link that was harmed there.
    fn settle(&mut self, number: usize) -> Result<(), String> {
        let detour = &mut self.detours[number];
        let lost = self.routes.overflowed(detour.device)?;
        let fresh = lost.saturating_sub(detour.settled);
        if fresh > 0 {
            *self.overflowed.entry(detour.link).or_default() += fresh;
            detour.settled = lost;
        }
        Ok(())
    }
}
