//! The JSON entry of a file: version, scalar and description, in an order that never changes.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error as _, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::description::{Description, Value};

/// The version of the format that is written; [`format`](super::format) has their history.
pub(super) const VERSION: u64 = 1;

/// All of the entry.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub version: u64,
    /// The digest of the file; see `seal`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub crc32: Option<String>,
    pub scalar: String,
    pub model: Node,
}

/// A description as JSON.
#[derive(Serialize, Deserialize)]
pub(super) struct Node {
    kind: String,
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    settings: Pairs<Json>,
    #[serde(default, skip_serializing_if = "Pairs::is_empty")]
    parts: Pairs<Node>,
}

/// The version alone, which is read first.
#[derive(Deserialize)]
pub(super) struct Version {
    pub version: u64,
}

/// A setting as JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Json {
    Flag(bool),
    Count(u64),
    Number(f64),
    Word(String),
    Counts(Vec<u64>),
    Numbers(Vec<f64>),
    Words(Vec<String>),
}

/// An object of JSON whose order counts, without two entries of one name.
struct Pairs<V>(Vec<(String, V)>);

impl<V> Pairs<V> {
    fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<V> Default for Pairs<V> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<V: Serialize> Serialize for Pairs<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.0.iter().try_for_each(|(name, value)| map.serialize_entry(name, value))?;
        map.end()
    }
}

impl<'de, V: Deserialize<'de>> Deserialize<'de> for Pairs<V> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder(PhantomData))
    }
}

struct InOrder<V>(PhantomData<V>);

impl<'de, V: Deserialize<'de>> Visitor<'de> for InOrder<V> {
    type Value = Pairs<V>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Pairs<V>, M::Error> {
        let mut pairs = Vec::new();
        let mut names = std::collections::BTreeSet::new();
        while let Some((name, value)) = map.next_entry::<String, V>()? {
            if !names.insert(name.clone()) {
                return Err(M::Error::custom(format!("two entries are called `{name}`")));
            }
            pairs.push((name, value));
        }
        Ok(Pairs(pairs))
    }
}

impl From<&Description> for Node {
    fn from(description: &Description) -> Self {
        let settings = description.settings().iter();
        let parts = description.parts().iter();
        Self {
            kind: description.kind().into(),
            settings: Pairs(settings.map(|(name, value)| (name.clone(), value.into())).collect()),
            parts: Pairs(parts.map(|(name, part)| (name.clone(), part.into())).collect()),
        }
    }
}

impl From<Node> for Description {
    fn from(node: Node) -> Self {
        let mut description = Self::new(node.kind);
        for (name, value) in node.settings.0 {
            description = description.with(&name, Value::from(value));
        }
        for (name, part) in node.parts.0 {
            description = description.part(&name, part.into());
        }
        description
    }
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Flag(flag) => Self::Flag(*flag),
            Value::Count(count) => Self::Count(*count),
            Value::Number(number) => Self::Number(*number),
            Value::Word(word) => Self::Word(word.clone()),
            Value::Counts(counts) => Self::Counts(counts.clone()),
            Value::Numbers(numbers) => Self::Numbers(numbers.clone()),
            Value::Words(words) => Self::Words(words.clone()),
        }
    }
}

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Flag(flag) => Self::Flag(flag),
            Json::Count(count) => Self::Count(count),
            Json::Number(number) => Self::Number(number),
            Json::Word(word) => Self::Word(word),
            Json::Counts(counts) => Self::Counts(counts),
            Json::Numbers(numbers) => Self::Numbers(numbers),
            Json::Words(words) => Self::Words(words),
        }
    }
}
