//! A counter that four threads share, and that loses an addition now and then: it reads, adds and
//! writes, and others do so in between. The checker shows how.

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering};
use std::thread;

use tribunal_checkers::{Counter, CounterInput, CounterOutput, Recorder, Verdict, check};

/// A counter that is not atomic, though its parts are.
struct Broken(AtomicI64);

impl Broken {
    fn add(&self, more: i64) {
        let before = self.0.load(Ordering::SeqCst);
        thread::yield_now();
        self.0.store(before + more, Ordering::SeqCst);
    }

    fn read(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

fn main() -> ExitCode {
    let counter = Broken(AtomicI64::new(0));
    let log = Recorder::<Counter>::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..1_000 {
                    log.record(CounterInput::Add(1), || {
                        counter.add(1);
                        CounterOutput::Done
                    });
                    log.record(CounterInput::Read, || CounterOutput::Value(counter.read()));
                }
            });
        }
    });
    let report = check(&Counter, &log);
    println!("{report}");
    match report.verdict {
        Verdict::Valid => ExitCode::SUCCESS,
        Verdict::Unknown | Verdict::Invalid => ExitCode::FAILURE,
    }
}
