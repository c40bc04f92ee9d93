use super::*;
use tribunal_history::NodeId;

const ONE: NodeId = NodeId(1);
const TWO: NodeId = NodeId(2);
const THREE: NodeId = NodeId(3);

#[test]
fn what_loses_nothing_is_permitted_everywhere() {
    let mut atlas = Atlas::new(3, Limits::WithinClaims);
    for node in NodeId::all(3) {
        for kind in [FaultKind::PowerCut, FaultKind::SyncError, FaultKind::NoSpace] {
            assert_eq!(atlas.permit(node, kind), Ok(Claim::Survivable));
        }
    }
    assert_eq!(atlas.damaged(), 0);
}

#[test]
fn rot_stays_on_a_minority() {
    let mut atlas = Atlas::new(3, Limits::WithinClaims);
    assert_eq!(atlas.permit(TWO, FaultKind::BitRot), Ok(Claim::SurvivableIfMinority));
    atlas.noticed(TWO);
    let refused = atlas.permit(ONE, FaultKind::BitRot).unwrap_err();
    assert_eq!(refused, Refusal::NoMajority { damaged: 1, nodes: 3 });
    assert_eq!(refused.to_string(), "1 of 3 disks are damaged; one more leaves no majority");
    // More on the same disk costs nothing.
    assert!(atlas.permit(TWO, FaultKind::BitRot).is_ok());
    assert!(atlas.permit(ONE, FaultKind::PowerCut).is_ok());
    atlas.replaced(TWO);
    assert!(atlas.permit(ONE, FaultKind::BitRot).is_ok());
}

#[test]
fn one_copy_is_bad_at_a_time() {
    let mut atlas = Atlas::new(5, Limits::WithinClaims);
    assert_eq!(atlas.most_damaged(), 2);
    atlas.permit(ONE, FaultKind::BitRot).unwrap();
    let refused = atlas.check(TWO, FaultKind::BitRot).unwrap_err();
    assert_eq!(refused, Refusal::AnotherCopy { node: ONE });
    atlas.noticed(ONE);
    atlas.permit(TWO, FaultKind::BitRot).unwrap();
    atlas.missed(TWO);
    assert_eq!(atlas.damaged(), 1);
    atlas.permit(THREE, FaultKind::BitRot).unwrap();
    atlas.noticed(THREE);
    let refused = atlas.check(TWO, FaultKind::BitRot).unwrap_err();
    assert_eq!(refused, Refusal::NoMajority { damaged: 2, nodes: 5 });
}

#[test]
fn what_nothing_survives_is_refused_unless_asked_for() {
    let mut within = Atlas::new(3, Limits::WithinClaims);
    let mut beyond = Atlas::new(3, Limits::BeyondClaims);
    for kind in FaultKind::ALL.into_iter().filter(|kind| kind.claim() == Claim::OutsideClaim) {
        assert_eq!(within.permit(ONE, kind), Err(Refusal::OutsideClaim { kind }));
        assert_eq!(beyond.permit(ONE, kind), Ok(Claim::OutsideClaim));
    }
    assert_eq!(within.damaged(), 0);
    assert!(beyond.is_damaged(ONE) && !beyond.is_damaged(TWO) && !within.is_damaged(ONE));
    within.go_beyond();
    assert_eq!(within.permit(TWO, FaultKind::Wipe), Ok(Claim::OutsideClaim));
    let refused = beyond.permit(TWO, FaultKind::Wipe).unwrap_err();
    assert_eq!(refused, Refusal::AnotherCopy { node: ONE });
}

#[test]
fn a_cluster_of_one_or_two_may_lose_no_disk() {
    for nodes in [1, 2] {
        let mut atlas = Atlas::new(nodes, Limits::WithinClaims);
        let refused = atlas.permit(ONE, FaultKind::BitRot).unwrap_err();
        assert_eq!(refused, Refusal::NoMajority { damaged: 0, nodes });
    }
    let atlas = Atlas::new(2, Limits::WithinClaims);
    for node in [NodeId(0), THREE] {
        let refused = atlas.check(node, FaultKind::PowerCut).unwrap_err();
        assert_eq!(refused, Refusal::NoSuchNode { node });
    }
}

#[test]
fn every_kind_is_listed_once_and_named() {
    let mut kinds = FaultKind::ALL.to_vec();
    kinds.sort_unstable();
    kinds.dedup();
    assert_eq!(kinds.len(), FaultKind::ALL.len());
    let names: std::collections::BTreeSet<_> = kinds.iter().map(FaultKind::to_string).collect();
    assert_eq!(names.len(), kinds.len());
}
