//! Harms to packets. The figures printed are worth reading: `--nocapture`.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

use hdrhistogram::Histogram;
use nix::sys::socket::{setsockopt, sockopt};
use tribunal_docker::agent::fate;
use tribunal_docker::protocol::{CutFate, Wanted, Way};
use tribunal_history::{Nanos, PacketFault};

use crate::lab::{Agent, CUTS, HARMS, Lab, NODE, PATIENCE, PEER, PORT, cuts, harm, link};

/// Room for everything a test sends, so that the receiver loses nothing.
const ROOM: usize = 64 << 20;

/// A way for datagrams from the node to the peer.
struct Datagrams {
    node: UdpSocket,
    peer: UdpSocket,
    begin: Instant,
}

/// A datagram that came: its number and how long it took.
type Came = (u64, Duration);

impl Datagrams {
    fn new(lab: &Lab) -> Datagrams {
        let node = lab.node.inside(|| UdpSocket::bind((NODE, 0))).expect("a socket");
        let peer = UdpSocket::bind((PEER, 0)).expect("a socket");
        node.connect(peer.local_addr().expect("an address")).expect("connected");
        peer.set_read_timeout(Some(PATIENCE)).expect("a timeout");
        setsockopt(&peer, sockopt::RcvBufForce, &ROOM).expect("root");
        Datagrams { node, peer, begin: Instant::now() }
    }

    /// Sends datagrams numbered from 0, each so many bytes long.
    fn send(&self, count: u64, bytes: usize, pause: Duration) {
        let mut packet = vec![0; bytes];
        let mut next = Instant::now();
        for number in 0..count {
            // A sleep would be rounded; this is a pace, and nobody waits for it.
            while Instant::now() < next {
                std::hint::spin_loop();
            }
            next += pause;
            packet[..8].copy_from_slice(&number.to_be_bytes());
            let sent = self.begin.elapsed().as_nanos() as u64;
            packet[8..16].copy_from_slice(&sent.to_be_bytes());
            self.node.send(&packet).expect("room");
        }
    }

    /// Receives so many, and after them nothing that waits in the socket.
    fn receive(&self, count: u64) -> Vec<Came> {
        let mut packet = [0; 2_048];
        let mut came = Vec::new();
        while (came.len() as u64) < count {
            let length = self.peer.recv(&mut packet).unwrap_or_else(|error| {
                panic!("{error} after {} of {count} datagrams", came.len());
            });
            assert!(length >= 16);
            let word = |at: usize| u64::from_be_bytes(packet[at..at + 8].try_into().expect("8"));
            let took = self.begin.elapsed().saturating_sub(Duration::from_nanos(word(8)));
            came.push((word(0), took));
        }
        self.peer.set_nonblocking(true).expect("a socket");
        let rest = self.peer.recv(&mut packet).map(|_| packet[7]);
        assert!(rest.is_err(), "more than {count} came: {rest:?}");
        self.peer.set_nonblocking(false).expect("a socket");
        came
    }
}

/// How often each number came.
fn times(came: &[Came]) -> BTreeMap<u64, u64> {
    let mut times = BTreeMap::new();
    came.iter().for_each(|(number, _)| *times.entry(*number).or_default() += 1);
    times
}

#[test]
fn exactly_the_packets_that_the_seed_loses_are_lost() {
    const COUNT: u64 = 10_000;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        let fault = PacketFault { loss_ppm: 100_000, ..PacketFault::default() };
        agent.set(harm(fault, 77), Vec::new());
        let foretold: Vec<_> = (0..COUNT).filter(|at| !fate(&fault, 77, *at).lost).collect();
        datagrams.send(COUNT, 100, Duration::ZERO);
        let came = datagrams.receive(foretold.len() as u64);
        let arrived: Vec<_> = came.iter().map(|(number, _)| *number).collect();
        let figures = agent.harmed(COUNT);
        let ratio = 100.0 * (COUNT - arrived.len() as u64) as f64 / COUNT as f64;
        println!("10 % loss: {COUNT} sent, {} arrived, {ratio:.2} % lost", arrived.len());
        println!("{figures:?}");
        assert_eq!(arrived, foretold, "these, and in this order");
        // Five standard deviations of a binomial.
        assert!((arrived.len() as u64).abs_diff(9_000) < 150);
        assert_eq!((figures.seen, figures.lost), (COUNT, COUNT - foretold.len() as u64));
        assert_eq!((figures.sent, figures.overflowed), (foretold.len() as u64, 0));
        Ok(())
    });
}

#[test]
fn delays_are_what_is_asked() {
    const COUNT: u64 = 2_000;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        let (delay, jitter) = (Nanos::from_millis(50), Nanos::from_millis(10));
        let fault = PacketFault { delay, jitter, ..PacketFault::default() };
        agent.set(harm(fault, 5), Vec::new());
        let came = std::thread::scope(|scope| {
            let receiver = scope.spawn(|| datagrams.receive(COUNT));
            datagrams.send(COUNT, 100, Duration::from_micros(250));
            receiver.join().expect("no panic")
        });
        let mut histogram = Histogram::<u64>::new(3)?;
        let mut lateness = Histogram::<u64>::new(3)?;
        for (number, took) in &came {
            let micros = took.as_micros() as u64;
            histogram.record(micros)?;
            let due = fate(&fault, 5, *number).delay.0 / 1_000;
            lateness.record(micros.saturating_sub(due))?;
            assert!((40_000..260_000).contains(&micros), "{micros} µs");
        }
        println!("50 ± 10 ms, {COUNT} datagrams, by 2 ms:");
        for bar in histogram.iter_linear(2_000).filter(|bar| bar.count_since_last_iteration() > 0) {
            let (end, count) = (bar.value_iterated_to() / 1_000, bar.count_since_last_iteration());
            println!("  to {end:3} ms {count:5} {}", "#".repeat(count as usize / 8));
        }
        let at = |quantile| lateness.value_at_quantile(quantile);
        println!("later than drawn: p50 {} µs, p99 {} µs, most {} µs", at(0.5), at(0.99), at(1.0));
        let figures = agent.figures(link(Way::Out)).harmed;
        println!("{figures:?}");
        assert_eq!((figures.delayed, figures.sent), (COUNT, COUNT));
        assert!(figures.reordered > 0, "jitter reorders");
        Ok(())
    });
}

#[test]
fn packets_are_doubled_and_reordered() {
    const COUNT: u64 = 2_000;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        let fault = PacketFault { duplicate_ppm: 250_000, ..PacketFault::default() };
        agent.set(harm(fault, 9), Vec::new());
        let doubled: Vec<_> =
            (0..COUNT).filter(|at| fate(&fault, 9, *at).double.is_some()).collect();
        datagrams.send(COUNT, 100, Duration::ZERO);
        let came = datagrams.receive(COUNT + doubled.len() as u64);
        let twice: Vec<_> =
            times(&came).into_iter().filter(|(_, times)| *times == 2).map(|(it, _)| it).collect();
        println!("25 % doubled: {COUNT} sent, {} arrived twice", twice.len());
        assert_eq!(twice, doubled);

        let delay = Nanos::from_millis(20);
        let fault = PacketFault { delay, reorder_ppm: 100_000, ..PacketFault::default() };
        agent.set(harm(fault, 10), Vec::new());
        datagrams.send(COUNT, 100, Duration::ZERO);
        let came = datagrams.receive(COUNT);
        let hurried: Vec<_> =
            (0..COUNT).filter(|at| fate(&fault, 10, *at).delay == Nanos::ZERO).collect();
        let early = came.iter().filter(|came| came.1 < Duration::from_millis(20));
        let early: Vec<_> = early.map(|(number, _)| *number).collect();
        let figures = agent.figures(link(Way::Out)).harmed;
        println!(
            "10 % reordered: {} came early, {} are due, {figures:?}",
            early.len(),
            hurried.len()
        );
        // On a loaded machine one of these may come late, never another one early.
        assert!(early.iter().all(|number| hurried.contains(number)));
        assert!(figures.reordered > 0 && times(&came).len() as u64 == COUNT);
        Ok(())
    });
}

#[test]
fn bandwidth_is_kept() {
    const COUNT: u64 = 400;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        // Of 1,000 bytes each, with the headers of UDP and IP: 400 kB, at 1 MB/s.
        let fault = PacketFault { bandwidth: 1_000_000, ..PacketFault::default() };
        agent.set(harm(fault, 1), Vec::new());
        let begin = Instant::now();
        datagrams.send(COUNT, 972, Duration::ZERO);
        let came = datagrams.receive(COUNT);
        let took = begin.elapsed();
        let rate = COUNT as f64 * 1_000.0 / took.as_secs_f64();
        println!("1 MB/s: {COUNT} kB took {took:?}, {rate:.0} bytes a second");
        assert!(took >= Duration::from_millis(400) && took < PATIENCE);
        assert!(came.is_sorted_by_key(|(number, _)| *number));
        // A second's worth waits; the rest of three seconds' is lost, and is counted.
        datagrams.send(3_000, 972, Duration::ZERO);
        let figures = agent.harmed(COUNT + 3_000);
        println!("3 MB at once: {figures:?}");
        assert!(figures.overflowed > 1_000, "{figures:?}");
        Ok(())
    });
}

#[test]
fn a_connection_outlives_a_harm_without_loss() {
    const MEGABYTES: usize = 8;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let (mut outer, mut inner) = lab.connect(PORT)?;
        let payload: Vec<u8> = (0..MEGABYTES << 20).map(|at| (at % 251) as u8).collect();
        let fault = PacketFault {
            delay: Nanos::from_millis(2),
            jitter: Nanos::from_millis(1),
            loss_ppm: 1_000,
            ..PacketFault::default()
        };
        assert_eq!(lab.host_routes(), 0);
        std::thread::scope(|scope| {
            let sender = scope.spawn(|| inner.write_all(&payload));
            let mut got = vec![0; payload.len()];
            for (number, part) in got.chunks_mut(1 << 20).enumerate() {
                match number % 2 {
                    0 => drop(agent.set(harm(fault, number as u64), Vec::new())),
                    _ => agent.heal(),
                }
                assert_eq!(lab.host_routes(), 1 - number % 2);
                outer.read_exact(part).expect("the rest");
            }
            sender.join().expect("no panic").expect("sent");
            assert!(got == payload, "every byte, in order");
        });
        println!("{MEGABYTES} MiB on one connection: {:?}", agent.figures(link(Way::Out)).harmed);
        assert_eq!(lab.host_routes(), 0);
        Ok(())
    });
}

/// Nothing is lost by a heal, and what waited goes at once and in order.
#[test]
fn a_heal_sends_on_what_waits() {
    const COUNT: u64 = 1_000;
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        let delay = Nanos::from_secs(3_600);
        agent.set(harm(PacketFault { delay, ..PacketFault::default() }, 1), Vec::new());
        datagrams.send(COUNT, 100, Duration::ZERO);
        agent.heal();
        let came = datagrams.receive(COUNT);
        let numbers: Vec<_> = came.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, (0..COUNT).collect::<Vec<_>>());
        // And while somebody sends all the time.
        for round in 0..20 {
            std::thread::scope(|scope| {
                let receiver = scope.spawn(|| datagrams.receive(COUNT));
                let sender = scope.spawn(|| datagrams.send(COUNT, 100, Duration::from_micros(10)));
                let fault = PacketFault { delay: Nanos::from_millis(1), ..PacketFault::default() };
                agent.set(harm(fault, round), Vec::new());
                agent.heal();
                sender.join().expect("no panic");
                receiver.join().expect("no panic");
            });
        }
        println!("{:?}", agent.figures(link(Way::Out)).harmed);
        Ok(())
    });
}

/// A cut holds for packets that wait, too, and they are counted once.
#[test]
fn a_cut_and_a_harm_go_together() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS, HARMS])?;
        let (mut outer, mut inner) = lab.connect(PORT)?;
        let fault = PacketFault { delay: Nanos::from_millis(5), ..PacketFault::default() };
        let wanted = Wanted {
            cuts: cuts(&[(Way::Out, CutFate::Drop)]).cuts,
            packets: harm(fault, 1).packets,
        };
        agent.set(wanted.clone(), Vec::new());
        inner.write_all(b"held")?;
        outer.set_read_timeout(Some(Duration::from_millis(300)))?;
        outer.read_exact(&mut [0; 4]).expect_err("cut");
        let figures = agent.figures(link(Way::Out));
        assert!(figures.cut_packets > 0 && figures.harmed.seen == 0, "{figures:?}");
        agent.set(Wanted { cuts: Vec::new(), ..wanted }, Vec::new());
        outer.set_read_timeout(Some(PATIENCE))?;
        outer.read_exact(&mut [0; 4])?;
        assert!(agent.figures(link(Way::Out)).harmed.sent > 0);
        Ok(())
    });
}

/// Measures, and asserts only what any machine keeps.
#[test]
fn what_a_harm_costs() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[HARMS])?;
        let datagrams = Datagrams::new(lab);
        let latency = || {
            let mut histogram = Histogram::<u64>::new(3).expect("a histogram");
            for _ in 0..2_000 {
                datagrams.send(1, 100, Duration::ZERO);
                let came = datagrams.receive(1);
                histogram.record(came[0].1.as_nanos() as u64).expect("in range");
            }
            (histogram.value_at_quantile(0.5), histogram.value_at_quantile(0.99))
        };
        let direct = latency();
        let begin = Instant::now();
        agent.set(harm(PacketFault::default(), 1), Vec::new());
        println!("the first harm, which makes the device, takes {:?}", begin.elapsed());
        let led = latency();
        println!("one way, p50 and p99 in ns: directly {direct:?}, by an empty harm {led:?}");

        for pause in [20, 4] {
            let before = agent.figures(link(Way::Out)).harmed;
            let (count, begin, cpu) = (50_000, Instant::now(), agent.cpu_nanos());
            datagrams.send(count, 100, Duration::from_micros(pause));
            let after = agent.harmed(before.seen + count);
            let (took, cpu) = (begin.elapsed(), agent.cpu_nanos() - cpu);
            let (sent, lost) = (after.sent - before.sent, after.overflowed - before.overflowed);
            println!(
                "one each {pause} µs: {count} in {took:?}, {sent} sent on, {lost} too many, {} ns \
                 of the agent's CPU for each sent",
                cpu / sent.max(1)
            );
            // An overflowing device may lose some of the agent's own words; TCP repeats them.
            assert!((count..count + 100).contains(&(sent + lost)), "{after:?}");
        }

        let mut times = Histogram::<u64>::new(3)?;
        for round in 0..200_u64 {
            let wanted = if round % 2 == 0 { Wanted::default() } else { harm_of(round) };
            let begin = Instant::now();
            agent.set(wanted, Vec::new());
            times.record(begin.elapsed().as_micros() as u64)?;
        }
        let at = |quantile| times.value_at_quantile(quantile);
        println!("a set with a harm or without takes p50 {} µs, p99 {} µs", at(0.5), at(0.99));
        Ok(())
    });
}

fn harm_of(seed: u64) -> Wanted {
    harm(PacketFault { loss_ppm: 1, ..PacketFault::default() }, seed)
}
