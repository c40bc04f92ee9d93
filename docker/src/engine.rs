//! The connection to the Docker engine.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bollard::Docker;
use bollard::errors::Error;
use tribunal_cluster::ClusterError;

/// The oldest API that is spoken: that of Docker 20.10.
pub const API_MIN: (usize, usize) = (1, 41);

/// How long the engine may take to begin to answer one request. A loaded engine takes seconds.
const ANSWER: Duration = Duration::from_secs(20);

/// How long it may take to import an image.
const LONG_ANSWER: Duration = Duration::from_secs(120);

const SOCKET: &str = "unix:///var/run/docker.sock";

/// A Docker engine that answered and is new enough.
#[derive(Clone, Debug)]
pub struct Engine {
    docker: Docker,
    /// Its version, for people: `20.10.24`.
    pub version: String,
    /// The newest API it speaks: `1.41`.
    pub api: String,
    /// The kernel its containers run on.
    pub kernel: String,
}

impl Engine {
    /// Connects to the engine that `DOCKER_HOST` names, or the one at the default socket.
    ///
    /// # Errors
    /// [`ClusterError::Environment`]: there is none, it refuses us, it is too old, or it is on
    /// another machine.
    pub async fn connect() -> Result<Engine, ClusterError> {
        let host = std::env::var("DOCKER_HOST").ok().filter(|host| !host.is_empty());
        Engine::connect_to(host.as_deref().unwrap_or(SOCKET)).await
    }

    /// As [`Engine::connect`], to this address.
    ///
    /// # Errors
    /// As there.
    pub async fn connect_to(host: &str) -> Result<Engine, ClusterError> {
        let docker = dial(host)?;
        let docker =
            docker.negotiate_version().await.map_err(|error| cannot_reach(host, &error))?;
        let said = docker.version().await.map_err(|error| cannot_reach(host, &error))?;
        let api = said.api_version.unwrap_or_default();
        let version = said.version.unwrap_or_default();
        if parse_api(&api).is_none_or(|api| api < API_MIN) {
            return Err(ClusterError::Environment {
                what: format!("the Docker engine at {host} is {version} (API {api}), too old"),
                remedy: "use Docker 20.10 or newer, or --cluster process".into(),
            });
        }
        let kernel = said.kernel_version.unwrap_or_default();
        Ok(Engine { docker, version, api, kernel })
    }

    /// For requests.
    pub(crate) const fn docker(&self) -> &Docker {
        &self.docker
    }

    /// For a request to whom the answer begins only when a long work is done.
    pub(crate) fn patient(&self) -> Docker {
        self.docker.clone().with_timeout(LONG_ANSWER)
    }

    /// Bounds a request: the library bounds only the time until an answer begins.
    pub(crate) async fn bounded<T>(
        &self,
        request: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let late = |_| Err(Error::RequestTimeoutError);
        tokio::time::timeout(ANSWER, request).await.unwrap_or_else(late)
    }
}

fn dial(host: &str) -> Result<Docker, ClusterError> {
    let version = bollard::API_DEFAULT_VERSION;
    let seconds = ANSWER.as_secs();
    let made = if let Some(path) = host.strip_prefix("unix://") {
        if !std::path::Path::new(path).exists() {
            return Err(ClusterError::Environment {
                what: format!("no Docker engine: {path} does not exist"),
                remedy: "install and start Docker 20.10 or newer, set DOCKER_HOST, \
                         or use --cluster process"
                    .into(),
            });
        }
        Docker::connect_with_unix(path, seconds, version)
    } else if let Some(address) = host.strip_prefix("tcp://") {
        let is_near = address == "localhost"
            || address.starts_with("localhost:")
            || address.parse::<SocketAddr>().is_ok_and(|address| address.ip().is_loopback())
            || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback());
        if !is_near {
            return Err(elsewhere(host));
        }
        Docker::connect_with_http(host, seconds, version)
    } else {
        return Err(elsewhere(host));
    };
    made.map_err(|error| cannot_reach(host, &error))
}

fn elsewhere(host: &str) -> ClusterError {
    ClusterError::Environment {
        what: format!(
            "DOCKER_HOST is {host}, and nodes publish their ports on the engine's own \
                       loopback address only"
        ),
        remedy: "run tribunal on the engine's machine, with unix:///path or tcp://127.0.0.1:port, \
                 or use --cluster process"
            .into(),
    }
}

fn cannot_reach(host: &str, error: &Error) -> ClusterError {
    let all = chain(error);
    let remedy = if all.contains("ermission denied") {
        "join the group docker (newgrp docker) or run as root, or use --cluster process"
    } else {
        "start it (systemctl start docker), check DOCKER_HOST, or use --cluster process"
    };
    ClusterError::Environment {
        what: format!("the Docker engine at {host} does not answer: {all}"),
        remedy: remedy.into(),
    }
}

/// An error with all its causes: the outer ones say little.
pub(crate) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !words.contains(&text) {
            words = format!("{words}: {text}");
        }
        next = cause.source();
    }
    words
}

fn parse_api(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The status of an answer that says no; `None` for other failures.
pub(crate) fn status(error: &Error) -> Option<u16> {
    match error {
        Error::DockerResponseServerError { status_code, .. } => Some(*status_code),
        _ => None,
    }
}

/// What the engine said, without the words around it.
pub(crate) fn said(error: &Error) -> String {
    match error {
        Error::DockerResponseServerError { message, .. } => message.trim().to_owned(),
        Error::RequestTimeoutError => format!("no answer within {} s", ANSWER.as_secs()),
        other => chain(other),
    }
}

/// An error of the environment, with what was being done.
pub(crate) fn cannot(what: &str, error: &Error) -> ClusterError {
    let said = said(error);
    let remedy = if said.contains("no space left") {
        "make room: `tribunal clean --images`, `docker system df`"
    } else {
        "see `tribunal doctor`, or use --cluster process"
    };
    ClusterError::Environment { what: format!("cannot {what}: {said}"), remedy: remedy.into() }
}

#[cfg(test)]
pub(crate) mod fake;

#[cfg(test)]
mod tests {
    use super::*;

    async fn refusal(host: &str) -> String {
        Engine::connect_to(host).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn what_cannot_be_an_engine_is_refused_with_a_remedy() {
        let text = refusal("unix:///nowhere/docker.sock").await;
        assert!(text.contains("no Docker engine: /nowhere/docker.sock does not exist"), "{text}");
        for host in ["tcp://192.0.2.1:2375", "ssh://somebody@somewhere", "npipe:////./pipe/x"] {
            let text = refusal(host).await;
            assert!(text.contains("on the engine's machine"), "{text}");
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        std::fs::write(&path, "").unwrap();
        let text = refusal(&format!("unix://{}", path.display())).await;
        assert!(text.contains("does not answer"), "{text}");
    }

    #[tokio::test]
    async fn an_engine_that_is_too_old_is_named() {
        let body = r#"{"Version":"19.03.1","ApiVersion":"1.40"}"#;
        let host = fake::engine(vec![("GET /version", 200, body)]).await;
        let text = refusal(&host).await;
        assert!(text.contains("is 19.03.1 (API 1.40), too old"), "{text}");
    }
}
