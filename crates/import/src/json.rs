//! JSON bytes into a tree whose size is bounded, and which still shows what a map would hide: a member named twice.
//!
//! Nothing here knows what the members mean; [`crate::walk`] reads the tree.

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use std::{cell::Cell, fmt};

/// Largest file read.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// Most values (members, items, numbers, texts) in one file, so that a small file cannot become a large tree.
pub const MAX_VALUES: usize = 3_000_000;

/// A JSON value. Objects keep their members in order, also repeated ones.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Self>),
    Map(Vec<(String, Self)>),
}

impl Node {
    /// What a person calls this kind of value.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "true or false",
            Self::Int(_) | Self::Float(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "an object",
        }
    }
}

/// Reads a whole file. The error is a sentence for the person who wrote the file.
pub(crate) fn read(bytes: &[u8]) -> Result<Node, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!(
            "the file is larger than {} MiB",
            MAX_BYTES / 1024 / 1024
        ));
    }
    // Some editors put a byte order mark in front of UTF-8.
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let seed = Seed { left: &left };
    let node = seed
        .deserialize(&mut deserializer)
        .map_err(|error| format!("not JSON: {error}"))?;
    deserializer
        .end()
        .map_err(|error| format!("not JSON: {error}"))?;
    Ok(node)
}

#[derive(Clone, Copy)]
struct Seed<'c> {
    left: &'c Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        let Some(left) = self.left.get().checked_sub(1) else {
            return Err(D::Error::custom(format_args!(
                "more than {MAX_VALUES} values"
            )));
        };
        self.left.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }
    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }
    fn visit_bool<E: Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }
    fn visit_i64<E: Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Int(value))
    }
    fn visit_u64<E: Error>(self, value: u64) -> Result<Node, E> {
        Ok(i64::try_from(value).map_or(Node::Float(value as f64), Node::Int))
    }
    fn visit_f64<E: Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Float(value))
    }
    fn visit_str<E: Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Text(value.to_owned()))
    }
    fn visit_string<E: Error>(self, value: String) -> Result<Node, E> {
        Ok(Node::Text(value))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        Ok(Node::List(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut map = Vec::new();
        while let Some(name) = members.next_key::<String>()? {
            map.push((name, members.next_value_seed(self)?));
        }
        Ok(Node::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_json_is_a_sentence_with_a_place() {
        for bytes in [
            &b""[..],
            b"{",
            b"[1,]",
            b"{} {}",
            b"\xFF",
            b"1e999",
            &b"[".repeat(100_000),
        ] {
            assert!(
                read(bytes)
                    .is_err_and(|detail| detail.contains("not JSON") && detail.contains("line 1"))
            );
        }
    }

    #[test]
    fn a_small_file_cannot_become_a_large_tree() {
        let mut bytes = b"[".to_vec();
        bytes.extend(b"0,".repeat(MAX_VALUES));
        bytes.extend(b"0]");
        assert!(read(&bytes).is_err_and(|detail| detail.contains("values")));
    }

    #[test]
    fn a_file_over_the_size_is_not_even_parsed() {
        assert!(read(&vec![b' '; MAX_BYTES + 1]).is_err_and(|detail| detail.contains("32 MiB")));
    }

    #[test]
    fn repeated_members_and_a_byte_order_mark_are_kept_and_skipped() {
        let node = read(b"\xEF\xBB\xBF{\"a\":1,\"a\":2.5}");
        let members = vec![
            ("a".to_owned(), Node::Int(1)),
            ("a".to_owned(), Node::Float(2.5)),
        ];
        assert_eq!(node, Ok(Node::Map(members)));
    }
}
