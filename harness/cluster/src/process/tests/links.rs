//! Link faults of a whole cluster, with the test in the part of the nodes' sockets.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;
use tribunal_history::{
    Fault, FaultId, FaultKind, Injection, Link, LinkFault, LinkHeal, Nanos, NodeId, PacketFault,
};

use super::rig::{PATIENCE, PATIENT, Rig, eventually};
use crate::{Cluster, Command};

async fn connect(listener: &TcpListener, through: SocketAddr) -> (TcpStream, TcpStream) {
    let near = TcpStream::connect(through).await.unwrap();
    (near, timeout(PATIENCE, listener.accept()).await.unwrap().unwrap().0)
}

async fn hear(stream: &mut TcpStream, text: &[u8]) {
    let mut buffer = vec![0; text.len()];
    timeout(PATIENCE, stream.read_exact(&mut buffer)).await.unwrap().unwrap();
    assert_eq!(buffer, text);
}

impl Rig {
    async fn cut(&mut self, id: u32, links: Vec<Link>) -> Injection {
        self.harm(id, links, LinkFault::Hold { at_heal: LinkHeal::Deliver }).await
    }

    async fn harm(&mut self, id: u32, links: Vec<Link>, fault: LinkFault) -> Injection {
        let kind = FaultKind::Link(fault);
        let fault = Fault { id: FaultId(id), kind, links, nodes: vec![] };
        let by = self.within(Duration::from_secs(1));
        self.cluster.start(Command::Install { fault, by });
        self.injection().await
    }
}

#[tokio::test]
async fn a_partition_cuts_the_links_it_names_and_flows_again_only_after_the_last_heal() {
    let mut rig = Rig::new(2, PATIENT, false).await;
    rig.start(1).await;
    let first = rig.newest_context().addresses;
    rig.start(2).await;
    let second = rig.newest_context().addresses;
    let listener = TcpListener::bind(second.peer).await.unwrap();
    let back = TcpListener::bind(first.peer).await.unwrap();
    let (mut near, mut far) = connect(&listener, first.peers[0].1).await;
    let (mut other, mut other_far) = connect(&back, second.peers[0].1).await;

    let link = Link::between(NodeId(1), NodeId(2));
    let text = rig.cut(1, vec![link]).await;
    assert_eq!(text.text(), "1 link: n1→n2; 1 connection open, 0 bytes waiting");
    assert!(rig.cut(2, vec![link]).await.is_installed());
    near.write_all(b"held").await.unwrap();
    eventually("held", || rig.cluster.host().link_counters(link).unwrap().waiting == 4).await;
    other.write_all(b"flows").await.unwrap();
    hear(&mut other_far, b"flows").await;
    rig.heal(1).await;
    assert_eq!(
        rig.cluster.host().link_counters(link).unwrap().passed,
        0,
        "the other fault holds it"
    );
    let text = rig.heal(2).await;
    assert!(text.text().contains("4 bytes had to wait, 4 bytes waiting at the heal"), "{text:?}");
    hear(&mut far, b"held").await;
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn harm_to_packets_delays_them_and_says_how_many_and_by_how_much() {
    let mut rig = Rig::new(2, PATIENT, false).await;
    rig.start(1).await;
    let first = rig.newest_context().addresses;
    rig.start(2).await;
    let second = rig.newest_context().addresses;
    let listener = TcpListener::bind(second.peer).await.unwrap();
    let (mut near, mut far) = connect(&listener, first.peers[0].1).await;
    let link = Link::between(NodeId(1), NodeId(2));
    let delay = Nanos::from_millis(40);
    let late = PacketFault { delay, ..PacketFault::CLEAR };

    assert!(rig.harm(1, vec![link], LinkFault::Packet(late)).await.is_installed());
    near.write_all(b"late").await.unwrap();
    hear(&mut far, b"late").await;
    let text = rig.heal(1).await;
    assert!(text.text().contains("1 chunk delayed, "), "{text:?}");
    assert!(text.text().ends_with(" at most, 4 bytes passed"), "{text:?}");
    assert_eq!(rig.effective, Some(true));

    assert!(rig.harm(2, vec![link], LinkFault::Packet(late)).await.is_installed());
    assert!(rig.heal(2).await.text().ends_with("nothing was sent meanwhile"));
    assert_eq!(rig.effective, Some(false));

    let lossy = LinkFault::Packet(PacketFault { loss_ppm: 1, ..late });
    let refused = rig.harm(3, vec![link], lossy).await;
    assert!(matches!(&refused, Injection::Skipped(why) if why.contains("--cluster docker")));
    rig.cluster.tear_down().await.unwrap();
}

#[tokio::test]
async fn clients_reach_a_node_at_its_endpoint_and_are_cut_off_each_way_alone() {
    let mut rig = Rig::new(1, PATIENT, false).await;
    rig.start(1).await;
    let listener = TcpListener::bind(rig.newest_context().addresses.client).await.unwrap();
    let (mut near, mut far) = connect(&listener, rig.cluster.endpoint(NodeId(1))).await;
    assert!(rig.cut(1, vec![Link::replies(NodeId(1))]).await.is_installed());
    near.write_all(b"request").await.unwrap();
    hear(&mut far, b"request").await;
    far.write_all(b"reply").await.unwrap();
    let replies = Link::replies(NodeId(1));
    eventually("held", || rig.cluster.host().link_counters(replies).unwrap().waiting == 5).await;
    rig.cluster.heal_all().await.unwrap();
    hear(&mut near, b"reply").await;
    assert!(rig.cluster.host().link_counters(Link::requests(NodeId(2))).is_none());
    let nowhere = TcpStream::connect(rig.cluster.endpoint(NodeId(2))).await;
    assert!(nowhere.is_err(), "there is no n2");
    rig.cluster.tear_down().await.unwrap();
}
