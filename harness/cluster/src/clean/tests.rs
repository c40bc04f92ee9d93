use std::process::{Child, Command, Stdio};
use std::time::Instant;

use tribunal_history::NodeId;

use super::*;
use crate::LedgerEntry;

/// A store with one run, whose ledger is locked until it is dropped.
struct Store {
    folder: tempfile::TempDir,
}

impl Store {
    fn new() -> Store {
        Store { folder: tempfile::tempdir().unwrap() }
    }

    fn run(&self, run_id: &str) -> Ledger {
        let folder = self.folder.path().join("runs").join(run_id);
        std::fs::create_dir_all(&folder).unwrap();
        Ledger::create(&folder, run_id).unwrap()
    }

    fn clean(&self, children: &[&Process]) -> CleanReport {
        let pids: Vec<u32> = children.iter().map(|process| process.identity.pid).collect();
        clean_among(self.folder.path(), &pids).unwrap()
    }
}

/// A process of the test's, ended when it is dropped.
struct Process {
    child: Child,
    identity: Identity,
}

impl Process {
    fn new(mark: Option<&RunMark>) -> Process {
        let mut command = Command::new("sleep");
        command.arg("1000").stdin(Stdio::null());
        if let Some(mark) = mark {
            command.env(RUN_VARIABLE, mark.to_value());
        }
        let child = command.spawn().unwrap();
        let identity = Identity::of(child.id()).unwrap();
        // While it becomes another program its environment is empty for a moment.
        let deadline = Instant::now() + Duration::from_secs(20);
        while procfs::variable(identity.pid, "PATH") == Variable::Unreadable {
            assert!(Instant::now() < deadline, "its environment stays empty");
            std::thread::yield_now();
        }
        Process { child, identity }
    }

    fn enter(&self, ledger: &Ledger) {
        let (node, process) = (NodeId(1), self.identity);
        ledger.enter(&LedgerEntry::Process { node, incarnation: 0, process }).unwrap();
    }

    fn lives(&self) -> bool {
        self.identity.is_running()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn what_a_dead_run_entered_is_ended_and_a_process_of_the_same_name_survives() {
    let store = Store::new();
    let ledger = store.run("dead");
    let (node, stranger) = (Process::new(Some(ledger.mark())), Process::new(None));
    node.enter(&ledger);
    drop(ledger);
    let report = store.clean(&[&node, &stranger]);
    assert_eq!(report.removed.len(), 1, "{report:?}");
    assert!(report.removed[0].contains("n1 of run dead"), "{report:?}");
    assert!(!node.lives() && stranger.lives());
    assert_eq!(store.clean(&[&node, &stranger]), CleanReport::default(), "nothing is left to do");
}

#[test]
fn a_run_that_goes_on_is_left_alone() {
    let store = Store::new();
    let ledger = store.run("live");
    let (entered, unentered) =
        (Process::new(Some(ledger.mark())), Process::new(Some(ledger.mark())));
    entered.enter(&ledger);
    let report = store.clean(&[&entered, &unentered]);
    assert_eq!(report, CleanReport { live: vec!["live".into()], ..CleanReport::default() });
    assert!(entered.lives() && unentered.lives());
}

#[test]
fn a_process_that_got_the_number_of_a_dead_one_survives() {
    let store = Store::new();
    let ledger = store.run("dead");
    let stranger = Process::new(None);
    let process = Identity { start_time: stranger.identity.start_time - 1, ..stranger.identity };
    ledger.enter(&LedgerEntry::Process { node: NodeId(1), incarnation: 0, process }).unwrap();
    drop(ledger);
    assert_eq!(store.clean(&[&stranger]), CleanReport::default());
    assert!(stranger.lives());
}

#[test]
fn a_process_without_the_mark_survives_even_if_the_ledger_names_it() {
    let store = Store::new();
    let (ledger, other) = (store.run("dead"), store.run("other"));
    let (unmarked, foreign) = (Process::new(None), Process::new(Some(other.mark())));
    unmarked.enter(&ledger);
    foreign.enter(&ledger);
    drop(ledger);
    let report = store.clean(&[]);
    assert_eq!((report.removed.len(), report.left.len()), (0, 2), "{report:?}");
    assert!(unmarked.lives() && foreign.lives());
}

#[test]
fn another_boot_left_no_processes() {
    let store = Store::new();
    let ledger = store.run("before");
    let node = Process::new(Some(ledger.mark()));
    node.enter(&ledger);
    let path = ledger.path().to_owned();
    let boot_id = ledger.mark().controller.boot_id.clone();
    drop(ledger);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace(&boot_id, "another boot")).unwrap();
    assert_eq!(store.clean(&[]), CleanReport::default());
    assert!(node.lives());
}

#[test]
fn one_started_and_not_entered_is_found_by_its_mark() {
    let store = Store::new();
    let ledger = store.run("dead");
    let node = Process::new(Some(ledger.mark()));
    drop(ledger);
    // Of another store too: the mark says where the ledger is.
    let report = Store::new().clean(&[&node]);
    assert_eq!(report.removed.len(), 1, "{report:?}");
    assert!(!node.lives());
}

#[test]
fn a_lost_ledger_is_replaced_by_its_controller() {
    let store = Store::new();
    let ledger = store.run("lost");
    let living = ledger.mark().clone();
    let mut ended = Process::new(None);
    let mut dead = living.clone();
    dead.controller.process = ended.identity;
    ended.child.kill().unwrap();
    ended.child.wait().unwrap();
    let (of_living, of_dead) = (Process::new(Some(&living)), Process::new(Some(&dead)));
    std::fs::remove_file(ledger.path()).unwrap();
    let report = store.clean(&[&of_living, &of_dead]);
    assert_eq!((report.removed.len(), report.live.len()), (1, 1), "{report:?}");
    assert!(of_living.lives() && !of_dead.lives());
}

#[test]
fn a_damaged_ledger_is_named_and_hides_nothing_else() {
    let store = Store::new();
    let damaged = store.run("a-damaged").path().to_owned();
    std::fs::write(&damaged, "no ledger\n").unwrap();
    let ledger = store.run("b-dead");
    let node = Process::new(Some(ledger.mark()));
    node.enter(&ledger);
    drop(ledger);
    let report = store.clean(&[]);
    assert_eq!((report.removed.len(), report.left.len()), (1, 1), "{report:?}");
    assert!(report.left[0].contains("a-damaged"), "{report:?}");
}

#[test]
fn a_run_killed_before_the_first_line_of_its_ledger_left_nothing() {
    let store = Store::new();
    let folder = store.folder.path().join("runs").join("early");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join(LEDGER_FILE), "").unwrap();
    assert_eq!(store.clean(&[]), CleanReport::default());
    std::fs::write(folder.join(LEDGER_FILE), "something else\n").unwrap();
    assert_eq!(store.clean(&[]).left.len(), 1, "that is no ledger, and is said");
}
