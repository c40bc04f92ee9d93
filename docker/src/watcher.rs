//! Watching a container until it ends, and finding out who ended it.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bollard::errors::Error;
use bollard::models::ContainerState;
use bollard::query_parameters::{InspectContainerOptions, WaitContainerOptions};
use futures_util::StreamExt;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};
use tribunal_cluster::End;

use crate::containers;
use crate::engine::{Engine, said};

/// How long the engine may take to learn of an agent's end after that of its node.
const AGENT_END: Duration = Duration::from_millis(500);

/// How often the agent is looked at meanwhile.
const LOOK: Duration = Duration::from_millis(10);

/// The exit status of a process that SIGKILL ended.
const KILLED: i64 = 128 + 9;

/// What the engine says of a container's end: its status and whether memory ran out, or why that
/// cannot be known.
pub(crate) type Ended = Result<(i64, bool), String>;

/// Waits for a container's end and tells it.
pub(crate) async fn wait(
    engine: Engine,
    (id, agent): (String, String),
    is_asked: Arc<AtomicBool>,
    ended: watch::Sender<Option<Ended>>,
) {
    let end = match wait_code(&engine, &id).await {
        Ok(KILLED) if is_asked.load(Ordering::Acquire) => Ok((KILLED, false)),
        Ok(KILLED) => killed(&engine, &id, &agent).await,
        Ok(code) => Ok((code, false)),
        Err(reason) => Err(reason),
    };
    ended.send_replace(Some(end));
}

pub(crate) async fn wait_code(engine: &Engine, id: &str) -> Result<i64, String> {
    let mut waited = engine.docker().wait_container(id, None::<WaitContainerOptions>);
    match waited.next().await {
        Some(Ok(response)) => Ok(response.status_code),
        // Any status but 0 is an error to the library.
        Some(Err(Error::DockerContainerWaitError { code, .. })) => Ok(code),
        Some(Err(error)) => Err(said(&error)),
        None => Err("the engine ended its answer".into()),
    }
}

/// Who killed what nobody of us did: its own hunger for memory, the end of its agent, which is no
/// fault of the node's, or somebody else.
async fn killed(engine: &Engine, id: &str, agent_id: &str) -> Ended {
    let state = inspect(engine, id).await.unwrap_or_default();
    if state.oom_killed == Some(true) {
        return Ok((KILLED, true));
    }
    let by = Instant::now() + AGENT_END;
    // The engine may learn of the node's end first, though the agent's came before it.
    while Instant::now() < by {
        let agent = inspect(engine, agent_id).await?;
        if agent.running == Some(false) {
            let code = agent.exit_code.unwrap_or_default();
            let words = containers::last_words(engine, agent_id).await;
            return Err(format!(
                "its agent ended with exit status {code}, and the node with it{words}"
            ));
        }
        sleep(LOOK).await;
    }
    Ok((KILLED, false))
}

pub(crate) async fn inspect(engine: &Engine, id: &str) -> Result<ContainerState, String> {
    let said = engine.docker().inspect_container(id, None::<InspectContainerOptions>);
    engine
        .bounded(said)
        .await
        .map(|said| said.state.unwrap_or_default())
        .map_err(|error| crate::engine::said(&error))
}

/// A container's end as a process's.
pub(crate) fn describe(ended: &Ended) -> io::Result<End> {
    let (code, no_memory) = ended.as_ref().map_err(|reason| io::Error::other(reason.clone()))?;
    let is_killed = *code == KILLED && !no_memory;
    let words = match (*code, no_memory) {
        (code, true) => format!("exit status {code}: out of its container's memory"),
        (KILLED, false) => "signal SIGKILL".into(),
        (code, false) => format!("exit status {code}"),
    };
    Ok(End { code: i32::try_from(*code).ok(), is_killed, words })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake;

    const NODE: &str = "GET /containers/node/json";
    const AGENT: &str = "GET /containers/agent/json";
    const ENDED: &str = r#"{"State":{"Running":false,"ExitCode":137,"OOMKilled":false}}"#;
    const RUNS: &str = r#"{"State":{"Running":true}}"#;

    async fn judged(answers: Vec<fake::Answer>) -> Ended {
        let (engine, _) = fake::connected(answers).await;
        killed(&engine, "node", "agent").await
    }

    #[tokio::test]
    async fn who_killed_a_node_is_found_out_though_the_engine_is_behind() {
        // The agent's end comes to the engine's ears after the node's.
        let late =
            vec![(NODE, 200, ENDED), (AGENT, 200, RUNS), (AGENT, 200, RUNS), (AGENT, 200, ENDED)];
        let reason = judged(late).await.unwrap_err();
        assert!(reason.starts_with("its agent ended with exit status 137"), "{reason}");
        let hungry = r#"{"State":{"Running":false,"ExitCode":137,"OOMKilled":true}}"#;
        assert_eq!(judged(vec![(NODE, 200, hungry)]).await, Ok((KILLED, true)));
        assert_eq!(judged(vec![(NODE, 200, ENDED), (AGENT, 200, RUNS)]).await, Ok((KILLED, false)));
        // An engine that cannot say is no reason to blame the node.
        let mute = vec![(NODE, 200, ENDED), (AGENT, 500, r#"{"message":"busy"}"#)];
        assert_eq!(judged(mute).await, Err("busy".to_owned()));
    }

    #[test]
    fn ends_are_told_in_words() {
        let words = |code, no_memory| describe(&Ok((code, no_memory))).unwrap();
        assert!(words(KILLED, false).is_killed && !words(KILLED, true).is_killed);
        assert!(words(KILLED, true).words.contains("out of its container's memory"));
        assert_eq!(words(69, false).code, Some(69));
        assert!(describe(&Err("gone".into())).is_err());
    }
}
