//! A store of keys in groups.

use tribunal_history::{Random, Value};

use super::{CollectList, NIL, Object};

/// Two groups of three keys, written one by one and read by groups.
#[derive(Default)]
pub(crate) struct StoreObject {
    pub(crate) keys: [Value; 6],
    pub(crate) serial: i64,
    /// Keys are written once, or now and then again.
    pub(crate) again: bool,
    /// What liars mix their answers from.
    pub(crate) old: Vec<Value>,
}

impl Object for StoreObject {
    fn draw(&mut self, random: &mut Random, _: i64) -> (&'static str, Value, Value) {
        let fresh = self.serial;
        if random.chance(1, 2) && (fresh < 6 || self.again) {
            self.serial += 1;
            let key = if self.again { random.below(6) as i64 } else { fresh };
            let micro = [Value::text("w"), Value::Int(key), Value::Int(100 + fresh)];
            return ("txn", NIL, std::iter::once(Value::List(micro.into())).collect_list());
        }
        let group = random.below(2) as i64 * 3;
        let keys = group..group + 3;
        let micro = |key| Value::List([Value::text("r"), Value::Int(key), NIL].into());
        ("txn", NIL, keys.map(micro).collect_list())
    }

    fn apply(&mut self, _: &mut Random, _: u32, _: &str, argument: &Value) -> Value {
        let Value::List(micros) = argument else { return NIL };
        let mut answer = Vec::new();
        for micro in micros.iter() {
            let Value::List(parts) = micro else { return NIL };
            let (Value::Text(name), Value::Int(key)) = (&parts[0], &parts[1]) else { return NIL };
            let held = &mut self.keys[*key as usize];
            if &**name == "w" {
                *held = parts[2].clone();
            }
            answer.push(Value::List([parts[0].clone(), parts[1].clone(), held.clone()].into()));
        }
        let answer = Value::List(answer.into());
        self.old.push(answer.clone());
        answer
    }

    fn lie(&mut self, random: &mut Random, _: &str, answer: Value) -> Value {
        let Value::List(micros) = &answer else { return answer };
        if micros.len() != 3 {
            return answer;
        }
        let mut micros = micros.to_vec();
        let place = random.below(3) as usize;
        let Value::List(parts) = &micros[place] else { return answer };
        let value = if random.chance(1, 6) {
            Value::Int(100 + random.below(8) as i64)
        } else {
            // Another read's, or nothing.
            let other = random.pick(&self.old).cloned().unwrap_or_default();
            let Value::List(other) = &other else { return answer };
            let same = other.iter().find_map(|micro| match micro {
                Value::List(old) if old[1] == parts[1] => Some(old[2].clone()),
                _ => None,
            });
            same.unwrap_or_default()
        };
        let micro = [parts[0].clone(), parts[1].clone(), value];
        micros[place] = Value::List(micro.into());
        Value::List(micros.into())
    }
}
