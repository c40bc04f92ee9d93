//! Requests passed on, and what may be said of them.

use tribunal_history::{Mark, Value};

use super::bench::{Bench, N2, N3, config, get, put};
use crate::raft::Message;
use crate::raft::core::FORWARD;
use crate::{Config, Event, Refusal, RequestBody, Response};

fn forward(term: u64, token: u64, body: RequestBody) -> Message {
    Message::Forward { term, incarnation: 77, token, body }
}

fn answer(token: u64, response: Response) -> Message {
    Message::Forwarded { incarnation: 77, token, response }
}

/// The incarnation and number of what was passed on to node 2.
fn passed_on(bench: &mut Bench) -> (u64, u64) {
    match bench.take(N2).last() {
        Some(Message::Forward { incarnation, token, .. }) => (*incarnation, *token),
        other => panic!("nothing was passed on: {other:?}"),
    }
}

#[test]
fn a_follower_passes_a_request_on_and_the_answer_back() {
    let mut bench = Bench::follower(config(3), &[1], 0);
    let request = bench.request(get());
    let (incarnation, token) = passed_on(&mut bench);
    assert!(bench.has_mark(Mark::Forwarded));
    let response = Response::Read(Value::Int(3));
    bench.tell(N2, Message::Forwarded { incarnation, token, response: response.clone() });
    assert_eq!(bench.reply(request), Some(&response));
    // A copy of the answer, or one for another incarnation, answers nobody.
    let request = bench.request(get());
    bench.tell(N2, Message::Forwarded { incarnation, token, response: response.clone() });
    let other = incarnation + 1;
    bench.tell(N2, Message::Forwarded { incarnation: other, token: token + 1, response });
    assert_eq!(bench.reply(request), None);
}

#[test]
fn a_lost_forward_ends_as_unknown() {
    let mut bench = Bench::follower(config(3), &[1], 0);
    let request = bench.request(put(1, 1, 1));
    bench.now += 1_999;
    bench.event(Event::Timer(FORWARD));
    assert_eq!(bench.reply(request), None);
    bench.now += 1;
    bench.event(Event::Timer(FORWARD));
    assert_eq!(bench.reply(request), Some(&Response::Unknown));
}

#[test]
fn a_request_without_leader_is_refused() {
    let mut bench = Bench::new(config(3));
    let request = bench.request(put(1, 1, 1));
    assert_eq!(bench.reply(request), Some(&Response::Refused(Refusal::NoLeader)));
}

#[test]
fn what_is_passed_on_is_bounded() {
    let mut bench = Bench::follower(Config { pending: 2, ..config(3) }, &[1], 0);
    let requests: Vec<u64> = (0..3).map(|_| bench.request(put(1, 1, 1))).collect();
    assert_eq!(bench.reply(requests[1]), None);
    assert_eq!(bench.reply(requests[2]), Some(&Response::Refused(Refusal::Overloaded)));
}

#[test]
fn a_leader_takes_a_forwarded_request_once() {
    let mut bench = Bench::leader(config(3));
    let index = bench.core.last_index();
    for _ in 0..3 {
        bench.tell(N3, forward(1, 1, RequestBody::OpenSession));
    }
    assert_eq!(bench.core.last_index(), index + 1);
    bench.sync();
    bench.sent.clear();
    bench.accept(N2, index + 1);
    assert_eq!(bench.take(N3), [answer(1, Response::Session(index + 1))]);
}

#[test]
fn a_copy_from_an_earlier_incarnation_hides_nothing() {
    // Refused, so it must never be appended: not even if something older arrives in between.
    let mut bench = Bench::leader(Config { pending: 1, ..config(3) });
    let index = bench.core.last_index();
    bench.tell(N3, forward(1, 1, RequestBody::OpenSession));
    let restarted = || Message::Forward { term: 1, incarnation: 78, token: 1, body: put(1, 1, 1) };
    let incarnation = 78;
    let response = Response::Refused(Refusal::Overloaded);
    let refused = Message::Forwarded { incarnation, token: 1, response };
    assert_eq!(bench.answers(N3, restarted()), [refused]);
    bench.accept(N2, index + 1);
    bench.tell(N3, forward(1, 1, RequestBody::OpenSession));
    bench.tell(N3, restarted());
    assert_eq!(bench.core.last_index(), index + 1);
}

#[test]
fn only_the_leader_it_was_meant_for_may_refuse_a_command() {
    // A copy may have been appended by the leader of the term named: nobody else can deny that.
    let mut follower = Bench::follower(config(3), &[1], 0);
    let unknown = answer(1, Response::Unknown);
    assert_eq!(follower.answers(N3, forward(1, 1, put(1, 1, 1))), std::slice::from_ref(&unknown));
    let mut leader = Bench::leader(config(3));
    assert_eq!(leader.answers(N3, forward(0, 1, put(1, 1, 1))), [unknown]);
    // A read has no effect wherever it went.
    let refused = answer(2, Response::Refused(Refusal::NoLeader));
    assert_eq!(follower.answers(N3, forward(1, 2, get())), [refused]);
    let mut full = Bench::leader(Config { pending: 0, ..config(3) });
    let refused = answer(1, Response::Refused(Refusal::Overloaded));
    assert_eq!(full.answers(N3, forward(1, 1, put(1, 1, 1))), [refused]);
}

#[test]
fn a_leader_that_steps_down_tells_who_passed_requests_on() {
    let mut bench = Bench::leader(config(3));
    bench.tell(N3, forward(1, 1, put(1, 1, 1)));
    bench.sent.clear();
    bench.tell(N2, Message::HeartbeatReply { term: 4, round: 0 });
    bench.sync();
    assert_eq!(bench.take(N3), [answer(1, Response::Unknown)]);
}
