//! What an engine can do, found out by trying.

use std::path::Path;
use std::time::Duration;

use bollard::container::LogOutput;
use bollard::models::{ContainerCreateBody, DeviceMapping, HostConfig};
use bollard::query_parameters::{CreateContainerOptions, LogsOptionsBuilder, WaitContainerOptions};
use futures_util::StreamExt;
use serde::Serialize;
use tokio::time::timeout;
use tribunal_cluster::{ClusterError, Controller, RunMark};

use crate::containers::{self, TUN, lacks_tun};
use crate::engine::{Engine, cannot};
use crate::image::Image;
use crate::protocol::Abilities;
use crate::{labels, network};

/// How long the container that tries may take.
const TRY: Duration = Duration::from_secs(15);

/// What an engine can do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Survey {
    /// Its version.
    pub version: String,
    /// The newest API it speaks.
    pub api: String,
    /// The kernel of its containers.
    pub kernel: String,
    /// Where it keeps its data.
    pub root: String,
    /// Subnets of 198.18.0.0/15 that are free, of 512.
    pub subnets: usize,
    /// The node image.
    pub image: String,
    /// Whether the image had to be made.
    pub image_is_new: bool,
    /// What an agent can do there.
    pub abilities: Abilities,
}

/// Finds out what the engine can do: makes the image if it is not there, and lets an agent try in
/// a container without network, which is removed. About a second.
///
/// # Errors
/// If there is no usable engine, or the container cannot be run.
pub async fn survey(program: &Path) -> Result<Survey, ClusterError> {
    let engine = Engine::connect().await?;
    let info = engine.docker().info().await.map_err(|error| cannot("ask the engine", &error))?;
    let subnets = network::free_subnets(&engine).await?;
    let image = Image::ensure(&engine, program).await?;
    let me = Controller::this()?;
    let abilities = match abilities(&engine, &image.name, me.clone(), true).await {
        Err(error) if lacks_tun(&error) => abilities(&engine, &image.name, me, false).await,
        other => other,
    };
    Ok(Survey {
        version: engine.version,
        api: engine.api,
        kernel: engine.kernel,
        root: info.docker_root_dir.unwrap_or_default(),
        subnets,
        image: image.name,
        image_is_new: image.is_new,
        abilities: abilities.map_err(|error| cannot("try the engine's kernel", &error))?,
    })
}

async fn abilities(
    engine: &Engine,
    image: &str,
    controller: Controller,
    with_tun: bool,
) -> Result<Abilities, bollard::errors::Error> {
    let tun = DeviceMapping {
        path_on_host: Some(TUN.into()),
        path_in_container: Some(TUN.into()),
        cgroup_permissions: Some("rw".into()),
    };
    let ledger = std::env::temp_dir().join("tribunal-doctor-has-no-ledger");
    let mark = RunMark { run_id: format!("doctor-{}", std::process::id()), ledger, controller };
    let body = ContainerCreateBody {
        image: Some(image.to_owned()),
        user: Some("0".into()),
        cmd: Some(vec!["agent".into(), "probe".into()]),
        // Marked as a run's would be, so that `clean` finds it should it not be removed below.
        labels: Some(labels::of_run(&mark)),
        host_config: Some(HostConfig {
            network_mode: Some("none".into()),
            cap_drop: Some(vec!["ALL".into()]),
            cap_add: Some(vec!["NET_ADMIN".into(), "NET_RAW".into()]),
            devices: with_tun.then(|| vec![tun]),
            ..Default::default()
        }),
        ..Default::default()
    };
    let made = engine.docker().create_container(None::<CreateContainerOptions>, body).await?;
    let said = timeout(TRY, output_of(engine, &made.id)).await;
    let _ = containers::remove(engine, &made.id).await;
    let said = said.map_err(|_| bollard::errors::Error::RequestTimeoutError)??;
    let failed = |error: serde_json::Error| bollard::errors::Error::IOError {
        err: std::io::Error::other(format!("{error} in {said:?}")),
    };
    serde_json::from_str(&said).map_err(failed)
}

async fn output_of(engine: &Engine, id: &str) -> Result<String, bollard::errors::Error> {
    containers::start(engine, id).await?;
    // Any status: what it printed tells.
    let _ = engine.docker().wait_container(id, None::<WaitContainerOptions>).next().await;
    let options = LogsOptionsBuilder::default().stdout(true).stderr(true).build();
    let mut lines = engine.docker().logs(id, Some(options));
    let mut said = String::new();
    while let Some(line) = lines.next().await {
        if let LogOutput::StdOut { message } | LogOutput::StdErr { message } = line? {
            said.push_str(&String::from_utf8_lossy(&message));
        }
    }
    Ok(said)
}
