//! How messages, disks and starts fare when no fault is in force.

use std::collections::BTreeMap;

use tribunal_history::{Nanos, Random};

/// How long something takes. Integers throughout: equal seeds give equal times on any machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delay {
    /// Always this.
    Constant(Nanos),
    /// Anything between, evenly.
    Uniform {
        /// At least.
        min: Nanos,
        /// At most.
        max: Nanos,
    },
    /// Mostly near the least, rarely far from it: `min` and an exponential part, cut at twenty
    /// times its mean.
    Exponential {
        /// At least.
        min: Nanos,
        /// Mean of what comes on top.
        mean: Nanos,
    },
    /// Mostly short, and now and then very long, as a network's tail is.
    HeavyTail {
        /// At least.
        min: Nanos,
        /// Usually at most.
        usual: Nanos,
        /// At most.
        max: Nanos,
        /// How many of a million are longer than usual.
        tail_ppm: u32,
    },
}

impl Delay {
    /// 0.2 to 30 ms, evenly: what is sent first often comes last.
    pub const JITTER: Delay =
        Delay::Uniform { min: Nanos::from_micros(200), max: Nanos::from_millis(30) };
    /// 5 ms and an exponential part of 10 ms in the mean, as between far cities.
    pub const SLOW: Delay =
        Delay::Exponential { min: Nanos::from_millis(5), mean: Nanos::from_millis(10) };
    /// 40 ms, always.
    pub const FAR: Delay = Delay::Constant(Nanos::from_millis(40));
    /// A local network of which one message in a hundred takes up to 300 ms.
    pub const TAIL: Delay = Delay::HeavyTail {
        min: Nanos::from_micros(200),
        usual: Nanos::from_millis(1),
        max: Nanos::from_millis(300),
        tail_ppm: 10_000,
    };

    /// Nothing is left to chance: the time it usually takes, its median but for a heavy tail.
    #[must_use]
    pub const fn usual(self) -> Delay {
        let time = match self {
            Delay::Constant(time) => time,
            Delay::Uniform { min, max } => Nanos(min.0.midpoint(max.0)),
            Delay::Exponential { min, mean } => {
                Nanos(min.0 + ((mean.0 as u128 * LN_2) >> 16) as u64)
            }
            Delay::HeavyTail { min, usual, .. } => Nanos(min.0.midpoint(usual.0)),
        };
        Delay::Constant(time)
    }

    /// What one link of uneven ones has.
    pub(crate) fn of_a_link(random: &mut Random) -> Delay {
        let all = [Weather::CALM.delay, Delay::JITTER, Delay::SLOW, Delay::TAIL, Delay::FAR];
        all[random.below(all.len() as u64) as usize]
    }

    /// One draw.
    pub fn draw(self, random: &mut Random) -> Nanos {
        match self {
            Delay::Constant(time) => time,
            Delay::Uniform { min, max } => between(random, min, max),
            Delay::Exponential { min, mean } => min + exponential(random, mean),
            Delay::HeavyTail { min, usual, max, tail_ppm } => {
                if random.chance(u64::from(tail_ppm), 1_000_000) {
                    between(random, usual, max)
                } else {
                    between(random, min, usual)
                }
            }
        }
    }
}

fn between(random: &mut Random, min: Nanos, max: Nanos) -> Nanos {
    Nanos(random.between(min.0, max.0.max(min.0)))
}

/// ln 2 in 65,536ths.
const LN_2: u128 = 45_426;

/// −ln u for a uniform u, with the logarithm of the mantissa taken as linear (0.086 off at most).
fn exponential(random: &mut Random, mean: Nanos) -> Nanos {
    let bits = random.bits() | 1;
    let zeros = u128::from(bits.leading_zeros());
    // The 16 bits behind the leading one.
    let mantissa = u128::from((bits << bits.leading_zeros() << 1) >> 48);
    let log2 = ((zeros + 1) << 16) - mantissa;
    let time = (u128::from(mean.0) * log2 * LN_2) >> 32;
    Nanos(u64::try_from(time).unwrap_or(u64::MAX).min(mean.0.saturating_mul(20)))
}

/// What carries messages between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Transport {
    /// As TCP: in order, a lost packet costs time, what is lost is lost with its connection.
    #[default]
    Stream,
    /// As UDP: late, lost, doubled and overtaken one by one, and an old one may reach a node that
    /// has been started again.
    Datagram,
}

/// The weather of a run: what its network and disks do by themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weather {
    /// What carries messages between nodes.
    pub transport: Transport,
    /// How long a message is under way, between nodes and between clients and nodes.
    pub delay: Delay,
    /// Whether each directed link has a delay of its own instead, drawn from the seed.
    pub is_uneven: bool,
    /// Packets lost, in a million.
    pub loss_ppm: u32,
    /// Packets that come twice, in a million; only of datagrams.
    pub duplicate_ppm: u32,
    /// How long a sync takes.
    pub sync: Delay,
    /// How long a node takes to start.
    pub start: Delay,
}

impl Weather {
    /// A local network and a good disk: 0.2 to 1 ms, syncs of 0.3 ms and more.
    pub const CALM: Weather = Weather {
        transport: Transport::Stream,
        delay: Delay::Uniform { min: Nanos::from_micros(200), max: Nanos::from_millis(1) },
        is_uneven: false,
        loss_ppm: 0,
        duplicate_ppm: 0,
        sync: Delay::Exponential { min: Nanos::from_micros(300), mean: Nanos::from_micros(500) },
        start: Delay::Uniform { min: Nanos::from_millis(20), max: Nanos::from_millis(60) },
    };

    /// The same without anything that is left to chance.
    #[must_use]
    pub const fn still(self) -> Weather {
        Weather {
            transport: self.transport,
            delay: self.delay.usual(),
            is_uneven: self.is_uneven,
            loss_ppm: 0,
            duplicate_ppm: 0,
            sync: self.sync.usual(),
            start: self.start.usual(),
        }
    }

    /// The same network, with messages on their own.
    #[must_use]
    pub const fn over(self, transport: Transport) -> Weather {
        Weather { transport, ..self }
    }
}

/// The options of a simulated cluster, as `--option NAME=VALUE` takes them.
pub const SIM_OPTIONS: &[&str] = &["transport", "delay", "loss-ppm", "duplicate-ppm"];

/// The most packets lost or doubled, in a million.
const PPM_MAX: u32 = 300_000;

/// An option with a value it cannot have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("option {name}={value}: say {known}")]
pub struct SimOptionError {
    name: &'static str,
    value: String,
    known: &'static str,
}

impl Weather {
    /// The weather a plan's options ask for.
    ///
    /// # Errors
    /// If one has a value it cannot have.
    pub fn read(options: &BTreeMap<String, String>) -> Result<Weather, SimOptionError> {
        let refused =
            |name, value: &str, known| Err(SimOptionError { name, value: value.to_owned(), known });
        let transport = match options.get("transport").map(String::as_str) {
            None | Some("stream") => Transport::Stream,
            Some("datagram") => Transport::Datagram,
            Some(value) => return refused("transport", value, "stream or datagram"),
        };
        let delay = match options.get("delay").map(String::as_str) {
            None | Some("local") => Weather::CALM.delay,
            Some("jitter") => Delay::JITTER,
            Some("slow") => Delay::SLOW,
            Some("tail") => Delay::TAIL,
            Some("constant") => Weather::CALM.delay.usual(),
            Some("uneven") => Weather::CALM.delay,
            Some(value) => {
                let known = "local, constant, jitter, slow, tail or uneven";
                return refused("delay", value, known);
            }
        };
        let is_uneven = options.get("delay").is_some_and(|delay| delay == "uneven");
        let ppm = |name| match options.get(name) {
            None => Ok(0),
            Some(value) => match value.parse() {
                Ok(ppm) if ppm <= PPM_MAX => Ok(ppm),
                _ => refused(name, value, "a number up to 300000").map(|_| 0),
            },
        };
        let (loss_ppm, duplicate_ppm) = (ppm("loss-ppm")?, ppm("duplicate-ppm")?);
        Ok(Weather { transport, delay, is_uneven, loss_ppm, duplicate_ppm, ..Weather::CALM })
    }
}

impl Default for Weather {
    fn default() -> Self {
        Weather::CALM
    }
}

#[cfg(test)]
mod tests {
    use tribunal_history::Seed;

    use super::*;

    fn draws(delay: Delay) -> Vec<u64> {
        let mut random = Seed(3).random();
        let mut drawn: Vec<u64> = (0..20_000).map(|_| delay.draw(&mut random).0).collect();
        drawn.sort_unstable();
        drawn
    }

    #[test]
    fn uniform_delays_cover_their_range_and_stay_in_it() {
        let drawn = draws(Delay::Uniform { min: Nanos(10), max: Nanos(19) });
        assert_eq!((drawn[0], drawn[drawn.len() - 1]), (10, 19));
        let equal = draws(Delay::Constant(Nanos(7)));
        assert!(equal.iter().all(|time| *time == 7));
    }

    #[test]
    fn exponential_delays_have_their_mean_and_their_median() {
        let drawn = draws(Delay::Exponential { min: Nanos(0), mean: Nanos(1_000_000) });
        let mean = drawn.iter().sum::<u64>() / drawn.len() as u64;
        assert!((950_000..1_050_000).contains(&mean), "mean {mean}");
        let median = drawn[drawn.len() / 2];
        assert!((640_000..760_000).contains(&median), "median {median}, ln 2 is 693,147");
    }

    #[test]
    fn the_usual_time_is_the_median() {
        for delay in [Weather::CALM.delay, Delay::JITTER, Delay::SLOW, Weather::CALM.sync] {
            let (drawn, Delay::Constant(usual)) = (draws(delay), delay.usual()) else {
                panic!("a usual time is one time");
            };
            let median = drawn[drawn.len() / 2];
            assert!(
                usual.0.abs_diff(median) < median / 20,
                "{usual} of {delay:?}, median {median}"
            );
        }
    }

    #[test]
    fn options_are_read_or_refused() {
        let read = |options: &[(&str, &str)]| {
            let options = options.iter().map(|(name, value)| (name.to_string(), value.to_string()));
            Weather::read(&options.collect()).map_err(|error| error.to_string())
        };
        let weather = read(&[("delay", "uneven"), ("loss-ppm", "2000")]).unwrap();
        assert_eq!((weather.is_uneven, weather.loss_ppm), (true, 2_000));
        let datagram = ("transport", "datagram");
        assert_eq!(read(&[datagram, ("duplicate-ppm", "7")]).unwrap().duplicate_ppm, 7);
        for (options, words) in [
            (&[("delay", "long")][..], "option delay=long: say local, constant"),
            (&[("loss-ppm", "300001")], "a number up to 300000"),
            (&[("loss-ppm", "-1")], "option loss-ppm=-1"),
            (&[("duplicate-ppm", "many")], "option duplicate-ppm=many"),
        ] {
            assert!(read(options).unwrap_err().contains(words), "{options:?}");
        }
    }

    #[test]
    fn a_heavy_tail_is_rare_and_long() {
        let (usual, max) = (Nanos(100), Nanos(10_000));
        let drawn = draws(Delay::HeavyTail { min: Nanos(1), usual, max, tail_ppm: 10_000 });
        let long = drawn.iter().filter(|time| **time > 100).count();
        assert!((100..300).contains(&long), "{long} of 20,000");
        assert!(drawn[drawn.len() - 1] <= 10_000);
    }
}
