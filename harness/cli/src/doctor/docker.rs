//! What a Docker engine can do here.

use tribunal_cluster::ClusterError;
use tribunal_docker::{Survey, survey};

use super::{Finding, ROOM_MIN};
use crate::environment;

/// Free subnets below which parallel runs may not find one.
const SUBNETS_MIN: usize = 16;

/// What was found, and the last line about it.
pub(super) fn findings() -> (Vec<Finding>, String) {
    match look() {
        Ok(survey) => {
            let families = families(&survey);
            let all = vec![
                engine(&survey),
                cuts(&survey),
                packets(&survey),
                breaks(&survey),
                subnets(&survey),
                disk(&survey),
            ];
            (all, format!("the Docker cluster can run here: {families}"))
        }
        Err(error) => {
            let none = Finding {
                name: "docker engine",
                ok: false,
                required: false,
                found: error.to_string(),
                cost: "no --cluster docker: no lost, doubled or reordered packets, no containers",
                remedy: "see above; --cluster process needs none",
            };
            (vec![none], "the Docker cluster cannot run here".into())
        }
    }
}

fn look() -> Result<Survey, ClusterError> {
    let cannot = |what: &str, error: std::io::Error| ClusterError::Environment {
        what: format!("cannot {what}: {error}"),
        remedy: "see the limits of processes and memory".into(),
    };
    let program = std::env::current_exe().map_err(|error| cannot("find this program", error))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| cannot("start the runtime", error))?;
    runtime.block_on(survey(&program))
}

fn families(survey: &Survey) -> String {
    let abilities = &survey.abilities;
    let links = match (&abilities.no_cuts, &abilities.no_breaks) {
        (Some(_), _) => "client (lost replies only)",
        (None, Some(_)) => "partition and client (cuts that end in a reset are skipped)",
        (None, None) => "partition, client",
    };
    let packets = if abilities.no_packets.is_none() { ", packet" } else { "" };
    format!("{links}, kill, pause, clock, power{packets}")
}

fn engine(survey: &Survey) -> Finding {
    let Survey { version, api, kernel, image, image_is_new, .. } = survey;
    let image = format!("{image}{}", if *image_is_new { ", made just now" } else { "" });
    Finding {
        name: "docker engine",
        ok: true,
        required: false,
        found: format!("{version}, API {api}, Linux {kernel}, image {image}"),
        cost: "",
        remedy: "",
    }
}

fn ability(
    name: &'static str,
    lack: Option<&String>,
    can: &str,
    (cost, remedy): (&'static str, &'static str),
) -> Finding {
    Finding {
        name,
        ok: lack.is_none(),
        required: false,
        found: lack.cloned().unwrap_or_else(|| can.to_owned()),
        cost,
        remedy,
    }
}

fn cuts(survey: &Survey) -> Finding {
    ability(
        "docker: cuts",
        survey.abilities.no_cuts.as_ref(),
        "nftables works in containers",
        (
            "partition and client-cut are skipped on --cluster docker",
            "load nf_tables (modprobe nf_tables nft_reject_ipv4), or use --cluster process",
        ),
    )
}

fn packets(survey: &Survey) -> Finding {
    ability(
        "docker: packets",
        survey.abilities.no_packets.as_ref(),
        "TUN and raw sockets work in containers",
        (
            "packet faults are skipped on --cluster docker",
            "load tun (modprobe tun), so that /dev/net/tun is there",
        ),
    )
}

fn breaks(survey: &Survey) -> Finding {
    ability(
        "docker: resets",
        survey.abilities.no_breaks.as_ref(),
        "connections can be broken from within",
        (
            "cuts that end in a reset are skipped on --cluster docker",
            "use a kernel with CONFIG_INET_DIAG_DESTROY and inet_diag, as distributions have",
        ),
    )
}

fn subnets(survey: &Survey) -> Finding {
    Finding {
        name: "docker: subnets",
        ok: survey.subnets >= SUBNETS_MIN,
        required: false,
        found: format!("{} of 512 free in 198.18.0.0/15", survey.subnets),
        cost: "runs at the same time may find no subnet of their own",
        remedy: "tribunal clean; docker network prune",
    }
}

fn disk(survey: &Survey) -> Finding {
    let room = environment::room(survey.root.as_ref());
    Finding {
        name: "docker: disk",
        ok: room.is_none_or(|room| room >= ROOM_MIN),
        required: false,
        found: match room {
            Some(room) => format!("{}, {} MiB free", survey.root, room >> 20),
            None => format!("{}, whose room cannot be seen from here", survey.root),
        },
        cost: "containers cannot be made",
        remedy: "tribunal clean --images; docker system df",
    }
}
