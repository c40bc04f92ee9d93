//! Nodes in containers.
//!
//! Each node's network namespace belongs to an [`agent`], a process of ours in a container of its
//! own, which cuts and harms links from inside and keeps them so when the node is killed and
//! started again. Controller and agent speak [`protocol`].

pub mod agent;
pub mod agent_client;
mod containers;
mod docker_host;
mod engine;
mod evidence;
mod heal;
mod image;
mod labels;
mod limits;
mod links;
mod network;
mod process;
pub mod protocol;
mod supported;
mod survey;
mod sweep;
mod watcher;

pub use agent_client::AgentClient;
pub use containers::TOKEN_VARIABLE;
pub use docker_host::{DockerCluster, DockerHost, DockerOptions, docker_cluster};
pub use engine::{API_MIN, Engine};
pub use heal::heal_run;
pub use image::{Image, ObjectsError, REPOSITORY, remove_images};
pub use labels::{IMAGE_LABEL, MARK_LABEL, NODE_LABEL, RUN_LABEL, agent_name, node_name};
pub use limits::{LIMIT_OPTIONS, LimitError, Limits};
pub use survey::{Survey, survey};
pub use sweep::{clean, left_of};
