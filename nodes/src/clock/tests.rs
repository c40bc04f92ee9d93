use proptest::prelude::*;

use super::*;

const SECOND: u64 = 1_000_000_000;

fn jump(clock: ClockKind, by_ns: i64) -> ClockFault {
    ClockFault::Jump { clock, by_ns }
}

fn drift(clock: ClockKind, ppm: i32) -> ClockFault {
    ClockFault::Drift { clock, ppm }
}

#[test]
fn without_fault_the_clocks_are_true() {
    let clock = ClockModel::new(Nanos(500));
    assert_eq!(clock.monotonic(Nanos(7)), Nanos(7));
    assert_eq!(clock.wall(Nanos(7)), Nanos(507));
    assert_eq!(clock.when(Nanos(9)), Nanos(9));
}

#[test]
fn a_jump_moves_one_clock_at_once() {
    let mut clock = ClockModel::new(Nanos(500));
    clock.apply(Nanos(10), jump(ClockKind::Wall, -100)).unwrap();
    assert_eq!(clock.wall(Nanos(20)), Nanos(420));
    assert_eq!(clock.monotonic(Nanos(20)), Nanos(20));
    clock.apply(Nanos(20), jump(ClockKind::Monotonic, 30)).unwrap();
    assert_eq!(clock.monotonic(Nanos(20)), Nanos(50));
    assert_eq!(clock.when(Nanos(60)), Nanos(30));
    assert_eq!(clock.when(Nanos(45)), Nanos(20), "already past: due at the jump");
}

#[test]
fn a_drift_is_a_rate() {
    let mut clock = ClockModel::new(Nanos::ZERO);
    clock.apply(Nanos::from_secs(1), drift(ClockKind::Monotonic, 500_000)).unwrap();
    assert_eq!(clock.monotonic(Nanos::from_secs(3)), Nanos::from_secs(4));
    assert_eq!(clock.when(Nanos::from_secs(4)), Nanos::from_secs(3));
    assert_eq!(clock.offsets(Nanos::from_secs(3)).monotonic_ns, SECOND as i64);
}

#[test]
fn a_frozen_clock_stands_still_and_goes_on_from_there() {
    let mut clock = ClockModel::new(Nanos(500));
    clock.apply(Nanos(10), ClockFault::Freeze { clock: ClockKind::Monotonic }).unwrap();
    assert_eq!(clock.monotonic(Nanos(99)), Nanos(10));
    assert_eq!(clock.when(Nanos(11)), Nanos::MAX, "no timer comes");
    assert_eq!(clock.when(Nanos(10)), Nanos(10), "but what was due is");
    assert_eq!(clock.wall(Nanos(99)), Nanos(599), "the other clock goes on");
    clock.heal(Nanos(100));
    assert_eq!(clock.monotonic(Nanos(101)), Nanos(11));
    assert_eq!(clock.when(Nanos(11)), Nanos(101));
}

#[test]
fn healing_steps_wall_back_and_keeps_the_monotonic_offset() {
    let mut clock = ClockModel::new(Nanos(500));
    clock.apply(Nanos(0), jump(ClockKind::Wall, 1_000)).unwrap();
    clock.apply(Nanos(0), jump(ClockKind::Monotonic, 40)).unwrap();
    clock.apply(Nanos(0), drift(ClockKind::Monotonic, 1_000_000)).unwrap();
    clock.heal(Nanos(10));
    assert_eq!(clock.offsets(Nanos(99)), ClockOffsets { wall_ns: 0, monotonic_ns: 50 });
    assert_eq!(clock.wall(Nanos(99)), Nanos(599));
    assert_eq!(clock.monotonic(Nanos(99)), Nanos(149));
}

#[test]
fn impossible_changes_are_refused_and_change_nothing() {
    let mut clock = ClockModel::new(Nanos(0));
    let faults = [
        (jump(ClockKind::Monotonic, -1), ClockRefused::MonotonicBack),
        (jump(ClockKind::Monotonic, i64::MIN), ClockRefused::MonotonicBack),
        (jump(ClockKind::Wall, i64::MIN), ClockRefused::JumpTooFar(i64::MIN)),
        (drift(ClockKind::Wall, -1_000_000), ClockRefused::DriftTooFar(-1_000_000)),
        (drift(ClockKind::Monotonic, i32::MAX), ClockRefused::DriftTooFar(i32::MAX)),
    ];
    for (fault, refused) in faults {
        assert_eq!(clock.apply(Nanos(5), fault), Err(refused));
    }
    assert_eq!(clock, ClockModel::new(Nanos(0)));
}

#[test]
fn a_deadline_beyond_everything_is_never() {
    let mut clock = ClockModel::new(Nanos(0));
    clock.apply(Nanos(5), drift(ClockKind::Monotonic, DRIFT_PPM_MIN)).unwrap();
    assert_eq!(clock.when(Nanos::MAX), Nanos::MAX);
}

#[derive(Clone, Debug)]
enum Change {
    Fault(ClockFault),
    Heal,
}

/// Changes, each so long after the one before.
fn changes() -> impl Strategy<Value = Vec<(u64, Change)>> {
    let clock = prop_oneof![Just(ClockKind::Wall), Just(ClockKind::Monotonic)];
    let change = prop_oneof![
        (clock.clone(), -3_600 * SECOND as i64..3_600 * SECOND as i64)
            .prop_map(|(clock, by_ns)| Change::Fault(jump(clock, by_ns))),
        (clock, DRIFT_PPM_MIN..=DRIFT_PPM_MAX)
            .prop_map(|(clock, ppm)| Change::Fault(drift(clock, ppm))),
        prop_oneof![Just(ClockKind::Wall), Just(ClockKind::Monotonic)]
            .prop_map(|clock| Change::Fault(ClockFault::Freeze { clock })),
        Just(Change::Heal),
    ];
    prop::collection::vec((0..100 * SECOND, change), 0..12)
}

fn changed(changes: &[(u64, Change)]) -> (ClockModel, Nanos) {
    let mut clock = ClockModel::new(Nanos(1_700_000_000 * SECOND));
    let mut now = Nanos::ZERO;
    for (after, change) in changes {
        now = now + Nanos(*after);
        match change {
            Change::Fault(fault) => {
                let _ = clock.apply(now, *fault);
            }
            Change::Heal => clock.heal(now),
        }
    }
    (clock, now)
}

proptest! {
    /// Through any faults and heals, at any steps, the monotonic clock never goes back.
    #[test]
    fn monotonic_never_goes_back(
        changes in changes(),
        steps in prop::collection::vec(0..3_u64, 0..20),
    ) {
        let mut clock = ClockModel::new(Nanos(0));
        let mut now = Nanos::ZERO;
        let mut shown = Nanos::ZERO;
        for (after, change) in changes {
            now = now + Nanos(after);
            for before in [true, false] {
                for step in &steps {
                    let next = clock.monotonic(now + Nanos(*step));
                    prop_assert!(clock.monotonic(now) <= next);
                }
                prop_assert!(clock.monotonic(now) >= shown);
                shown = clock.monotonic(now);
                match &change {
                    Change::Fault(fault) if before => {
                        let _ = clock.apply(now, *fault);
                    }
                    Change::Heal if before => clock.heal(now),
                    _ => {}
                }
            }
        }
    }

    /// `when` is the first moment at which the deadline has come.
    #[test]
    fn when_is_the_inverse(changes in changes(), ahead in 1..1_000 * SECOND) {
        let (clock, now) = changed(&changes);
        let deadline = clock.monotonic(now) + Nanos(ahead);
        let due = clock.when(deadline);
        if due == Nanos::MAX {
            let much_later = now + Nanos(100_000 * SECOND);
            prop_assert_eq!(clock.monotonic(much_later), clock.monotonic(now));
            return Ok(());
        }
        prop_assert!(due > now);
        prop_assert!(clock.monotonic(due) >= deadline);
        prop_assert!(clock.monotonic(Nanos(due.0 - 1)) < deadline);
    }

    /// After a heal both clocks run at the true rate and the wall clock is right.
    #[test]
    fn healed_clocks_are_true(changes in changes(), later in 0..1_000 * SECOND) {
        let (mut clock, now) = changed(&changes);
        let kept = clock.offsets(now).monotonic_ns;
        clock.heal(now);
        let healed = ClockOffsets { wall_ns: 0, monotonic_ns: kept };
        prop_assert_eq!(clock.offsets(now), healed);
        prop_assert_eq!(clock.offsets(now + Nanos(later)), healed);
    }

    /// A change of rate alone moves nothing at that moment.
    #[test]
    fn a_drift_does_not_jump(changes in changes(), ppm in DRIFT_PPM_MIN..=DRIFT_PPM_MAX) {
        let (mut clock, now) = changed(&changes);
        let before = (clock.wall(now), clock.monotonic(now));
        clock.apply(now, drift(ClockKind::Wall, ppm)).unwrap();
        clock.apply(now, drift(ClockKind::Monotonic, ppm)).unwrap();
        prop_assert_eq!((clock.wall(now), clock.monotonic(now)), before);
    }
}
