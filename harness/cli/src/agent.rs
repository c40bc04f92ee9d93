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
    if args.action == AgentAction::Probe {
        output::json(&runtime.block_on(agent::probe()).map_err(|error| failed(&error))?);
        return Ok(Exit::Valid);
    }
    let token = std::env::var(TOKEN_VARIABLE)
        .map_err(|_| failure(&format!("{TOKEN_VARIABLE} is not set: there is no run")))?;
    let options = AgentOptions { listen: args.listen, token, patience: PATIENCE };
    let ended = runtime.block_on(async {
        match args.action {
            AgentAction::Run => agent::run(options).await,
            AgentAction::Heal | AgentAction::Probe => agent::heal(options).await,
        }
    });
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
