//! The machine: what it is, what it has, and the one reading of wall time.

use std::io::Read;
use std::path::Path;
use std::time::SystemTime;

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tribunal_history::{Environment, Plan};

use crate::exit::{Exit, Failure};

/// The time of day, RFC 3339 in UTC. The only wall time in a run.
#[expect(clippy::disallowed_methods, reason = "the one wall time of a run, in run.json")]
pub(crate) fn wall_clock() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

/// The same instant for the ages of files.
#[expect(clippy::disallowed_methods, reason = "the ages of files are told in wall time")]
pub(crate) fn now() -> SystemTime {
    SystemTime::now()
}

/// A secret for the nodes' admin channel: 128 bits from the kernel.
///
/// # Errors
/// If the kernel's random device cannot be read.
pub(crate) fn token() -> Result<String, Failure> {
    Ok(format!("{:016x}{:016x}", random_bits()?, random_bits()?))
}

/// 64 random bits from the kernel: for secrets, and for a seed nobody chose.
///
/// # Errors
/// If the kernel's random device cannot be read.
pub(crate) fn random_bits() -> Result<u64, Failure> {
    let mut bytes = [0; 8];
    std::fs::File::open("/dev/urandom")
        .and_then(|mut device| device.read_exact(&mut bytes))
        .map_err(|error| {
            Failure::new(
                Exit::Environment,
                format!("cannot read /dev/urandom: {error}"),
                "give a seed with --seed, and see that /dev is mounted",
            )
        })?;
    Ok(u64::from_le_bytes(bytes))
}

/// What a report says of the machine and the program.
pub(crate) fn describe(plan: &Plan) -> Environment {
    let read = |path: &str| {
        std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
    };
    let cpus = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:").map(|rest| rest.trim().to_owned()))
        .unwrap_or_default();
    let facts = [
        ("tribunal", env!("CARGO_PKG_VERSION").to_owned()),
        ("cluster", plan.cluster.clone()),
        ("kernel", read("/proc/sys/kernel/osrelease")),
        ("processors", cpus.to_string()),
        ("memory", memory),
        ("clock source", read("/sys/devices/system/clocksource/clocksource0/current_clocksource")),
        ("load at the start", read("/proc/loadavg")),
    ];
    let facts = facts.map(|(name, value)| (name.to_owned(), value));
    Environment { facts: facts.into_iter().filter(|(_, value)| !value.is_empty()).collect() }
}

/// Makes the store's folder and sees that there is room in it.
///
/// # Errors
/// If it cannot be made or written, or is as good as full.
pub(crate) fn require_room(store: &Path, bytes: u64) -> Result<(), Failure> {
    let help = "choose another folder with --store";
    let fail = |reason: String| {
        Failure::new(Exit::Environment, format!("store {}: {reason}", store.display()), help)
    };
    std::fs::create_dir_all(store).map_err(|error| fail(format!("cannot make it: {error}")))?;
    match room(store) {
        Some(room) if room < bytes => {
            Err(fail(format!("{} MiB free, {} MiB needed", room >> 20, bytes >> 20)))
        }
        _ => Ok(()),
    }
}

/// Sees that a run's sockets and files fit into what one process may open. The soft limit is raised
/// as far as needed; nodes inherit it.
///
/// # Errors
/// If the hard limit is too low: connections refused for want of descriptors would look like faults
/// of the system under test.
pub(crate) fn require_files(plan: &Plan) -> Result<(), Failure> {
    let needed = files_needed(plan);
    let raised = match getrlimit(Resource::RLIMIT_NOFILE) {
        Ok((soft, _)) if soft >= needed => return Ok(()),
        Ok((_, hard)) if hard >= needed => setrlimit(Resource::RLIMIT_NOFILE, needed, hard),
        Ok((_, hard)) => {
            return Err(Failure::new(
                Exit::Environment,
                format!("the run may open {needed} files and sockets, {hard} are allowed"),
                format!("raise the limit: ulimit -Hn {needed}; or take fewer --concurrency"),
            ));
        }
        Err(error) => Err(error),
    };
    raised.map_err(|error| {
        Failure::new(
            Exit::Environment,
            format!("cannot raise the limit of open files to {needed}: {error}"),
            format!("raise it before: ulimit -n {needed}"),
        )
    })
}

/// The most descriptors the controller holds in a run, rounded up: files and pipes of each node; a
/// listening socket and a connection's two ends for each directed link, twice while one is dialled
/// anew; for each client its socket and both ends in the proxy, twice while a late one lingers.
fn files_needed(plan: &Plan) -> u64 {
    let nodes = u64::from(plan.nodes);
    64 + nodes * 24 + nodes * nodes * 6 + u64::from(plan.concurrency) * 8
}

/// Bytes free in the file system of a folder, if that can be told.
pub(crate) fn room(folder: &Path) -> Option<u64> {
    let stat = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(stat.blocks_available() as u64 * stat.fragment_size() as u64)
}
