//! The admin channel, with the test in the part of the node.

use std::sync::{Arc, Mutex};

use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::codec::{Framed, LinesCodec};
use tribunal_history::admin::{Ask, FromNode, Reply, Request};
use tribunal_history::{
    ClockKind, Fault, FaultId, FaultKind, Injection, Mark, NodeId, NodeReading, Note, Role,
};

use super::rig::{PATIENCE, PATIENT, Rig};
use crate::{ClockOffset, Cluster, Command, Report};

type Asked = Arc<Mutex<Vec<Ask>>>;

/// Answers as node `n1` on its admin port, and keeps what was asked after the greeting.
async fn answer(rig: &Rig) -> Asked {
    let asked = Asked::default();
    let listener = TcpListener::bind(rig.newest_context().addresses.admin).await.unwrap();
    let kept = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, Arc::clone(&kept)));
        }
    });
    asked
}

async fn serve(stream: TcpStream, asked: Asked) {
    let mut lines = Framed::new(stream, LinesCodec::new());
    let (mut wall, mut monotonic) = (0, 0);
    while let Some(Ok(line)) = lines.next().await {
        let Request { number, ask } = serde_json::from_str(&line).unwrap();
        let before = (wall, monotonic);
        match &ask {
            Ask::ClockJump { clock: ClockKind::Wall, by_ns } => wall += by_ns,
            Ask::ClockJump { clock: ClockKind::Monotonic, by_ns } => monotonic += by_ns,
            Ask::ClockHeal => wall = 0,
            _ => {}
        }
        let reply = match &ask {
            Ask::Hello { token, .. } if token != "secret" => return,
            Ask::Hello { .. } => Reply::Hello { node: NodeId(1), pid: 1 },
            Ask::Role => Reply::Role { role: Role::Leader, term: 7 },
            Ask::DiskUnsynced | Ask::DiskWriteThrough => Reply::Disk { unsynced: 42 },
            Ask::ClockJump { .. } | Ask::ClockDrift { .. } | Ask::ClockHeal | Ask::ClockRead => {
                Reply::Clock {
                    wall_before_ns: before.0,
                    wall_after_ns: wall,
                    monotonic_before_ns: before.1,
                    monotonic_after_ns: monotonic,
                }
            }
        };
        let is_greeting = matches!(ask, Ask::Hello { .. });
        if !is_greeting {
            asked.lock().unwrap().push(ask);
        }
        lines.send(to_line(&FromNode::Reply { number, reply })).await.unwrap();
        if is_greeting {
            let note = Note::Mark(Mark::ElectionWon);
            lines.send(to_line(&FromNode::Note { note })).await.unwrap();
            lines.send(to_line(&FromNode::NotesDropped { count: 3 })).await.unwrap();
        }
    }
}

fn to_line(message: &FromNode) -> String {
    serde_json::to_string(message).unwrap()
}

/// A started node that is spoken to: its notes have come.
async fn started(lossy: bool) -> (Rig, Asked) {
    let mut rig = Rig::new(1, PATIENT, lossy).await;
    rig.start(1).await;
    let asked = answer(&rig).await;
    let (node, note) = (NodeId(1), Note::Mark(Mark::ElectionWon));
    assert_eq!(rig.report().await, Report::Note { node, note });
    assert_eq!(rig.report().await, Report::NotesDropped { node, count: 3 });
    (rig, asked)
}

async fn install_clock(rig: &mut Rig, id: u32, kind: FaultKind) -> (Injection, Vec<NodeReading>) {
    let (id, by) = (FaultId(id), rig.within(PATIENCE));
    let fault = Fault { id, kind, links: vec![], nodes: vec![NodeId(1)] };
    rig.cluster.start(Command::Install { fault, by });
    match rig.report().await {
        Report::Fault { id: of, injection, readings, .. } if of == id => (injection, readings),
        other => panic!("not of the fault: {other:?}"),
    }
}

#[tokio::test]
async fn clock_faults_bring_the_nodes_own_readings_and_compose() {
    let (mut rig, asked) = started(false).await;
    let clock = ClockKind::Wall;
    let jump = |by_ns| FaultKind::ClockJump { clock, by_ns };
    let (injection, readings) = install_clock(&mut rig, 1, jump(500)).await;
    assert!(injection.is_installed(), "{injection:?}");
    assert_eq!(readings, [NodeReading { node: NodeId(1), before_ns: 0, after_ns: 500 }]);
    let (_, readings) = install_clock(&mut rig, 2, jump(-200)).await;
    assert_eq!(readings, [NodeReading { node: NodeId(1), before_ns: 500, after_ns: 300 }]);
    install_clock(&mut rig, 3, FaultKind::ClockDrift { clock, ppm: 100 }).await;
    install_clock(&mut rig, 4, FaultKind::ClockDrift { clock, ppm: 50 }).await;
    asked.lock().unwrap().clear();
    assert!(rig.heal(1).await.is_installed());
    let expected = [
        Ask::ClockHeal,
        Ask::ClockJump { clock, by_ns: -200 },
        Ask::ClockDrift { clock, ppm: 150 },
    ];
    assert_eq!(*asked.lock().unwrap(), expected);
    // A node that starts meanwhile has what is still in force from the start.
    assert!(rig.install(5, FaultKind::Kill, 1).await.is_installed());
    assert!(rig.heal(5).await.is_installed());
    assert_eq!(rig.newest_context().clock, [ClockOffset { clock, offset_ns: -200, ppm: 150 }]);
    assert_eq!(rig.newest_context().incarnation, 1);
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn a_clock_fault_of_a_node_that_is_down_is_skipped_and_forgotten() {
    let (mut rig, _) = started(false).await;
    assert!(rig.install(1, FaultKind::Kill, 1).await.is_installed());
    let jump = FaultKind::ClockJump { clock: ClockKind::Wall, by_ns: 500 };
    let (injection, _) = install_clock(&mut rig, 2, jump).await;
    assert!(matches!(injection, Injection::Skipped(_)), "{injection:?}");
    assert!(rig.heal(1).await.is_installed());
    assert_eq!(rig.newest_context().clock, [], "what was skipped is not in force");
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn a_paused_nodes_clock_is_set_right_when_it_goes_on() {
    let (mut rig, asked) = started(false).await;
    assert!(rig.install(1, FaultKind::Pause, 1).await.is_installed());
    let drift = FaultKind::ClockDrift { clock: ClockKind::Wall, ppm: 100 };
    let (injection, _) = install_clock(&mut rig, 2, drift).await;
    assert!(matches!(injection, Injection::Indeterminate(_)), "{injection:?}");
    assert!(asked.lock().unwrap().is_empty());
    assert!(rig.heal(1).await.is_installed());
    let expected = [Ask::ClockHeal, Ask::ClockDrift { clock: ClockKind::Wall, ppm: 100 }];
    assert_eq!(*asked.lock().unwrap(), expected);
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn disks_are_asked_before_a_kill_in_a_run_with_power_faults() {
    let (mut rig, asked) = started(true).await;
    let killed = rig.install(1, FaultKind::Kill, 1).await;
    assert!(killed.text().contains("written through"), "{killed:?}");
    assert_eq!(*asked.lock().unwrap(), [Ask::DiskWriteThrough]);
    assert!(rig.heal(1).await.is_installed());
    let cut = rig.install(2, FaultKind::Power, 1).await;
    assert!(cut.text().contains("42 bytes unsynced"), "{cut:?}");
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn observing_asks_for_roles() {
    let (mut rig, _) = started(false).await;
    let by = rig.within(PATIENCE);
    rig.cluster.start(Command::Observe { by });
    let Report::Roles(roles) = rig.report().await else { panic!("not roles") };
    assert_eq!(roles.leader(), Some(NodeId(1)));
    assert_eq!(roles.nodes[0].term, 7);
    rig.cluster.tear_down().await.unwrap();
}
