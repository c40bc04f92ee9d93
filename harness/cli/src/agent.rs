//! `tribunal agent`: be the agent of a container. Started by clusters, not by people.

use std::time::Duration;

use tribunal_docker::TOKEN_VARIABLE;
use tribunal_docker::agent::{self, AgentError, AgentOptions};

use crate::args::{AgentAction, AgentArgs};
use crate::exit::{Exit, Failure};
use crate::output;

/// How long an agent lives without its controller.
const PATIENCE: Duration = Duration::from_secs(15);

/// Does what an agent is told to.
pub(crate) fn command(args: &AgentArgs) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| failure(&error.to_string()))?;
    let options = || {
        let token = std::env::var(TOKEN_VARIABLE)
            .map_err(|_| failure(&format!("{TOKEN_VARIABLE} is not set: there is no run")))?;
        Ok(AgentOptions { listen: args.listen, token, patience: PATIENCE })
    };
    let ended = match args.action {
        AgentAction::Probe => runtime.block_on(agent::probe()).map(|it| output::json(&it)),
        AgentAction::Run => runtime.block_on(agent::run(options()?)),
        AgentAction::Heal => runtime.block_on(agent::heal(options()?)),
    };
    // Whoever waits for a blocked thread waits for good: the process ends now.
    runtime.shutdown_background();
    ended.map(|()| Exit::Valid).map_err(|error| failed(&error))
}

fn failed(error: &AgentError) -> Failure {
    failure(&error.to_string())
}

fn failure(reason: &str) -> Failure {
    Failure::new(Exit::Environment, reason, "this command is started by clusters")
}
