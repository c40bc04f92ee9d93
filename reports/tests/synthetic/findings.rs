//! What made-up runs are found to have.

use tribunal_history::{
    Clock, Cost, EventKindName, Finding, NodeId, ProcessId, Verdict, Witness, WitnessOperation,
    WitnessRole, WitnessStep,
};

use super::secs;

/// A stale read with its counterexample.
pub(crate) fn stale_read() -> Finding {
    let operation = |index, process, node, label: &str, times: (f64, f64), role| WitnessOperation {
        index,
        process: ProcessId(process),
        node: Some(NodeId(node)),
        label: label.into(),
        outcome: if times.1 > 0.0 { EventKindName::Ok } else { EventKindName::Info },
        invoked: secs(times.0),
        completed: (times.1 > 0.0).then(|| secs(times.1)),
        role,
    };
    let (ordered, refused) = (WitnessRole::Ordered, WitnessRole::Refused);
    let step = |operation, state: &str| WitnessStep { operation, state: state.into() };

    let witness = Witness {
        operations: vec![
            operation(90, 1, 1, "write 17 ← 4198", (2.870, 2.911), ordered),
            operation(101, 9, 2, "read 17 → 4198", (2.905, 3.102), ordered),
            operation(120, 3, 2, "write 17 ← 4207", (3.011, 3.204), ordered),
            operation(131, 9, 2, "read 17 → 4207", (3.216, 3.301), ordered),
            operation(140, 1, 1, "cas 17 4207 → 4210", (3.298, 0.0), WitnessRole::Waiting),
            operation(150, 7, 4, "read 17 → 4198", (3.352, 3.377), refused),
        ],
        order: vec![step(0, "4198"), step(1, "4198"), step(2, "4207"), step(3, "4207")],
        refused: vec![(5, "needs 4198, state is 4207".into())],
        core: 6,
        clock: Clock::Time,
        initial: "nil".into(),
        shrunk_from: 4_961,
        words: [
            "Let:",
            "  A = write 17 ← 4198, ok, process 1 at n1, from 2.870 s to 2.911 s",
            "  B = read 17 → 4198, ok, process 9 at n2, from 2.905 s to 3.102 s",
            "  C = write 17 ← 4207, ok, process 3 at n2, from 3.011 s to 3.204 s",
            "  D = read 17 → 4207, ok, process 9 at n2, from 3.216 s to 3.301 s",
            "  E = cas 17 4207 → 4210, unknown outcome, process 1 at n1, from 3.298 s on",
            "  F = read 17 → 4198, ok, process 7 at n4, from 3.352 s to 3.377 s",
            "Then:",
            "  only A writes 4198, and D saw 4207 before F began;",
            "  C ended 148 ms before F began, so when F began the value was 4207 or newer;",
            "  yet F saw 4198: a contradiction",
        ]
        .map(String::from)
        .to_vec(),
    };
    Finding {
        checker: "linearizable".into(),
        verdict: Verdict::Invalid,
        anomaly: "stale read".into(),
        subject: "key 17".into(),
        summary: "key 17 is not linearizable".into(),
        details: vec!["near-linear algorithm of register histories, then the search".into()],
        at: Some(secs(3.377)),
        misfit: None,
        witness: Some(witness),
        cost: Cost { operations: 3_991, keys: 20, states: 10_412, bytes: 4 << 20 },
    }
}
