//! Cuts and breaks.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv6Addr, TcpStream};
use std::time::{Duration, Instant};

use netlink_bindings::nftables::{Chained, Nfgenmsg, Request};
use netlink_socket2::NetlinkSocket;
use tribunal_docker::protocol::{CutFate, Wanted, Way};
use tribunal_history::{LinkEnd, NodeId};

use crate::lab::{Agent, BREAKS, CUTS, Lab, PATIENCE, PORT, cuts, dial, link, path};

/// What is not cut comes sooner; what is cut never comes.
const BRIEF: Duration = Duration::from_millis(300);

/// One byte sent at one end comes out at the other.
fn passes(mut from: &TcpStream, mut to: &TcpStream) -> bool {
    from.write_all(b"x").expect("room in the socket");
    to.read_exact(&mut [0]).is_ok()
}

/// One byte sent at one end does not come out at the other for a while.
fn is_stopped(mut from: &TcpStream, mut to: &TcpStream) -> bool {
    to.set_read_timeout(Some(BRIEF)).expect("a timeout");
    from.write_all(b"x").expect("room in the socket");
    let result = to.read_exact(&mut [0]);
    to.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    result.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

/// Reads until the connection is reset.
fn is_reset(mut end: &TcpStream) -> bool {
    let error = end.read(&mut [0; 16]).expect_err("nothing is sent on it");
    error.kind() == ErrorKind::ConnectionReset
}

#[test]
fn a_cut_stops_one_direction_of_a_connection_that_exists() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS])?;
        let (outer, inner) = lab.connect(PORT)?;
        let (other_outer, other_inner) = lab.connect(PORT + 10)?;
        assert!(passes(&outer, &inner) && passes(&inner, &outer));

        agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        assert!(is_stopped(&outer, &inner));
        assert!(passes(&inner, &outer), "the other way");
        assert!(passes(&other_outer, &other_inner), "another port");
        let stopped = agent.figures(link(Way::In));
        println!("cut in: {} packets, {} bytes", stopped.cut_packets, stopped.cut_bytes);
        assert!(stopped.cut_packets > 0 && stopped.cut_bytes > 40 * stopped.cut_packets);

        agent.heal();
        (&inner).read_exact(&mut [0])?;
        assert!(passes(&outer, &inner), "healed");

        agent.set(cuts(&[(Way::Out, CutFate::Drop)]), Vec::new());
        assert!(is_stopped(&inner, &outer));
        (&outer).write_all(b"x")?;
        (&inner).read_exact(&mut [0])?;
        assert!(agent.figures(link(Way::Out)).cut_packets > 0);
        let after = agent.figures(link(Way::In));
        assert!(after.cut_packets >= stopped.cut_packets, "counted over changes");
        agent.heal();
        (&outer).read_exact(&mut [0])?;
        Ok(())
    });
}

/// Set after set, with packets all the time: what the counters say is what did not arrive.
#[test]
fn counters_lose_no_hit() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS])?;
        let (outer, inner) = lab.connect(PORT)?;
        let refused = cuts(&[(Way::In, CutFate::Refuse)]);
        let mut refusals = 0;
        for round in 0..50 {
            let mut wanted = refused.clone();
            if round % 2 == 1 {
                wanted.cuts.extend(cuts(&[(Way::Out, CutFate::Refuse)]).cuts);
            }
            agent.set(wanted, Vec::new());
            let dialled = TcpStream::connect((crate::lab::NODE, PORT));
            assert_eq!(dialled.expect_err("cut").kind(), ErrorKind::ConnectionRefused);
            refusals += 1;
            if round % 10 == 9 {
                agent.heal();
            }
        }
        let figures = agent.figures(link(Way::In));
        println!("{refusals} refused, {} counted, over 55 changes", figures.cut_packets);
        assert_eq!(figures.cut_packets, refusals);
        assert!(passes(&outer, &inner) && passes(&inner, &outer), "it existed before");
        Ok(())
    });
}

#[test]
fn a_reset_ends_connections_and_refuses_new_ones() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS])?;
        let listener = lab.listen(IpAddr::V6(Ipv6Addr::UNSPECIFIED), PORT)?;
        for way in [Way::In, Way::Out] {
            let (outer, inner) = dial(&listener)?;
            agent.set(cuts(&[(way, CutFate::Reset)]), Vec::new());
            let sender = if way == Way::In { &outer } else { &inner };
            (&*sender).write_all(b"x")?;
            assert!(is_reset(sender), "the sender, {way:?}");
            assert!(agent.figures(link(way)).cut_packets > 0);
            agent.heal();
        }
        agent.set(cuts(&[(Way::In, CutFate::Reset), (Way::Out, CutFate::Reset)]), Vec::new());
        let dialled = TcpStream::connect((crate::lab::NODE, PORT));
        assert_eq!(dialled.expect_err("cut both ways").kind(), ErrorKind::ConnectionRefused);
        Ok(())
    });
}

#[test]
fn breaks_reset_both_ends_whatever_is_cut() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS, BREAKS])?;
        let drop_out = cuts(&[(Way::Out, CutFate::Drop)]);
        let drop_both = cuts(&[(Way::In, CutFate::Drop), (Way::Out, CutFate::Drop)]);
        let nothing = Wanted::default();
        let listener = lab.listen(IpAddr::V6(Ipv6Addr::UNSPECIFIED), PORT)?;
        let (other_outer, other_inner) = lab.connect(PORT + 10)?;
        for (before, after) in [
            (&nothing, &nothing),
            (&drop_out, &nothing),
            (&nothing, &drop_both),
            (&drop_both, &drop_both),
        ] {
            let (first, second) = (dial(&listener)?, dial(&listener)?);
            agent.set(before.clone(), Vec::new());
            let begin = Instant::now();
            let state = agent.set(after.clone(), vec![path(Way::In), path(Way::Out)]);
            assert_eq!(state.broken, 2, "{before:?} → {after:?}");
            for end in [&first.0, &first.1, &second.0, &second.1] {
                let error = (&*end).read(&mut [0]).expect_err("broken");
                let kinds = [ErrorKind::ConnectionReset, ErrorKind::ConnectionAborted];
                assert!(kinds.contains(&error.kind()), "{error}");
            }
            println!("four ends learned of it in {:?}", begin.elapsed());
            agent.heal();
        }
        assert!(passes(&other_outer, &other_inner), "another port");
        Ok(())
    });
}

#[test]
fn a_table_of_somebody_else_is_left_alone() {
    Lab::run(|lab| {
        let tables = || lab.node.inside(tables);
        Agent::start(lab).needs(&[CUTS])?;
        lab.node.inside(|| {
            let mut socket = NetlinkSocket::new();
            let mut batch = Chained::new(socket.reserve_seq(0));
            let system = (libc::NFNL_SUBSYS_NFTABLES as u16).to_be();
            let edge = Nfgenmsg { _res_id_be: system, ..Nfgenmsg::default() };
            batch.request().op_batch_begin_do(&edge);
            let table = Nfgenmsg { nfgen_family: libc::NFPROTO_IPV4 as u8, ..Nfgenmsg::default() };
            let mut table = batch.request().set_create().op_newtable_do(&table);
            table.encode().push_name(c"stranger");
            drop(table);
            batch.request().op_batch_end_do(&edge);
            socket.request_chained(&batch.finalize()).expect("a batch").recv_all().expect("done");
        });
        let mut agent = Agent::start(lab);
        assert_eq!(tables(), ["stranger"]);
        agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        assert_eq!(tables(), ["stranger", "tribunal"]);
        agent.heal();
        assert_eq!(tables(), ["stranger"]);
        agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        agent.signal(nix::sys::signal::Signal::SIGTERM);
        assert_eq!(agent.ended(), Some(0));
        assert_eq!(tables(), ["stranger"]);
        Ok(())
    });
}

/// The names of the tables of this namespace.
pub(crate) fn tables() -> Vec<String> {
    let mut socket = NetlinkSocket::new();
    let request = Request::new().op_gettable_dump(&Nfgenmsg::default());
    let mut reply = socket.request(&request).expect("tables");
    let mut names = Vec::new();
    while let Some(table) = reply.recv() {
        let (_, table) = table.expect("a table");
        names.push(table.get_name().expect("a name").to_string_lossy().into_owned());
    }
    names.sort();
    names
}

/// Printed, not asserted: a machine may be slow.
#[test]
fn many_cuts_are_one_batch() {
    Lab::run(|lab| {
        let agent = Agent::start(lab);
        agent.needs(&[CUTS])?;
        let many = |count: u16| {
            let cut = |number: u16| {
                let mut cut = cuts(&[(Way::In, CutFate::Drop)]).cuts[0];
                cut.path.link.from = LinkEnd::Node(NodeId(10 + number));
                cut.path.port = 20_000 + number;
                cut
            };
            Wanted { cuts: (0..count).map(cut).collect(), packets: Vec::new() }
        };
        for count in [1, 18, 59, 60, 61, 128] {
            let begin = Instant::now();
            for _ in 0..20 {
                agent.set(many(count), Vec::new());
                let mut other = many(count);
                other.cuts[0].fate = CutFate::Reset;
                agent.set(other, Vec::new());
            }
            println!("a set of {count} cuts takes {:?}", begin.elapsed() / 40);
        }
        let error = agent.try_set(many(129), Vec::new()).expect_err("too many");
        assert!(error.to_string().contains("128 at most"), "{error}");
        assert_eq!(lab.node.inside(tables), ["tribunal"]);
        Ok(())
    });
}
