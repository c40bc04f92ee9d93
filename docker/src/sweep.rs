//! Removing what runs made.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder};
use futures_util::future::join_all;
use tokio::time::{Duration, Instant, sleep};
use tribunal_cluster::{CleanReport, ClusterError, Liveness, RunMark};

use crate::engine::{Engine, cannot};
use crate::labels::{MARK_LABEL, RUN_LABEL};
use crate::{containers, network};

/// How long a run that tears itself down goes on removing what it made.
const SWEEP: Duration = Duration::from_secs(20);

/// How long the engine is given between two looks, at first and at last: endpoints leave a network
/// a little late, and a container that is being removed is seen until it is gone.
const BREATHS: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Something a run made, or that is labelled as if it had.
struct Found {
    is_network: bool,
    id: String,
    name: String,
    labels: HashMap<String, String>,
}

/// Removes everything of one run and returns what is still there. An engine that fails for a
/// moment is asked again.
pub(crate) async fn run(engine: &Engine, mark: &RunMark) -> Vec<String> {
    let (by, mut breath) = (Instant::now() + SWEEP, BREATHS.0);
    loop {
        let left = match of_mark(engine, mark).await {
            Ok(found) if found.is_empty() => return Vec::new(),
            Ok(found) => {
                let refused = remove_all(engine, &found).await;
                match refused.is_empty() {
                    true => found.into_iter().map(|one| one.name).collect(),
                    false => refused,
                }
            }
            Err(error) => vec![error.to_string()],
        };
        if Instant::now() + breath > by {
            // Once more, because the last round may have done it.
            return match of_mark(engine, mark).await {
                Ok(found) if found.is_empty() => Vec::new(),
                _ => left,
            };
        }
        sleep(breath).await;
        breath = (breath * 2).min(BREATHS.1);
    }
}

/// What is there of the run of this mark. The id alone does not tell: a run of another store may
/// have the same.
async fn of_mark(engine: &Engine, mark: &RunMark) -> Result<Vec<Found>, ClusterError> {
    let (value, label) = (mark.to_value(), format!("{RUN_LABEL}={}", mark.run_id));
    let mut found = find(engine, &label).await?;
    found.retain(|one| one.labels.get(MARK_LABEL) == Some(&value));
    Ok(found)
}

/// The names of what is there of a run.
///
/// # Errors
/// If there is no engine, or it does not list them.
pub async fn left_of(mark: &RunMark) -> Result<Vec<String>, ClusterError> {
    let engine = Engine::connect().await?;
    Ok(of_mark(&engine, mark).await?.into_iter().map(|one| one.name).collect())
}

/// Removes containers and networks of dead runs, whatever their store.
///
/// A run is dead when the lock of its ledger is free, or, where the ledger is lost, when its
/// controller is gone; one whose controller belongs to another boot, or another machine that uses
/// the same engine, and whose ledger cannot be found is left alone and named. What carries no mark
/// of ours is somebody else's. O(containers + networks of the engine).
///
/// # Errors
/// If the engine does not list them.
pub async fn clean(engine: &Engine) -> Result<CleanReport, ClusterError> {
    let mut report = CleanReport::default();
    let mut runs: BTreeMap<String, (RunMark, Vec<Found>)> = BTreeMap::new();
    for found in find(engine, RUN_LABEL).await? {
        let Some(text) = found.labels.get(MARK_LABEL) else { continue };
        match serde_json::from_str::<RunMark>(text) {
            Ok(mark) => runs.entry(text.clone()).or_insert((mark, Vec::new())).1.push(found),
            Err(error) => report.left.push(format!("{}: its mark: {error}", found.name)),
        }
    }
    for (mark, found) in runs.into_values() {
        match mark.liveness() {
            Ok(Liveness::Live) => report.live.push(mark.run_id),
            Ok(Liveness::Dead) => clean_run(engine, &mark, &found, &mut report).await,
            Ok(Liveness::Elsewhere) => {
                let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
                report.left.push(format!(
                    "{}: run {} was begun on another machine, in another container or before a \
                     restart, and its ledger {} is not here; if it is over: docker rm -f, docker \
                     network rm",
                    names.join(", "),
                    mark.run_id,
                    mark.ledger.display()
                ));
            }
            Err(error) => report.left.push(format!("run {}: {error}", mark.run_id)),
        }
    }
    report.live.sort_unstable();
    report.live.dedup();
    Ok(report)
}

async fn clean_run(engine: &Engine, mark: &RunMark, found: &[Found], report: &mut CleanReport) {
    remove_all(engine, found).await;
    // What its controller had asked for just before it died may have come only now.
    sleep(BREATHS.0).await;
    let late = of_mark(engine, mark).await.unwrap_or_default();
    let left = run(engine, mark).await;
    let known = |one: &&Found| !found.iter().any(|known| known.id == one.id);
    for one in found.iter().chain(late.iter().filter(known)) {
        let named = format!("{}:", one.name);
        if !left.iter().any(|left| *left == one.name || left.starts_with(&named)) {
            let kind = if one.is_network { "network" } else { "container" };
            report.removed.push(format!("{kind} {} of run {}", one.name, mark.run_id));
        }
    }
    report.left.extend(left);
}

/// Removes containers, all at once, and then networks; returns what could not be.
async fn remove_all(engine: &Engine, found: &[Found]) -> Vec<String> {
    let containers = found.iter().filter(|one| !one.is_network);
    let removed = containers.map(|one| async move {
        let gone = containers::remove(engine, &one.id).await;
        gone.err().map(|why| format!("{}: {why}", one.name))
    });
    let mut left: Vec<String> = join_all(removed).await.into_iter().flatten().collect();
    for one in found.iter().filter(|one| one.is_network) {
        if let Err(why) = network::remove(engine, &one.id).await {
            left.push(format!("{}: {why}", one.name));
        }
    }
    left
}

/// Containers and networks with a label, `name` or `name=value`, in order of name.
async fn find(engine: &Engine, label: &str) -> Result<Vec<Found>, ClusterError> {
    let filters = HashMap::from([("label", vec![label])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let containers = engine.bounded(engine.docker().list_containers(Some(options))).await;
    let containers = containers.map_err(|error| cannot("list containers", &error))?;
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let networks = engine.bounded(engine.docker().list_networks(Some(options))).await;
    let networks = networks.map_err(|error| cannot("list networks", &error))?;
    let containers = containers.into_iter().map(|one| Found {
        is_network: false,
        id: one.id.unwrap_or_default(),
        name: one
            .names
            .and_then(|names| Some(names.first()?.trim_start_matches('/').to_owned()))
            .unwrap_or_default(),
        labels: one.labels.unwrap_or_default(),
    });
    let networks = networks.into_iter().map(|one| Found {
        is_network: true,
        id: one.id.unwrap_or_default(),
        name: one.name.unwrap_or_default(),
        labels: one.labels.unwrap_or_default(),
    });
    let mut found: Vec<Found> = containers.chain(networks).collect();
    found.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use tribunal_cluster::{Controller, Ledger};

    use super::*;
    use crate::engine::fake;

    /// A list of containers with these ids and marks, as the engine has it.
    fn containers(of: &[(&str, &str)]) -> &'static str {
        let one = |(id, mark): &(&str, &str)| {
            let labels = HashMap::from([(RUN_LABEL, "a run"), (MARK_LABEL, mark)]);
            serde_json::json!({ "Id": id, "Names": [format!("/name-of-{id}")], "Labels": labels })
        };
        let all: Vec<_> = of.iter().map(one).collect();
        serde_json::Value::from(all).to_string().leak()
    }

    fn dead() -> RunMark {
        let mut controller = Controller::this().unwrap();
        controller.process.start_time += 1;
        RunMark { run_id: "a run".into(), ledger: "/nowhere/ledger.jsonl".into(), controller }
    }

    fn removals(asked: &fake::Asked) -> Vec<String> {
        let asked = asked.lock().unwrap();
        let removals = asked.iter().filter_map(|line| line.strip_prefix("DELETE /containers/"));
        removals.map(|line| line.split('?').next().unwrap_or_default().to_owned()).collect()
    }

    #[tokio::test]
    async fn a_dead_run_is_removed_and_a_live_one_of_the_same_id_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let ledger = Ledger::create(folder.path(), "a run").unwrap();
        let (dead, live) = (dead().to_value(), ledger.mark().to_value());
        let (engine, asked) = fake::connected(vec![
            ("GET /containers/json", 200, containers(&[("one", &dead), ("two", &live)])),
            ("GET /containers/json", 200, containers(&[("two", &live)])),
            ("GET /networks", 200, "[]"),
            ("DELETE /containers/one", 204, ""),
        ])
        .await;
        let report = clean(&engine).await.unwrap();
        assert_eq!(removals(&asked), ["one"]);
        assert_eq!(report.removed, ["container name-of-one of run a run"]);
        assert_eq!((report.live, report.left), (vec!["a run".to_owned()], vec![]));
    }

    #[tokio::test]
    async fn an_engine_that_fails_for_a_moment_is_asked_again() {
        let mark = dead();
        let value = mark.to_value();
        let (engine, asked) = fake::connected(vec![
            ("GET /containers/json", 500, r#"{"message":"busy"}"#),
            ("GET /containers/json", 200, containers(&[("one", &value)])),
            // Its removal goes on: it is seen once more, and refuses to be removed twice.
            ("GET /containers/json", 200, containers(&[("one", &value)])),
            ("GET /containers/json", 200, "[]"),
            ("GET /networks", 200, "[]"),
            ("DELETE /containers/one", 204, ""),
            ("DELETE /containers/one", 409, r#"{"message":"removal is already in progress"}"#),
        ])
        .await;
        assert_eq!(run(&engine, &mark).await, [""; 0]);
        assert_eq!(removals(&asked), ["one", "one"]);
    }

    #[tokio::test]
    async fn what_carries_no_mark_or_a_broken_one_is_not_removed() {
        let unmarked = r#"[{"Id":"one","Names":["/x"],"Labels":{"tribunal.run":"a run"}}]"#;
        let (engine, asked) = fake::connected(vec![
            ("GET /containers/json", 200, unmarked),
            ("GET /networks", 200, "[]"),
        ])
        .await;
        assert_eq!(clean(&engine).await.unwrap(), CleanReport::default());
        let (engine, broken) = fake::connected(vec![
            ("GET /containers/json", 200, containers(&[("two", "{}")])),
            ("GET /networks", 200, "[]"),
        ])
        .await;
        let report = clean(&engine).await.unwrap();
        assert!(report.left[0].starts_with("name-of-two: its mark: "), "{report:?}");
        assert_eq!((removals(&asked), removals(&broken)), (vec![], vec![]));
    }

    #[tokio::test]
    async fn a_run_of_another_machine_is_left_and_named() {
        let mut mark = dead();
        mark.controller.boot_id = "another boot".into();
        let (engine, asked) = fake::connected(vec![
            ("GET /containers/json", 200, containers(&[("one", &mark.to_value())])),
            ("GET /networks", 200, "[]"),
        ])
        .await;
        let report = clean(&engine).await.unwrap();
        assert!(report.left[0].contains("was begun on another machine"), "{report:?}");
        assert_eq!(removals(&asked), [""; 0]);
    }
}
