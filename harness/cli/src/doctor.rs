//! `tribunal doctor`: what this machine can and cannot do, and what each lack costs.

mod docker;

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;

use nix::sys::resource::{Resource, getrlimit};
use serde::Serialize;
use tribunal_nemesis::{NEMESES, Reach};

use crate::args::{Cli, Format};
use crate::environment;
use crate::exit::{Exit, Failure};
use crate::output;

/// Open files that are enough for any but large clusters or many clients.
const FILES_MIN: u64 = 1_024;
/// Free room below which a long run may not fit.
const ROOM_MIN: u64 = 512 << 20;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    name: &'static str,
    /// Whether it is as it should be.
    ok: bool,
    /// Whether nothing can run without it.
    required: bool,
    found: String,
    cost: &'static str,
    remedy: &'static str,
}

/// Runs `tribunal doctor`.
pub(crate) fn command(cli: &Cli) -> Result<Exit, Failure> {
    let mut findings = vec![
        loopback(),
        proc_file_system(),
        open_files(),
        processors(),
        memory(),
        store(&cli.store),
        locks(&cli.store),
        browser(),
    ];
    let broken = findings.iter().any(|finding| finding.required && !finding.ok);
    let (of_docker, docker) = docker::findings();
    findings.extend(of_docker);
    if cli.format == Format::Json {
        output::json(&findings);
    } else {
        print(&findings, broken, &docker);
    }
    Ok(if broken { Exit::Environment } else { Exit::Valid })
}

fn print(findings: &[Finding], broken: bool, docker: &str) {
    for finding in findings {
        let mark = match (finding.ok, finding.required) {
            (true, _) => "✓",
            (false, true) => "✗",
            (false, false) => "!",
        };
        output::line(format!("{mark} {:20} {}", finding.name, finding.found));
        if !finding.ok {
            output::line(format!("    cost    {}", finding.cost));
            output::line(format!("    remedy  {}", finding.remedy));
        }
    }
    output::line("");
    output::line(if broken {
        "the process cluster cannot run here"
    } else {
        "the process cluster can run here: partition, client, kill, pause, clock, power, packet \
         (delay and bandwidth)"
    });
    output::line(docker);
    output::line(format!("--cluster sim can run here: all of them, and alone {}", simulated()));
}

/// What only the simulator can do, by the names `--nemesis` takes.
fn simulated() -> String {
    let alone = NEMESES.iter().filter(|nemesis| nemesis.reach() == Reach::Simulated);
    let names: Vec<_> = alone.map(|nemesis| nemesis.name).collect();
    names.join(", ")
}

/// Nodes live at loopback addresses of their own.
fn loopback() -> Finding {
    let address = Ipv4Addr::new(127, 83, 201, 7);
    let bound = TcpListener::bind((address, 0));
    Finding {
        name: "loopback addresses",
        ok: bound.is_ok(),
        required: true,
        found: match &bound {
            Ok(_) => "127.0.0.0/8 can be listened on".into(),
            Err(error) => format!("cannot listen on {address}: {error}"),
        },
        cost: "no process cluster: each node has a loopback address of its own",
        remedy: "give the machine a whole loopback network: ip addr add 127.0.0.1/8 dev lo",
    }
}

fn proc_file_system() -> Finding {
    let ok = Path::new("/proc/self/stat").is_file() && Path::new("/proc/self/environ").is_file();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    Finding {
        name: "/proc",
        ok,
        required: true,
        found: if ok { format!("Linux {}", kernel.trim()) } else { "not mounted".into() },
        cost: "a killed run's nodes could not be told from foreign processes",
        remedy: "mount it: mount -t proc proc /proc",
    }
}

fn open_files() -> Finding {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap_or((0, 0));
    Finding {
        name: "open files",
        ok: hard >= FILES_MIN,
        required: false,
        found: format!("{soft}, which a run raises as it needs, up to {hard}"),
        cost: "runs with large clusters or many clients are refused",
        remedy: "raise the hard limit: ulimit -Hn 4096, or LimitNOFILE of the service",
    }
}

fn processors() -> Finding {
    let count = std::thread::available_parallelism().map_or(1, usize::from);
    Finding {
        name: "processors",
        ok: count >= 2,
        required: false,
        found: count.to_string(),
        cost: "nodes wait for each other and lose elections they should win",
        remedy: "run fewer nodes and a lower --rate",
    }
}

fn memory() -> Finding {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib: u64 = text
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))
        .and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse().ok())
        .unwrap_or(0);
    Finding {
        name: "memory",
        ok: kib >= 1 << 20,
        required: false,
        found: format!("{} MiB available", kib >> 10),
        cost: "hard histories end unknown: the checkers may use 1 GiB",
        remedy: "close something, or expect unknown where keys are long and contended",
    }
}

fn store(store: &Path) -> Finding {
    let made = std::fs::create_dir_all(store);
    let room = environment::room(store);
    Finding {
        name: "store",
        ok: made.is_ok() && room.is_none_or(|room| room >= ROOM_MIN),
        required: made.is_err(),
        found: match (&made, room) {
            (Err(error), _) => format!("{}: {error}", store.display()),
            (Ok(()), Some(room)) => format!("{}, {} MiB free", store.display(), room >> 20),
            (Ok(()), None) => store.display().to_string(),
        },
        cost: "runs cannot be recorded",
        remedy: "choose another folder with --store",
    }
}

/// A run's ledger is locked while the run lives.
fn locks(store: &Path) -> Finding {
    let path = store.join(format!(".doctor-{}", std::process::id()));
    let locked = std::fs::File::create(&path).and_then(|file| Ok(file.try_lock()?));
    // It may not have been made.
    let _ = std::fs::remove_file(&path);
    Finding {
        name: "file locks",
        ok: locked.is_ok(),
        required: true,
        found: match &locked {
            Ok(()) => "work in the store".into(),
            Err(error) => format!("do not work in the store: {error}"),
        },
        cost: "`tribunal clean` could not tell a live run from a dead one",
        remedy: "put the store on a local file system with --store",
    }
}

fn browser() -> Finding {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path).any(|folder| folder.join("xdg-open").is_file());
    Finding {
        name: "browser",
        ok: found,
        required: false,
        found: if found { "xdg-open" } else { "no xdg-open" }.into(),
        cost: "--open does nothing",
        remedy: "open the report's file URL yourself; it needs no network",
    }
}
