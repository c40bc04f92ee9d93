//! What only containers can be asked.

use bollard::Docker;
use bollard::models::{ContainerCreateBody, NetworkCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptions,
    RemoveContainerOptionsBuilder,
};
use tribunal_cluster::Cause;
use tribunal_history::{Link, LinkFault, LinkHeal, NodeId, NodeState};

use crate::rig::{Rig, Where};

#[tokio::test]
async fn a_new_process_heals_what_another_broke() {
    let Some(place) = Where::docker().await else { return };
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let link = Link::between(NodeId(1), NodeId(2));
    rig.install_on(1, LinkFault::Hold { at_heal: LinkHeal::Deliver }, &[link]).await;
    let engine = tribunal_docker::Engine::connect().await.unwrap();
    for _ in 0..2 {
        tribunal_docker::heal_run(&engine, rig.ledger.mark()).await.unwrap();
    }
    rig.hears(2, 1, 10).await;
    rig.end().await;
}

#[tokio::test]
async fn a_node_that_ends_with_its_agent_is_no_finding() {
    let Some(place) = Where::docker().await else { return };
    let mut rig = Rig::chatting(place).await;
    let docker = Docker::connect_with_defaults().unwrap();
    let agent = tribunal_docker::agent_name(rig.ledger.mark(), NodeId(2));
    docker.kill_container(&agent, None::<KillContainerOptions>).await.unwrap();
    let (node, state, cause, detail) = rig.next_change().await;
    assert_eq!((node, state, cause), (NodeId(2), NodeState::Down, Cause::Harness), "{detail}");
    assert!(detail.contains("its agent ended with exit status 137"), "{detail}");
    rig.end().await;
}

#[tokio::test]
async fn clean_leaves_what_is_foreign_and_what_lives() {
    let Some(place) = Where::docker().await else { return };
    let rig = Rig::chatting(place).await;
    let docker = Docker::connect_with_defaults().unwrap();
    let run_id = rig.ledger.mark().run_id.clone();
    let ours = tribunal_docker::node_name(rig.ledger.mark(), NodeId(1));
    let said = docker.inspect_container(&ours, None::<InspectContainerOptions>).await.unwrap();
    // Somebody else's, with names like ours and our image.
    let name = tribunal_docker::node_name(rig.ledger.mark(), NodeId(9));
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let body = ContainerCreateBody {
        image: said.config.and_then(|config| config.image),
        cmd: Some(vec!["--version".into()]),
        ..Default::default()
    };
    docker.create_container(Some(options), body).await.unwrap();
    let network = NetworkCreateRequest { name: name.clone(), ..Default::default() };
    docker.create_network(network).await.unwrap();

    let engine = tribunal_docker::Engine::connect().await.unwrap();
    let cleaned = tribunal_docker::clean(&engine).await;
    let container = docker.inspect_container(&name, None::<InspectContainerOptions>).await;
    let removed = RemoveContainerOptionsBuilder::default().force(true).build();
    let gone = docker.remove_container(&name, Some(removed)).await;
    let network_gone = docker.remove_network(&name).await;
    let cleaned = cleaned.unwrap();
    assert!(container.is_ok() && gone.is_ok() && network_gone.is_ok(), "they survived");
    assert!(cleaned.live.contains(&run_id), "{cleaned:?}");
    assert!(!cleaned.removed.iter().any(|one| one.contains(&run_id)), "{cleaned:?}");
    rig.all_talk().await;
    rig.end().await;
}
