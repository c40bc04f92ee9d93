//! The agent's manners: tokens, lines, its end and its healing.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use tribunal_docker::agent_client::{AgentClient, AgentClientError};
use tribunal_docker::protocol::{CutFate, Reply, Response, Wanted, Way};
use tribunal_history::PacketFault;

use crate::cuts::tables;
use crate::lab::{
    AGENT_PORT, Agent, BREAKS, CUTS, ENGINE_GIVES, HARMS, Lab, NODE, PATIENCE, TOKEN, by, cuts,
    harm, link, start_process,
};

/// Sends lines and returns the replies until the agent closes the connection or all have one.
fn talk(lines: &[&str]) -> Vec<Response> {
    let stream = TcpStream::connect((NODE, AGENT_PORT)).expect("an agent");
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    for line in lines {
        // The agent may have closed it already.
        let _ = (&stream).write_all(format!("{line}\n").as_bytes());
    }
    let replies = BufReader::new(&stream).lines().take(lines.len()).map_while(Result::ok);
    replies.map(|line| serde_json::from_str(&line).expect("a reply")).collect()
}

#[test]
fn strangers_and_nonsense_are_refused() {
    Lab::run(|lab| {
        let agent = Agent::start_alone(lab, Duration::from_secs(15));
        let hello = |version: u32, token: &str| {
            format!(r#"{{"number":1,"ask":{{"hello":{{"version":{version},"token":"{token}"}}}}}}"#)
        };
        let refused = |lines: &[&str], words: &str| {
            let replies = talk(lines);
            let Some(Response { reply: Reply::Refused { reason }, .. }) = replies.last() else {
                panic!("{replies:?}");
            };
            assert!(reason.contains(words), "{reason}");
            replies.len()
        };
        let read = r#"{"number":2,"ask":"read"}"#;
        assert_eq!(refused(&[&hello(1, "another"), read], "wrong token"), 1);
        assert_eq!(refused(&[&hello(9, TOKEN), read], "version 1, not 9"), 1);
        assert_eq!(refused(&[read, read], "hello first"), 1);
        assert_eq!(refused(&["GET / HTTP/1.1", read], "no request"), 1);
        assert_eq!(refused(&[&hello(1, TOKEN), read, "nonsense"], "no request"), 3);
        let long = "x".repeat(300 << 10);
        assert_eq!(talk(&[&long]).len(), 0);
        assert_eq!(talk(&[&hello(1, TOKEN), &long, read]).len(), 1);
        // Silence is not borne either.
        let silent = TcpStream::connect((NODE, AGENT_PORT))?;
        silent.set_read_timeout(Some(PATIENCE))?;
        assert_eq!(BufReader::new(silent).lines().count(), 0);
        let address = SocketAddr::from((NODE, AGENT_PORT));
        let connect = AgentClient::connect(address, "another".to_owned(), by());
        let error = agent.runtime.block_on(connect).map(drop).expect_err("another token");
        let reason = "wrong token".to_owned();
        assert_eq!(error, AgentClientError::Refused { address, reason });
        Ok(())
    });
}

#[test]
fn an_agent_without_a_controller_heals_and_ends() {
    Lab::run(|lab| {
        Agent::start(lab).needs(&[CUTS])?;
        let mut agent = Agent::start_alone(lab, Duration::from_millis(300));
        assert_eq!(agent.ended(), Some(3), "nobody came");
        let patience = Duration::from_millis(500);
        let mut agent = Agent::start_with(lab, patience, ENGINE_GIVES);
        let begin = Instant::now();
        while begin.elapsed() < 3 * patience {
            agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        }
        assert_eq!(lab.node.inside(tables), ["tribunal"]);
        agent.leave();
        assert_eq!(agent.ended(), Some(3), "the last one left");
        assert!(lab.node.inside(tables).is_empty());
        Ok(())
    });
}

#[test]
fn an_agent_says_which_capability_it_lacks() {
    Lab::run(|lab| {
        Agent::start(lab).needs(&[CUTS, HARMS, BREAKS])?;
        let abilities = |capabilities| {
            let abilities = Agent::start_with(lab, PATIENCE, capabilities).abilities.clone();
            println!("{abilities:?}");
            [abilities.no_cuts, abilities.no_packets, abilities.no_breaks]
        };
        assert_eq!(abilities(ENGINE_GIVES), [None, None, None]);
        let [cuts, packets, breaks] = abilities("12");
        assert_eq!((cuts, breaks), (None, None));
        assert!(packets.expect("no raw socket").contains("CAP_NET_RAW"));
        for why in abilities("13") {
            assert!(why.as_ref().is_some_and(|why| why.contains("CAP_NET_ADMIN")), "{why:?}");
        }
        let agent = Agent::start_with(lab, PATIENCE, "13");
        agent.heal();
        let error = agent.try_set(cuts_of_one(), Vec::new()).expect_err("not here");
        assert!(error.to_string().contains("no cuts here: nftables"), "{error}");
        Ok(())
    });
}

fn cuts_of_one() -> Wanted {
    cuts(&[(Way::In, CutFate::Drop)])
}

#[test]
fn a_client_speaks_on_after_its_connection_is_lost() {
    Lab::run(|lab| {
        Agent::start(lab).needs(&[CUTS])?;
        let mut agent = Agent::start(lab);
        agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        agent.signal(nix::sys::signal::Signal::SIGKILL);
        agent.ended();
        let again = Agent::start_alone(lab, Duration::from_secs(15));
        // What the killed agent left is gone, and the client says all of it again.
        assert!(lab.node.inside(tables).is_empty());
        agent.set(cuts(&[(Way::In, CutFate::Drop)]), Vec::new());
        assert_eq!(lab.node.inside(tables), ["tribunal"]);
        drop(again);
        let soon = tokio::time::Instant::now() + Duration::from_millis(200);
        let address = SocketAddr::from((NODE, AGENT_PORT));
        let connect = AgentClient::connect(address, TOKEN.to_owned(), soon);
        let error = agent.runtime.block_on(connect).map(drop).expect_err("nobody is there");
        assert!(error.to_string().contains("refused"), "{error}");
        Ok(())
    });
}

#[test]
fn heal_works_with_an_agent_and_without() {
    Lab::run(|lab| {
        Agent::start(lab).needs(&[CUTS, HARMS])?;
        let heal =
            || start_process(lab, "heal", PATIENCE, ENGINE_GIVES).wait().expect("a process").code();
        assert_eq!(heal(), Some(0), "nothing to heal");
        let mut agent = Agent::start(lab);
        let mut wanted = harm(PacketFault::default(), 1);
        wanted.cuts = cuts(&[(Way::In, CutFate::Drop)]).cuts;
        agent.set(wanted.clone(), Vec::new());
        assert_eq!((lab.node.inside(tables).len(), lab.host_routes()), (1, 1));
        assert_eq!(heal(), Some(0), "an agent that answers");
        assert_eq!((lab.node.inside(tables).len(), lab.host_routes()), (0, 0));
        agent.set(wanted, Vec::new());
        agent.signal(nix::sys::signal::Signal::SIGKILL);
        agent.ended();
        assert_eq!((lab.node.inside(tables).len(), lab.host_routes()), (1, 0));
        assert_eq!(heal(), Some(0), "an agent that is no more");
        assert_eq!(lab.node.inside(tables).len(), 0);
        Ok(())
    });
}

#[test]
fn a_refused_set_changes_nothing() {
    Lab::run(|lab| {
        Agent::start(lab).needs(&[CUTS, HARMS])?;
        let agent = Agent::start(lab);
        let before = cuts(&[(Way::In, CutFate::Drop)]);
        agent.set(before.clone(), Vec::new());
        // Packets to itself do not leave; the cut that goes with it must not come into force.
        let mut wanted = harm(PacketFault::default(), 1);
        wanted.packets[0].peer = NODE;
        wanted.cuts = cuts(&[(Way::Out, CutFate::Drop)]).cuts;
        let error = agent.try_set(wanted, Vec::new()).expect_err("no such way");
        assert!(error.to_string().contains("do not leave"), "{error}");
        assert_eq!(lab.host_routes(), 0);
        let state = agent.set(before, Vec::new());
        assert_eq!(state.links.len(), 1, "only the link of the first set was named");
        assert_eq!(state.links[0].link, link(Way::In));
        Ok(())
    });
}
