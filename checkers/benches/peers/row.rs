//! Which histories are judged, and by whom.

use tribunal_checkers::generate::{Functions, Generator, Written};
use tribunal_checkers::{Budget, Ruling, decide};
use tribunal_history::Seed;

use crate::judge::Judge;
use crate::subject::Subject;

/// Histories of a row: searches differ much in luck from one to the next.
const HISTORIES: usize = 5;

/// Seeds among which they are.
const SEEDS: u64 = 1_000;

/// Values, where they repeat.
const VALUES: u32 = 5;

/// Operations and clients. The largest are such that the peers take up to about a second for the
/// histories of one row.
const SIZES: [(u32, u32); 6] = [(10, 4), (20, 4), (100, 5), (100, 10), (300, 5), (1_000, 5)];

/// Histories of one kind.
#[derive(Clone, Copy)]
pub(crate) struct Row {
    /// Operations of each.
    pub(crate) operations: u32,
    /// Most of them that are open at a time.
    pub(crate) clients: u32,
    /// What is written.
    pub(crate) written: Written,
    /// Whether they are linearizable; if not, one read is stale.
    pub(crate) legal: bool,
}

impl Row {
    /// The rows in the order of the table.
    pub(crate) fn all() -> impl Iterator<Item = Row> {
        let kinds = [Written::Unique, Written::Of(VALUES)]
            .into_iter()
            .flat_map(|written| [(written, true), (written, false)]);
        kinds.flat_map(|(written, legal)| {
            SIZES.map(|(operations, clients)| Row { operations, clients, written, legal })
        })
    }

    /// The judges that answer in time.
    pub(crate) fn judges(&self) -> impl Iterator<Item = Judge> {
        // Without a memory of what failed, a history without an order is tried in every order.
        let most = if self.legal { 300 } else { 20 };
        let stateright = self.operations <= most && self.clients <= 5;
        Judge::ALL.into_iter().filter(move |judge| *judge != Judge::Stateright || stateright)
    }

    /// The first histories of this kind, by seed.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let generator = self.generator();
        let subjects: Vec<_> = (1..=SEEDS)
            .map(Seed)
            .filter(|seed| is_legal(&generator, *seed) == self.legal)
            .take(HISTORIES)
            .map(|seed| Subject::new(&generator, seed))
            .collect();
        assert_eq!(subjects.len(), HISTORIES, "{}: too few among the seeds", self.name());
        subjects
    }

    fn generator(&self) -> Generator {
        Generator {
            operations: self.operations,
            clients: self.clients,
            keys: 1,
            functions: Functions::Register,
            written: self.written,
            crashed: 0,
            stale_read: !self.legal,
        }
    }

    /// The row in criterion's words.
    pub(crate) fn name(&self) -> String {
        let legal = if self.legal { "valid" } else { "invalid" };
        format!("{} {legal}, {} of {}", self.values(), self.operations, self.clients)
    }

    /// How its values are.
    pub(crate) fn values(&self) -> String {
        match self.written {
            Written::Unique => "unique".to_owned(),
            Written::Of(count) => format!("{count} values"),
        }
    }
}

/// What is known of a history with a stale read only once it is judged: there may be no read that
/// could be stale, or the value it shows was written again.
fn is_legal(generator: &Generator, seed: Seed) -> bool {
    let operations = generator.generate(seed).remove(0);
    matches!(decide(&generator.model(), &operations, &Budget::DEFAULT).ruling, Ruling::Legal(_))
}
