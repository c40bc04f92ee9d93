//! Notes of messages: they change nothing, and every message that passed is told to have come.

#[allow(dead_code)]
mod rig;

use rig::{Trial, prepare};
use tribunal_history::{MessageFate, Nanos};
use tribunal_sim::{NoWatch, Noting, SimOptions, Simulated, Transport, Weather, simulate};

fn simulated(trial: &Trial, noting: Option<Noting>) -> Simulated {
    let (mut run, options) = prepare(trial);
    simulate(SimOptions { noting, ..options }, &mut run, &mut NoWatch).expect("a known core")
}

#[test]
fn who_takes_notes_changes_nothing() {
    for transport in [Transport::Stream, Transport::Datagram] {
        let trial = Trial {
            nemesis: "partition,kill,pause,packet",
            weather: Weather::CALM.over(transport),
            ..Trial::new(3)
        };
        let plain = simulated(&trial, None);
        let all = Noting { until: Nanos::MAX, most: usize::MAX };
        let noted = simulated(&trial, Some(all));
        assert_eq!((plain.trace, plain.events), (noted.trace, noted.events));
        assert!(plain.record.messages.is_none());

        let messages = noted.record.messages.expect("notes");
        assert_eq!(messages.left_out, 0);
        let of_nodes = |fate: Option<MessageFate>| {
            let messages = messages.messages.iter();
            let is_told = |it: MessageFate| fate.is_none_or(|fate| fate == it);
            messages.filter(|it| it.from.is_some() && it.to.is_some() && is_told(it.fate)).count()
        };
        // Every message that was sent, and besides what came once more.
        let again = of_nodes(Some(MessageFate::Repeated)) as u64;
        assert_eq!(of_nodes(None) as u64, noted.messages + again);
        assert!(of_nodes(Some(MessageFate::Came)) > 1_000);
        assert!(of_nodes(Some(MessageFate::Held)) + of_nodes(Some(MessageFate::Cut)) > 0);
        let in_time = messages.messages.iter().all(|it| it.ended.is_none_or(|end| end > it.sent));
        assert!(in_time, "a message comes after it is sent");
        let last = messages.messages.last().expect("a message");
        assert!(last.term.is_some() || last.label.contains("of process"), "{last:?}");

        // The last ones are the same, whatever came before them.
        let few = simulated(&trial, Some(Noting { until: Nanos::MAX, most: 50 }));
        let few = few.record.messages.expect("notes");
        let from = messages.messages.len() - 50;
        assert_eq!((few.left_out, &few.messages[..]), (from as u64, &messages.messages[from..]));
    }
}
