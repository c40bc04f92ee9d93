//! A run as its folder holds it, and plans as files hold them.

use serde::Deserialize;
use tribunal_engine::RunFolder;
use tribunal_history::{Bundle, Digest, Plan, Trial};

use crate::bundle::{self, BUNDLE};
use crate::exit::{Exit, Failure};

/// Why a text is not taken for a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NoPlan {
    /// Why not.
    pub reason: String,
    /// Whether it is one, for another program.
    pub is_foreign: bool,
}

/// The plan that a text holds. What version it is of is looked at first: what another one added is
/// no mistake.
///
/// # Errors
/// If it is none, or none of this program's version of the format.
pub(crate) fn plan_of(text: &[u8]) -> Result<Plan, NoPlan> {
    #[derive(Deserialize)]
    struct Version {
        tribunal_plan: u32,
    }
    let no_plan = |error: serde_json::Error, is_foreign| {
        Err(NoPlan { reason: error.to_string(), is_foreign })
    };
    match serde_json::from_slice(text) {
        Ok(Version { tribunal_plan }) if tribunal_plan != Plan::VERSION => {
            let known = Plan::VERSION;
            let reason = format!(
                "its format is version {tribunal_plan}, this program reads version {known}"
            );
            Err(NoPlan { reason, is_foreign: true })
        }
        Ok(_) => serde_json::from_slice(text).or_else(|error| no_plan(error, true)),
        Err(error) => no_plan(error, false),
    }
}

/// A recorded run.
pub(crate) struct Stored {
    /// Its folder.
    pub folder: RunFolder,
    /// Its description.
    pub trial: Trial,
}

impl Stored {
    /// The run's bundle, if it has one: it may have been killed, or made before there were bundles.
    ///
    /// # Errors
    /// If it is damaged or of another version.
    pub(crate) fn bundle(&self) -> Result<Option<Bundle>, Failure> {
        let is_there = self.folder.path().join(BUNDLE).exists();
        is_there.then(|| bundle::read(&self.folder)).transpose()
    }

    /// The run's plan; where its bundle is known, as the run left it.
    ///
    /// # Errors
    /// If it is missing, changed, damaged, or of another version of the format.
    pub(crate) fn plan(&self, bundle: Option<&Bundle>) -> Result<Plan, Failure> {
        let place = self.folder.path().join("plan.json");
        let bad = |reason: String, help: &str| {
            Failure::new(Exit::History, format!("{}: {reason}", place.display()), help)
        };
        let restore = "put the file back as the run left it: nothing can be done without";
        let text = match self.folder.read_bytes("plan.json") {
            Ok(text) => text,
            Err(_) if !place.exists() => return Err(bad("it is missing".into(), restore)),
            Err(error) => return Err(bad(error.to_string(), restore)),
        };
        let due = bundle.and_then(|bundle| bundle.files.iter().find(|it| it.name == "plan.json"));
        if due.is_some_and(|due| due.digest != Digest::of(&text)) {
            let id = self.folder.id();
            let help = format!("put it back; or run it as a plan of its own: run --plan {id}");
            return Err(bad("it was changed since the run".into(), &help));
        }
        let maker = bundle.map_or_else(|| "the version that made it".into(), made_by);
        plan_of(&text).map_err(|NoPlan { reason, is_foreign }| match is_foreign {
            true => bad(reason, &format!("use {maker}")),
            false => bad(reason, restore),
        })
    }
}

fn made_by(bundle: &Bundle) -> String {
    bundle.program.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::args::RunArgs;
    use crate::plan::settle;
    use tribunal_history::{Program, StoredFile};

    fn stored(store: &std::path::Path) -> Stored {
        let settled = settle(&RunArgs { seed: Some(5), ..RunArgs::default() }, store).unwrap();
        let folder = RunFolder::create(store, "a").unwrap();
        folder.replace_json("plan.json", &settled.plan).unwrap();
        let trial = crate::run::begun_for_tests(&folder, &settled, store);
        Stored { folder, trial }
    }

    fn bundle(stored: &Stored) -> Bundle {
        let plan = stored.folder.read_bytes("plan.json").unwrap();
        Bundle {
            tribunal_bundle: Bundle::VERSION,
            program: Program { version: "9.9.9".into(), revision: None, build: None },
            formats: Vec::new(),
            stop_on_violation: false,
            files: vec![StoredFile::of("plan.json", &plan)],
            trace: None,
            seal: Digest::default(),
        }
    }

    #[test]
    fn a_plan_is_taken_only_as_the_run_left_it() {
        let store = tempfile::tempdir().unwrap();
        let stored = stored(store.path());
        let bundle = bundle(&stored);
        assert_eq!(stored.plan(Some(&bundle)).unwrap(), stored.trial.plan);
        let mut plan = stored.trial.plan.clone();
        plan.nodes = 3;
        stored.folder.replace_json("plan.json", &plan).unwrap();
        let failure = stored.plan(Some(&bundle)).unwrap_err();
        assert_eq!(failure.exit, Exit::History);
        assert!(failure.message.ends_with("plan.json: it was changed since the run"));
        assert_eq!(stored.plan(None).unwrap().nodes, 3, "a live run needs no bundle");
        std::fs::remove_file(stored.folder.path().join("plan.json")).unwrap();
        assert!(stored.plan(None).unwrap_err().message.ends_with("it is missing"));
    }

    #[test]
    fn a_plan_of_another_version_names_the_program_that_made_it() {
        let store = tempfile::tempdir().unwrap();
        let stored = stored(store.path());
        stored.folder.replace("plan.json", b"{\"tribunal_plan\":7,\"new\":1}").unwrap();
        let bundle = bundle(&stored);
        let failure = stored.plan(Some(&bundle)).unwrap_err();
        assert!(failure.message.contains("version 7") && failure.help.contains("tribunal 9.9.9"));
        let no_plan = plan_of(b"{\"tribunal_plan\":1,\"new\":1}").unwrap_err();
        assert!(no_plan.is_foreign && no_plan.reason.contains("unknown field `new`"));
        stored.folder.replace("plan.json", b"{").unwrap();
        assert_eq!(stored.plan(None).unwrap_err().exit, Exit::History);
    }
}
