//! Nodes in containers.
//!
//! Each node's network namespace belongs to an [`agent`], a process of ours in a container of its
//! own, which cuts and harms links from inside and keeps them so when the node is killed and
//! started again. Controller and agent speak [`protocol`].

pub mod agent;
pub mod agent_client;
pub mod protocol;
