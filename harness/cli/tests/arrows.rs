//! The arrows between crates: who may know whom. The picture is in ARCHITECTURE.md.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand};

/// Each crate with the crates of the house it may depend on.
const ARROWS: &[(&str, &[&str])] = &[
    ("history", &[]),
    ("checkers", &["history"]),
    ("workloads", &["history", "checkers"]),
    ("cluster", &["history"]),
    ("docker", &["history", "cluster"]),
    ("nemesis", &["history", "cluster"]),
    ("nodes", &["history"]),
    ("systems", &["history", "cluster", "nodes"]),
    ("sim", &["history", "cluster", "nodes", "systems"]),
    ("explore", &["history", "nodes"]),
    ("engine", &["history", "checkers", "workloads", "cluster", "nemesis", "systems"]),
    ("reports", &["history"]),
];

/// What crates without I/O must not depend on.
const PURE: &[(&str, &[&str])] = &[
    ("history", &["tokio", "rand", "nix"]),
    ("checkers", &["tokio", "rand", "nix"]),
    ("workloads", &["tokio", "rand", "nix"]),
    ("reports", &["tokio", "rand", "nix"]),
    ("sim", &["tokio", "rand", "nix"]),
    ("explore", &["tokio", "rand", "nix"]),
];

fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .other_options(vec!["--offline".into()])
        .exec()
        .expect("cargo metadata");
    let mut all = BTreeMap::new();
    for package in metadata.packages {
        let normal = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.clone());
        all.insert(package.name.to_string(), normal.collect());
    }
    all
}

#[test]
fn the_arrows_are_kept() {
    let all = dependencies();
    assert_eq!(all.len(), ARROWS.len() + 1, "every crate is in the table, and `tribunal`");
    for (name, allowed) in ARROWS {
        let known = &all[&format!("tribunal-{name}")];
        let house: BTreeSet<_> =
            known.iter().filter_map(|known| known.strip_prefix("tribunal-")).collect();
        let allowed: BTreeSet<_> = allowed.iter().copied().collect();
        let forbidden: Vec<_> = house.difference(&allowed).collect();
        assert!(forbidden.is_empty(), "{name} must not depend on {forbidden:?}");
        assert!(!known.contains("tribunal"), "nothing depends on the program");
    }
}

#[test]
fn pure_crates_stay_pure() {
    let all = dependencies();
    for (name, banned) in PURE {
        let known = &all[&format!("tribunal-{name}")];
        for banned in *banned {
            assert!(!known.contains(*banned), "{name} must not depend on {banned}");
        }
    }
}
