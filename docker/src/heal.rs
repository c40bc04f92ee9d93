//! Healing a run's network from outside its controller.

use std::collections::HashMap;

use bollard::exec::{CreateExecOptions, StartExecResults};
use bollard::query_parameters::ListContainersOptionsBuilder;
use futures_util::StreamExt;
use tokio::time::{Duration, timeout};
use tribunal_cluster::{ClusterError, RunMark};

use crate::engine::{Engine, cannot};
use crate::image::PROGRAM;
use crate::labels::{AGENT_LABEL, MARK_LABEL, RUN_LABEL};

/// How long one agent may take.
const HEAL: Duration = Duration::from_secs(15);

/// Lets everything flow again between the containers of a run, whatever its controller believes:
/// each agent is asked from within its own container. Idempotent.
///
/// # Errors
/// If an agent's container cannot be entered, or healing fails there.
pub async fn heal_run(engine: &Engine, mark: &RunMark) -> Result<(), ClusterError> {
    let labels = vec![format!("{RUN_LABEL}={}", mark.run_id), AGENT_LABEL.to_owned()];
    let filters = HashMap::from([("label", labels)]);
    let options = ListContainersOptionsBuilder::default().filters(&filters).build();
    let agents = engine.docker().list_containers(Some(options)).await;
    let agents = agents.map_err(|error| cannot("list the run's agents", &error))?;
    let value = mark.to_value();
    let is_ours = |labels: &HashMap<String, String>| labels.get(MARK_LABEL) == Some(&value);
    let ours = agents.into_iter().filter(|agent| agent.labels.as_ref().is_some_and(is_ours));
    for id in ours.filter_map(|agent| agent.id) {
        let healed = timeout(HEAL, heal(engine, &id)).await;
        let healed = healed.unwrap_or_else(|_| Err("it did not end in time".into()));
        healed.map_err(|reason| ClusterError::Environment {
            what: format!("cannot heal agent {id}: {reason}"),
            remedy: "`tribunal clean` removes the containers of dead runs".into(),
        })?;
    }
    Ok(())
}

async fn heal(engine: &Engine, id: &str) -> Result<(), String> {
    let words = |error: bollard::errors::Error| crate::engine::said(&error);
    let options = CreateExecOptions {
        cmd: Some(vec![PROGRAM, "agent", "heal"]),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..Default::default()
    };
    let made = engine.docker().create_exec(id, options).await.map_err(words)?;
    let mut said = String::new();
    if let StartExecResults::Attached { mut output, .. } =
        engine.docker().start_exec(&made.id, None).await.map_err(words)?
    {
        while let Some(Ok(line)) = output.next().await {
            said.push_str(&line.to_string());
        }
    }
    match engine.docker().inspect_exec(&made.id).await.map_err(words)?.exit_code {
        Some(0) => Ok(()),
        code => Err(format!("exit status {code:?}: {}", said.trim())),
    }
}
