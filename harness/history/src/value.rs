//! Values as they exist at the edges: in operations, replies and files.

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, EnumAccess, Error as _, SeqAccess, VariantAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A value written, read or compared. JSON shows it as `null`, a number, a string or an array.
///
/// Inside a [`crate::History`] values are interned to a [`crate::ValueId`].
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Value {
    /// Nothing: a key that does not exist, an operation without argument.
    #[default]
    Nil,
    /// An integer.
    Int(i64),
    /// Text; also what a foreign history holds that is neither number nor list.
    Text(Arc<str>),
    /// A list: the pair of a cas, an append-list, a transaction.
    List(Arc<[Value]>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl AsRef<str>) -> Value {
        Value::Text(Arc::from(text.as_ref()))
    }

    /// A list of two, as a cas carries: expected and new value.
    pub fn pair(first: Value, second: Value) -> Value {
        Value::List(Arc::from([first, second]))
    }

    /// The list's two members, if this is a list of two.
    pub fn as_pair(&self) -> Option<(&Value, &Value)> {
        match self {
            Value::List(items) => match &items[..] {
                [first, second] => Some((first, second)),
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether this is [`Value::Nil`].
    pub const fn is_nil(&self) -> bool {
        matches!(self, Value::Nil)
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Value {
        Value::Int(number)
    }
}

/// As in JSON, without quotes round plain text: `nil`, `17`, `abc`, `[1 2]`.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Nil => f.write_str("nil"),
            Value::Int(number) => number.fmt(f),
            Value::Text(text) => write!(f, "\"{}\"", text.escape_debug()),
            Value::List(items) => {
                f.write_str("[")?;
                for (position, item) in items.iter().enumerate() {
                    if position > 0 {
                        f.write_str(" ")?;
                    }
                    item.fmt(f)?;
                }
                f.write_str("]")
            }
        }
    }
}

/// The form for compact codecs, which cannot tell types apart by looking.
#[derive(Serialize)]
enum Tagged {
    Nil,
    Int(i64),
    Text(Arc<str>),
    List(Vec<Value>),
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if !serializer.is_human_readable() {
            let tagged = match self {
                Value::Nil => Tagged::Nil,
                Value::Int(number) => Tagged::Int(*number),
                Value::Text(text) => Tagged::Text(text.clone()),
                Value::List(items) => Tagged::List(items.to_vec()),
            };
            return tagged.serialize(serializer);
        }
        match self {
            Value::Nil => serializer.serialize_unit(),
            Value::Int(number) => serializer.serialize_i64(*number),
            Value::Text(text) => serializer.serialize_str(text),
            Value::List(items) => serializer.collect_seq(items.iter()),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            // JSON's own limit of 128 levels bounds the recursion.
            return deserializer.deserialize_any(ValueVisitor);
        }
        Compact { depth: 0 }.deserialize(deserializer)
    }
}

/// Reads the form of [`Tagged`], at most [`DEPTH_MAX`] lists deep: what a peer sends is not trusted
/// with the stack.
#[derive(Clone, Copy)]
struct Compact {
    depth: u32,
}

/// Lists within lists that are read at most.
const DEPTH_MAX: u32 = 64;

impl<'de> DeserializeSeed<'de> for Compact {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_enum("Tagged", &["Nil", "Int", "Text", "List"], self)
    }
}

impl<'de> Visitor<'de> for Compact {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a tagged value")
    }

    fn visit_enum<A: EnumAccess<'de>>(self, data: A) -> Result<Value, A::Error> {
        let (tag, content) = data.variant::<u32>()?;
        match tag {
            0 => content.unit_variant().map(|()| Value::Nil),
            1 => content.newtype_variant().map(Value::Int),
            2 => content.newtype_variant().map(Value::Text),
            3 if self.depth < DEPTH_MAX => {
                content.newtype_variant_seed(CompactList { depth: self.depth + 1 })
            }
            3 => Err(A::Error::custom("lists within lists, too deep")),
            _ => Err(A::Error::custom("no such kind of value")),
        }
    }
}

/// The members of a list at some depth.
struct CompactList {
    depth: u32,
}

impl<'de> DeserializeSeed<'de> for CompactList {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for CompactList {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of tagged values")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Compact { depth: self.depth })? {
            list.push(item);
        }
        Ok(Value::List(list.into()))
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, an integer, a boolean, a string or an array of these")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Value, E> {
        Ok(Value::text(if truth { "true" } else { "false" }))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Value, E> {
        Ok(Value::Int(number))
    }

    fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Value, E> {
        i64::try_from(number)
            .map(Value::Int)
            .map_err(|_| E::custom(format!("{number} does not fit in 64 signed bits")))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Value, E> {
        Err(E::custom(format!("{number} is not an integer")))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::List(list.into()))
    }

    fn visit_map<A: serde::de::MapAccess<'de>>(self, _: A) -> Result<Value, A::Error> {
        Err(A::Error::custom("an object is not a value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_plain() {
        let value = Value::List(Arc::from([Value::Nil, Value::Int(-3), Value::text("a\"b")]));
        let json = serde_json::to_string(&value).unwrap();
        assert_eq!(json, r#"[null,-3,"a\"b"]"#);
        assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), value);
    }

    #[test]
    fn the_compact_form_comes_back_and_is_not_trusted_with_the_stack() {
        let pair = Value::pair(Value::text("x"), Value::List(Arc::from([Value::Int(-1)])));
        for value in [Value::Nil, Value::Int(i64::MIN), pair] {
            let bytes = postcard::to_stdvec(&value).unwrap();
            assert_eq!(postcard::from_bytes::<Value>(&bytes).unwrap(), value);
        }
        // Tag 3, one member, over and over: a list of a list of a list …
        let deep: Vec<u8> = [3, 1].repeat(1_000_000);
        assert!(postcard::from_bytes::<Value>(&deep).is_err());
        assert!(postcard::from_bytes::<Value>(&[9]).is_err());
    }

    #[test]
    fn what_is_no_value_is_refused() {
        for bad in ["1.5", "{}", "18446744073709551615"] {
            assert!(serde_json::from_str::<Value>(bad).is_err(), "{bad}");
        }
    }
}
