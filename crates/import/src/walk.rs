//! Walking a JSON tree with the place at hand, so that every refusal names its JSON pointer, and so that one bad member
//! does not hide the next: problems are noted and the walk goes on.
//!
//! This module knows kinds of values (text of a length, numbers of a range, lists), not what they stand for.

use crate::{json::Node, report::Report};
use std::{collections::HashSet, fmt::Write as _};

/// Longest ordinary text: names, labels, ids.
pub(crate) const SHORT: usize = 200;

#[derive(Clone, Copy)]
enum Step<'p> {
    Root,
    Member(&'p str),
    Item(usize),
}

/// Where a value stands: a chain of steps that lives on the walkers' stack and becomes text only for a refusal.
#[derive(Clone, Copy)]
struct Path<'p> {
    parent: Option<&'p Path<'p>>,
    step: Step<'p>,
}

impl Path<'_> {
    fn write(&self, pointer: &mut String) {
        if let Some(parent) = self.parent {
            parent.write(pointer);
        }
        match self.step {
            Step::Root => {}
            Step::Member(name) => {
                pointer.push('/');
                pointer.push_str(&name.replace('~', "~0").replace('/', "~1"));
            }
            Step::Item(index) => {
                let _ = write!(pointer, "/{index}");
            }
        }
    }
}

/// A value at its place.
#[derive(Clone, Copy)]
pub(crate) struct At<'p> {
    pub(crate) node: &'p Node,
    path: Path<'p>,
    report: &'p Report,
}

impl<'p> At<'p> {
    pub(crate) fn root(node: &'p Node, report: &'p Report) -> Self {
        Self {
            node,
            path: Path {
                parent: None,
                step: Step::Root,
            },
            report,
        }
    }

    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        self.path.write(&mut pointer);
        pointer
    }

    /// Notes a problem with this value.
    pub(crate) fn refuse<T>(&self, detail: impl Into<String>) -> Option<T> {
        self.report.refuse(self.pointer(), detail);
        None
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.refuse(format!("{what} is expected, not {}", self.node.kind()))
    }

    fn member(&'p self, name: &'p str, node: &'p Node) -> Self {
        Self {
            node,
            path: Path {
                parent: Some(&self.path),
                step: Step::Member(name),
            },
            report: self.report,
        }
    }

    fn item(&'p self, index: usize, node: &'p Node) -> Self {
        Self {
            node,
            path: Path {
                parent: Some(&self.path),
                step: Step::Item(index),
            },
            report: self.report,
        }
    }

    /// An object with no members but the `known` ones, none of them twice.
    pub(crate) fn object(&'p self, known: &[&str]) -> Option<Members<'p>> {
        let members = self.members()?;
        for (name, node) in members.list {
            if !known.contains(&name.as_str()) {
                self.member(name, node).refuse::<()>(unknown(name, known));
            }
        }
        Some(members)
    }

    /// An object whose members' names are the writer's.
    pub(crate) fn members(&'p self) -> Option<Members<'p>> {
        let Node::Map(list) = self.node else {
            return self.expected("an object");
        };
        let mut seen = HashSet::with_capacity(list.len());
        for (name, node) in list {
            if !seen.insert(name) {
                self.member(name, node)
                    .refuse::<()>("this member stands twice in its object");
            }
        }
        Some(Members { at: self, list })
    }

    /// The items of a list of at most `most`.
    pub(crate) fn items(&'p self, most: usize) -> Option<impl ExactSizeIterator<Item = At<'p>>> {
        let Node::List(list) = self.node else {
            return self.expected("a list");
        };
        if list.len() > most {
            return self.refuse(format!(
                "at most {most} items are allowed, here are {}",
                list.len()
            ));
        }
        Some(
            list.iter()
                .enumerate()
                .map(|(index, node)| self.item(index, node)),
        )
    }

    /// Every item read by `read`; nothing when one of them fails, but all are tried.
    pub(crate) fn list<T>(
        &'p self,
        most: usize,
        mut read: impl FnMut(&At<'_>) -> Option<T>,
    ) -> Option<Vec<T>> {
        let read: Vec<Option<T>> = self.items(most)?.map(|item| read(&item)).collect();
        read.into_iter().collect()
    }

    /// Any text of at most `most` characters.
    pub(crate) fn text(&self, most: usize) -> Option<&'p str> {
        let Node::Text(text) = self.node else {
            return self.expected("a text");
        };
        // Bytes first: counting characters of a huge text would be work for nothing.
        if text.len() > most * 4 || text.chars().count() > most {
            return self.refuse(format!("at most {most} characters are allowed"));
        }
        Some(text)
    }

    /// A short text that people read: not empty, no control characters.
    pub(crate) fn words(&self) -> Option<String> {
        let text = self.text(SHORT)?;
        if text.trim().is_empty() {
            return self.refuse("must not be empty");
        }
        if text.chars().any(char::is_control) {
            return self.refuse("must not hold control characters");
        }
        Some(text.to_owned())
    }

    /// A member, when this is an object that has it; says nothing otherwise.
    pub(crate) fn child(&'p self, name: &str) -> Option<Self> {
        let Node::Map(list) = self.node else {
            return None;
        };
        list.iter()
            .find(|(member, _)| member == name)
            .map(|(member, node)| self.member(member, node))
    }

    /// The items, when this is a list; says nothing otherwise.
    pub(crate) fn quiet_items(&'p self) -> impl Iterator<Item = At<'p>> {
        let list = if let Node::List(list) = self.node {
            list.as_slice()
        } else {
            &[]
        };
        list.iter()
            .enumerate()
            .map(|(index, node)| self.item(index, node))
    }

    /// The text, when this is one; says nothing otherwise.
    pub(crate) fn quiet_text(&self) -> Option<&'p str> {
        if let Node::Text(text) = self.node {
            Some(text)
        } else {
            None
        }
    }

    /// Any finite number.
    pub(crate) fn number(&self) -> Option<f64> {
        match self.node {
            Node::Int(value) => Some(*value as f64),
            Node::Float(value) if value.is_finite() => Some(*value),
            _ => self.expected("a number"),
        }
    }

    /// A number of a range.
    pub(crate) fn number_in(&self, least: f64, most: f64) -> Option<f64> {
        let value = self.number()?;
        if (least..=most).contains(&value) {
            Some(value)
        } else {
            self.refuse(format!("a number from {least} to {most} is expected"))
        }
    }

    /// A whole number of a range; `3.0` is whole, as in JSON Schema.
    pub(crate) fn whole<T: TryFrom<i64>>(&self, least: i64, most: i64) -> Option<T> {
        let value = match self.node {
            Node::Int(value) => Some(*value),
            // Exact: 2⁵³ bounds what a double counts.
            Node::Float(value) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
                Some(*value as i64)
            }
            _ => None,
        };
        let value = value
            .filter(|value| (least..=most).contains(value))
            .and_then(|value| T::try_from(value).ok());
        value.or_else(|| self.refuse(format!("a whole number from {least} to {most} is expected")))
    }
}

/// [`At::words`] as a function of any place, which a method's path is not.
pub(crate) fn phrase(at: &At<'_>) -> Option<String> {
    at.words()
}

/// True or false.
pub(crate) fn yes_or_no(at: &At<'_>) -> Option<bool> {
    match at.node {
        Node::Bool(value) => Some(*value),
        _ => at.expected("true or false"),
    }
}

/// An object's members.
#[derive(Clone, Copy)]
pub(crate) struct Members<'p> {
    at: &'p At<'p>,
    list: &'p [(String, Node)],
}

impl<'p> Members<'p> {
    pub(crate) fn get(&self, name: &str) -> Option<At<'p>> {
        self.list
            .iter()
            .find(|(member, _)| member == name)
            .map(|(member, node)| self.at.member(member, node))
    }

    /// A member that must be there.
    pub(crate) fn need(&self, name: &str) -> Option<At<'p>> {
        self.get(name)
            .or_else(|| self.at.refuse(format!("the member \"{name}\" is missing")))
    }

    /// A member that may be absent: `Some(None)` then, and `None` when it is there and wrong.
    #[expect(
        clippy::option_option,
        reason = "absent and wrong are different answers"
    )]
    pub(crate) fn may<T>(
        &self,
        name: &str,
        read: impl FnOnce(&At<'_>) -> Option<T>,
    ) -> Option<Option<T>> {
        match self.get(name) {
            None => Some(None),
            Some(at) => read(&at).map(Some),
        }
    }

    /// A member that must be there, read.
    pub(crate) fn must<T>(&self, name: &str, read: impl FnOnce(&At<'_>) -> Option<T>) -> Option<T> {
        read(&self.need(name)?)
    }

    /// A member with a value for when it is absent.
    pub(crate) fn or<T>(
        &self,
        name: &str,
        absent: T,
        read: impl FnOnce(&At<'_>) -> Option<T>,
    ) -> Option<T> {
        Some(self.may(name, read)?.unwrap_or(absent))
    }

    /// The external ids that the items of a collection give themselves, also of items that cannot be read.
    pub(crate) fn quiet_ids(&self, collection: &str) -> Vec<&'p str> {
        let found = self.list.iter().find(|(member, _)| member == collection);
        let Some((_, Node::List(items))) = found else {
            return Vec::new();
        };
        let id = |item: &'p Node| match item {
            Node::Map(members) => members.iter().find_map(|(name, value)| match value {
                Node::Text(text) if name == "external_id" => Some(text.as_str()),
                _ => None,
            }),
            _ => None,
        };
        items.iter().filter_map(id).collect()
    }

    /// All members with their names.
    pub(crate) fn each(&self) -> impl ExactSizeIterator<Item = (&'p str, At<'p>)> {
        let at = self.at;
        self.list
            .iter()
            .map(move |(name, node)| (name.as_str(), at.member(name, node)))
    }
}

fn unknown(name: &str, known: &[&str]) -> String {
    let near = known
        .iter()
        .find(|word| word.eq_ignore_ascii_case(name) || differs_by_one(word, name));
    match near {
        Some(word) => format!("this member is not known; \"{word}\" perhaps?"),
        None => "this member is not known".into(),
    }
}

/// One letter added, left out or changed.
fn differs_by_one(word: &str, name: &str) -> bool {
    let (long, short) = if word.len() >= name.len() {
        (word, name)
    } else {
        (name, word)
    };
    let (long, short) = (long.as_bytes(), short.as_bytes());
    let same = long.iter().zip(short).take_while(|(a, b)| a == b).count();
    match long.len() - short.len() {
        0 => long.get(same + 1..) == short.get(same + 1..),
        1 => long.get(same + 1..) == short.get(same..),
        _ => false,
    }
}

#[cfg(test)]
mod tests;
