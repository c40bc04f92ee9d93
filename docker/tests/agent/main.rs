//! The agent in a network namespace of its own, against the kernel.

mod cuts;
mod harms;
mod lab;
mod server;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use tribunal_docker::agent::{AgentOptions, heal, run};

/// No test: what the others start as a process of its own in the node's namespace.
#[test]
fn agent_process() {
    let Ok(role) = std::env::var("TRIBUNAL_TEST_AGENT") else { return };
    let patience = std::env::var("TRIBUNAL_TEST_PATIENCE").expect("how long");
    let options = AgentOptions {
        listen: SocketAddr::from((Ipv4Addr::UNSPECIFIED, lab::AGENT_PORT)),
        token: lab::TOKEN.to_owned(),
        patience: Duration::from_millis(patience.parse().expect("a number")),
    };
    if let Ok(kept) = std::env::var("TRIBUNAL_TEST_CAPABILITIES") {
        keep_capabilities(kept.split_whitespace().map(|one| one.parse().expect("a number")));
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.expect("a runtime");
    let result = match role.as_str() {
        "run" => runtime.block_on(run(options)),
        _ => runtime.block_on(heal(options)),
    };
    if let Err(error) = &result {
        eprintln!("{role}: {error}");
    }
    std::process::exit(i32::from(result.is_err()) * 3);
}

/// Gives up every capability of this thread, and of those it starts, but these.
fn keep_capabilities(kept: impl Iterator<Item = u32>) {
    const VERSION_3: u32 = 0x2008_0522;
    let kept = kept.fold(0, |mask, number| mask | 1_u32 << number);
    let header = [VERSION_3, 0];
    // Effective, permitted and inheritable, for the first 32 and for the others.
    let sets = [kept, kept, 0, 0, 0, 0];
    // SAFETY: the two structures of this call are two and six numbers of 32 bits, and live.
    let result = unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) };
    assert_eq!(result, 0, "{}", std::io::Error::last_os_error());
}
