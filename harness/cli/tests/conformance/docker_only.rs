//! What only containers can be asked.

use tribunal_history::{Link, LinkFault, LinkHeal, NodeId};

use crate::rig::{Rig, Where};

#[tokio::test]
async fn a_new_process_heals_what_another_broke() {
    let Some(place) = Where::docker().await else { return };
    let mut rig = Rig::chatting(place).await;
    rig.all_talk().await;
    let link = Link::between(NodeId(1), NodeId(2));
    rig.install_on(1, LinkFault::Hold { at_heal: LinkHeal::Deliver }, &[link]).await;
    let run_id = rig.ledger.mark().run_id.clone();
    let engine = tribunal_docker::Engine::connect().await.unwrap();
    for _ in 0..2 {
        tribunal_docker::heal_run(&engine, &run_id).await.unwrap();
    }
    rig.hears(2, 1, 10).await;
    rig.end().await;
}
