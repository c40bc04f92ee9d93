//! The monitor against a judge that tries every order of every prefix.

mod rig;

use rig::{Shape, brute_verdict, random_history, show};
use tribunal_checkers::{Checker, Linearizable, Watching};
use tribunal_history::{History, Seed, Verdict};

/// The first `count` events of a history.
fn prefix(history: &History, count: usize) -> History {
    let mut cut = History::new();
    *cut.values_mut() = history.values().clone();
    for event in &history.events()[..count] {
        cut.push(*event).unwrap();
    }
    cut
}

/// The first event after which no order is legal, by brute force.
fn first_bad(history: &History) -> Option<u32> {
    (brute_verdict(history) == Verdict::Invalid).then(|| {
        (0..history.len())
            .find(|event| brute_verdict(&prefix(history, event + 1)) == Verdict::Invalid)
            .unwrap() as u32
    })
}

/// The event of the monitor's alarm, given the history event by event, and what it held at the end.
fn alarm(checker: &Linearizable, history: &History) -> (Option<u32>, Watching) {
    let mut monitor = checker.monitor().unwrap();
    let mut grown = History::new();
    *grown.values_mut() = history.values().clone();
    for event in history.events() {
        grown.push(*event).unwrap();
        if let Some(alarm) = monitor.follow(&grown) {
            return (Some(alarm.event), monitor.state());
        }
    }
    (None, monitor.state())
}

#[test]
fn a_stream_raises_the_alarm_at_the_very_event() {
    let unique = Shape { unique: true, ..Shape::SMALL };
    let shapes = [
        unique,
        Shape { info_every: 2, ..unique },
        Shape { info_every: 0, ..unique },
        Shape { keys: 2, operations: 14, lie_every: 4, ..unique },
    ];
    let mut raised = 0;
    const COUNT: u64 = 30_000;
    for number in 0..COUNT {
        let mut random = Seed(11).child_at("stream", number).random();
        let mut shape = shapes[number as usize % shapes.len()];
        shape.operations = random.between(3, shape.operations);
        let history = random_history(&mut random, shape);
        let (alarm, watching) = alarm(&Linearizable::register(), &history);
        assert_eq!(alarm, first_bad(&history), "history {number}\n{}", show(&history));
        assert_eq!(watching.given_up, 0);
        raised += u64::from(alarm.is_some());
    }
    assert!((COUNT / 5..COUNT * 3 / 4).contains(&raised), "{raised} alarms in {COUNT}");
}

/// Where values repeat or are appended to, keys are judged anew now and then: later, never wrongly.
#[test]
fn no_alarm_is_false() {
    let shapes = [Shape::SMALL, Shape { map: true, ..Shape::SMALL }];
    let mut raised = 0;
    for number in 0..4_000 {
        let mut random = Seed(12).child_at("rechecks", number).random();
        let mut shape = shapes[number as usize % shapes.len()];
        shape.operations = random.between(8, 12);
        let history = random_history(&mut random, shape);
        let checker = if shape.map { Linearizable::kv() } else { Linearizable::register() };
        if let (Some(event), _) = alarm(&checker, &history) {
            let bad = prefix(&history, event as usize + 1);
            assert_eq!(brute_verdict(&bad), Verdict::Invalid, "{}", show(&history));
            raised += 1;
        }
    }
    assert!(raised > 300, "{raised} alarms");
}

#[test]
fn what_is_held_does_not_grow_with_the_history() {
    let shape = Shape { clients: 32, operations: 0, lie_every: 0, info_every: 0, ..Shape::SMALL };
    let mut most = [0; 2];
    for (place, operations) in [3_000, 30_000].into_iter().enumerate() {
        let mut random = Seed(13).random();
        let history = random_history(&mut random, Shape { operations, unique: true, ..shape });
        let mut monitor = Linearizable::register().monitor().unwrap();
        let mut grown = History::new();
        *grown.values_mut() = history.values().clone();
        for event in history.events() {
            grown.push(*event).unwrap();
            assert_eq!(monitor.follow(&grown), None);
            most[place] = most[place].max(monitor.state().values);
        }
    }
    assert!(most[1] < 200 && most[1] < most[0] * 2, "values held: {most:?}");
}
