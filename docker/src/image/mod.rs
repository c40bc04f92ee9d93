//! The image of our nodes: this executable and what it needs, and nothing else.
//!
//! It is imported as one layer from a tar file: no builder, no base image and no registry take
//! part. Its tag is the hash of its content, so it is made once for each build of the program.

mod archive;
mod objects;

use std::path::Path;
use std::time::Instant;

use bollard::query_parameters::RemoveImageOptions;
use bollard::query_parameters::{CreateImageOptionsBuilder, ListImagesOptionsBuilder};
use futures_util::TryStreamExt;
use sha2::{Digest, Sha256};
use tribunal_cluster::ClusterError;

use crate::engine::{Engine, cannot, said, status};
use crate::labels::IMAGE_LABEL;

pub(crate) use archive::pack_data;
pub use objects::ObjectsError;

/// The repository of our images.
pub const REPOSITORY: &str = "tribunal-node";

/// What older engines say of an image without a name.
const NO_TAG: &str = "<none>:<none>";

/// The program within the image.
pub(crate) const PROGRAM: &str = "/tribunal";
/// A node's data directory within its container.
pub(crate) const DATA: &str = "/data";
/// Who a node is in its container: `nobody`, on every Linux.
pub(crate) const NOBODY: u64 = 65_534;

/// An image that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// Its name with the tag.
    pub name: String,
    /// Whether it had to be made.
    pub is_new: bool,
    /// How long finding or making it took.
    pub took: std::time::Duration,
}

impl Image {
    /// Makes the image of this program, unless it is there.
    ///
    /// # Errors
    /// If the program or a shared object of it cannot be read, or the engine refuses the image.
    pub async fn ensure(engine: &Engine, program: &Path) -> Result<Image, ClusterError> {
        let began = Instant::now();
        let path = program.to_owned();
        let packed = tokio::task::spawn_blocking(move || pack(&path)).await;
        let (tag, content) = packed.map_err(|error| ClusterError::Environment {
            what: format!("cannot pack the node image: {error}"),
            remedy: "please report this".into(),
        })??;
        let name = format!("{REPOSITORY}:{tag}");
        let is_there = match engine.docker().inspect_image(&name).await {
            Ok(_) => true,
            Err(error) if status(&error) == Some(404) => false,
            Err(error) => return Err(cannot("look for the node image", &error)),
        };
        if !is_there {
            import(engine, &tag, content).await?;
        }
        Ok(Image { name, is_new: !is_there, took: began.elapsed() })
    }
}

/// The tag and the tar file of a program's image.
fn pack(program: &Path) -> Result<(String, Vec<u8>), ClusterError> {
    let cannot = |error: &dyn std::fmt::Display| ClusterError::Environment {
        what: format!("cannot pack {} into an image: {error}", program.display()),
        remedy: "use --cluster process, or build for a musl target, which needs no shared objects"
            .into(),
    };
    let files = objects::gather(program).map_err(|error| cannot(&error))?;
    let content = archive::pack(&files).map_err(|error| cannot(&error))?;
    let hash = Sha256::digest(&content);
    let tag: String = hash.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok((tag, content))
}

async fn import(engine: &Engine, tag: &str, content: Vec<u8>) -> Result<(), ClusterError> {
    let options = CreateImageOptionsBuilder::default()
        .from_src("-")
        .repo(REPOSITORY)
        .tag(tag)
        .message("tribunal: the program and its shared objects")
        .changes(vec![
            format!("ENTRYPOINT [\"{PROGRAM}\"]"),
            format!("ENV LD_LIBRARY_PATH={}", objects::LIBRARIES),
            format!("LABEL {IMAGE_LABEL}={tag}"),
        ])
        .build();
    let body = bollard::body_full(content.into());
    let patient = engine.patient();
    let imported = patient.create_image(Some(options), Some(body), None);
    let answers: Vec<_> =
        imported.try_collect().await.map_err(|error| cannot("import the node image", &error))?;
    // An import that fails after its first bytes says so in an answer of its own.
    match answers.iter().find_map(|answer| answer.error_detail.as_ref()) {
        Some(detail) => Err(ClusterError::Environment {
            what: format!(
                "cannot import the node image: {}",
                detail.message.as_deref().unwrap_or("no reason given")
            ),
            remedy: "make room: `tribunal clean --images`, `docker system df`".into(),
        }),
        None => Ok(()),
    }
}

/// Removes our images that no container uses and returns their names, and those that could not be
/// removed with the reason.
///
/// # Errors
/// If the engine does not list them.
pub async fn remove_images(engine: &Engine) -> Result<(Vec<String>, Vec<String>), ClusterError> {
    let filters = std::collections::HashMap::from([("label", vec![IMAGE_LABEL])]);
    let options = ListImagesOptionsBuilder::default().filters(&filters).build();
    let images = engine.docker().list_images(Some(options)).await;
    let images = images.map_err(|error| cannot("list images", &error))?;
    let (mut removed, mut left) = (Vec::new(), Vec::new());
    for image in images {
        // Two runs that make one image at the same time leave one of them without a name.
        let tag = image.repo_tags.iter().find(|tag| *tag != NO_TAG);
        if tag.is_some_and(|tag| !tag.starts_with(&format!("{REPOSITORY}:"))) {
            // Somebody gave ours a name of their own: it is theirs now.
            continue;
        }
        let name = tag.cloned().unwrap_or_else(|| image.id.clone());
        match engine.docker().remove_image(&name, None::<RemoveImageOptions>, None).await {
            Ok(_) => removed.push(name),
            Err(error) if status(&error) == Some(404) => {}
            Err(error) => left.push(format!("{name}: {}", said(&error))),
        }
    }
    Ok((removed, left))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::fake;

    async fn refusal(status: u16, body: &'static str) -> String {
        let answers = vec![fake::VERSION, ("POST /images/create", status, body)];
        let engine = Engine::connect_to(&fake::engine(answers).await).await.unwrap();
        import(&engine, "tag", b"content".to_vec()).await.unwrap_err().to_string()
    }

    #[tokio::test]
    async fn images_without_a_name_go_and_those_somebody_named_stay() {
        let images = r#"[
            {"Id":"sha256:1","RepoTags":["tribunal-node:a"]},
            {"Id":"sha256:2","RepoTags":["<none>:<none>"]},
            {"Id":"sha256:3","RepoTags":["theirs:latest"]},
            {"Id":"sha256:4","RepoTags":[]}
        ]"#;
        let images = images.replace(
            "\"RepoTags\"",
            r#""ParentId":"","RepoDigests":[],"Created":0,
            "Size":0,"SharedSize":0,"Labels":{},"Containers":0,"RepoTags""#,
        );
        let (engine, _) = fake::connected(vec![
            ("GET /images/json", 200, images.leak()),
            ("DELETE /images/", 200, "[]"),
        ])
        .await;
        let (removed, left) = remove_images(&engine).await.unwrap();
        assert_eq!(removed, ["tribunal-node:a", "sha256:2", "sha256:4"]);
        assert_eq!(left, [""; 0]);
    }

    #[tokio::test]
    async fn no_space_for_the_image_is_said_with_a_remedy() {
        let full = r#"{"message":"write /tar: no space left on device"}"#;
        let text = refusal(500, full).await;
        assert!(text.contains("no space left on device; make room: `tribunal clean"), "{text}");
        // Found out late: the answer had begun.
        let late = r#"{"errorDetail":{"message":"no space left on device"},"error":"no space"}"#;
        let text = refusal(200, late).await;
        assert!(text.contains("no space") && text.contains("make room"), "{text}");
    }
}
