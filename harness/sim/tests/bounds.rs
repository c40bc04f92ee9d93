//! A run that would never end is given up, and says why.

use tribunal_cluster::{Command, Interpreter, Report};
use tribunal_history::{Nanos, NodeId, Seed};
use tribunal_nodes::Config;
use tribunal_sim::{NoWatch, SimOptions, Simulated, Weather, simulate};
use tribunal_systems::KvClient;

/// Wants to be woken, always so long after the last time; of nothing, never.
struct Sleeper(Option<Nanos>);

impl Interpreter for Sleeper {
    fn handle(&mut self, now: Nanos, _: Report, out: &mut Vec<Command>) {
        out.extend(self.0.map(|wait| Command::WakeAt(now + wait)));
    }
}

fn run(core: &'static str, mut sleeper: Sleeper) -> Option<Simulated> {
    let options = SimOptions {
        core,
        config: Config::new(NodeId::all(3).collect()),
        client: || Box::new(KvClient::new()),
        seed: Seed(1),
        weather: Weather::CALM,
        rough: None,
        wall: Nanos::ZERO,
        limit: Nanos::from_secs(10),
        window: None,
        noting: None,
    };
    simulate(options, &mut sleeper, &mut NoWatch)
}

fn problem(sleeper: Sleeper) -> String {
    run("raft", sleeper).expect("a known core").problem.expect("it never ends")
}

#[test]
fn what_would_never_end_is_given_up() {
    assert!(problem(Sleeper(None)).contains("nothing is left to happen"));
    assert!(problem(Sleeper(Some(Nanos::from_secs(1)))).contains("virtual time"));
    assert!(problem(Sleeper(Some(Nanos::ZERO))).contains("time does not go on"));
}

#[test]
fn an_unknown_core_is_told() {
    assert!(run("paxos", Sleeper(None)).is_none());
}
