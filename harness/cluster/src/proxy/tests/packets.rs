//! Links whose bytes come late, at random, or at a limited rate.
//!
//! What is asserted of time is that nothing was too early; how late it was is the machine's affair.

use super::*;
use crate::proxy::queue::Queue;

#[tokio::test]
async fn a_delay_is_kept_counted_and_its_heal_lets_go_at_once() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    let began = Instant::now();
    rig.ahead.set(late(60, 0));
    say(&mut near, "late").await;
    hear(&mut far, "late").await;
    assert!(began.elapsed() >= Duration::from_millis(60));
    say(&mut far, "the other way").await;
    hear(&mut near, "the other way").await;
    assert_eq!(rig.back.counters().delayed, 0);
    let counters = rig.ahead.counters();
    assert_eq!((counters.delayed, counters.passed, counters.stopped()), (1, 4, 0));
    assert!(counters.delay_sum >= 60_000_000 && counters.delay_max == counters.delay_sum);
    rig.ahead.set(late(1_000_000, 0));
    say(&mut near, "very late").await;
    until(&rig.ahead, "bytes wait", |now| now.waiting == 9).await;
    rig.ahead.set(LinkState::default());
    hear(&mut far, "very late").await;
    // The longest delay counts from the time the link was last unharmed.
    rig.ahead.set(late(1, 0));
    assert_eq!(rig.ahead.counters().delay_max, 0);
}

#[tokio::test]
async fn jitter_spreads_delays_and_keeps_the_order_of_bytes() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(late(20, 20));
    let mut times = Vec::new();
    for number in 0..40_u8 {
        // The next one is said when this one is heard, so each is a chunk of its own.
        let began = Instant::now();
        near.write_all(&[number]).await.unwrap();
        let mut heard = [0];
        timeout(PATIENCE, far.read_exact(&mut heard)).await.unwrap().unwrap();
        assert_eq!(heard, [number]);
        times.push(began.elapsed());
    }
    let (least, most) = (times.iter().min().unwrap(), times.iter().max().unwrap());
    assert!(*most >= Duration::from_millis(30), "some are late: {most:?}");
    assert!(*least < *most - Duration::from_millis(5), "not all alike: {least:?} to {most:?}");
    // Many at once: whatever was drawn for each, they come in order.
    let (_reader, mut writer) = near.into_split();
    let writing = tokio::spawn(async move {
        for number in 0..200_u8 {
            writer.write_all(&[number]).await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let mut heard = [0; 200];
    timeout(PATIENCE, far.read_exact(&mut heard)).await.unwrap().unwrap();
    assert!(heard.iter().copied().eq(0..200), "{heard:?}");
    writing.await.unwrap();
}

#[tokio::test]
async fn a_bandwidth_is_kept_by_all_connections_of_a_link_together() {
    let rig = Rig::new().await;
    let (mut one, mut one_far) = rig.pair().await;
    let (mut two, mut two_far) = rig.pair().await;
    rig.ahead.set(narrow(100_000));
    let began = Instant::now();
    let bytes: Vec<u8> = (0..10_000).map(|index| (index % 251) as u8).collect();
    one.write_all(&bytes).await.unwrap();
    two.write_all(&bytes).await.unwrap();
    let mut heard = [vec![0; bytes.len()], vec![0; bytes.len()]];
    let [first, second] = &mut heard;
    let both = tokio::join!(one_far.read_exact(first), two_far.read_exact(second));
    assert!(both.0.is_ok() && both.1.is_ok());
    // 20,000 bytes at 100,000 a second, of which the first 20 milliseconds' worth may be on credit.
    assert!(began.elapsed() >= Duration::from_millis(180), "{:?}", began.elapsed());
    assert!(heard.iter().all(|it| *it == bytes), "in order and complete");
    assert!(rig.ahead.counters().delayed >= 2);
    // The other direction has its own.
    one_far.write_all(&bytes).await.unwrap();
    timeout(PATIENCE, one.read_exact(&mut heard[0])).await.unwrap().unwrap();
    assert_eq!(rig.back.counters().delayed, 0);
}

#[tokio::test]
async fn what_a_bandwidth_held_back_flows_when_it_is_raised_or_healed() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(narrow(1));
    let bytes = vec![7; 4_000];
    near.write_all(&bytes).await.unwrap();
    until(&rig.ahead, "bytes wait", |now| now.waiting == 4_000).await;
    assert!(is_silent(&far), "a packet's worth takes twenty minutes");
    rig.ahead.set(narrow(1_000_000));
    let mut heard = vec![0; bytes.len()];
    timeout(PATIENCE, far.read_exact(&mut heard)).await.unwrap().unwrap();
    rig.ahead.set(narrow(1));
    near.write_all(&bytes).await.unwrap();
    until(&rig.ahead, "bytes wait", |now| now.waiting == 4_000).await;
    rig.ahead.set(LinkState::default());
    timeout(PATIENCE, far.read_exact(&mut heard)).await.unwrap().unwrap();
    assert_eq!(rig.ahead.counters().delayed, 2);
}

#[tokio::test]
async fn a_cut_is_stronger_than_harm_and_the_end_of_a_connection_waits_behind_its_bytes() {
    let rig = Rig::new().await;
    let (mut near, mut far) = rig.pair().await;
    rig.ahead.set(late(1, 0).merge(LinkState::under(DELIVER)));
    say(&mut near, "last words").await;
    near.shutdown().await.unwrap();
    until(&rig.ahead, "bytes wait", |now| now.held == 10).await;
    assert_eq!((rig.ahead.counters().passed, is_silent(&far)), (0, true));
    rig.ahead.set(late(50, 50));
    hear(&mut far, "last words").await;
    assert!(!ends_by_reset(&mut far).await, "an ordinary end, after the bytes");
}

#[test]
fn equal_seeds_equal_jitter() {
    // What the first chunk of each of thirty connections is drawn.
    let drawn = |seed| -> Vec<u64> {
        let gate = Gate::new(Seed(seed));
        (0..30).map(|_| Queue::new(&gate).draw(1_000)).collect()
    };
    assert_eq!(drawn(5), drawn(5));
    assert_ne!(drawn(5), drawn(6));
    let distinct: std::collections::BTreeSet<_> = drawn(5).into_iter().collect();
    assert!(distinct.len() > 20 && distinct.iter().all(|it| *it <= 1_000), "{distinct:?}");
}
