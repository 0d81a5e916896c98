//! Changing a document without touching the rest of it.
//!
//! Each change is a replacement of some bytes by others. They are gathered first and applied together, so
//! that every one of them speaks of the document as it came; two that want the same bytes are an error.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use bytes::Bytes;

use super::{Document, Node};

/// Two changes want the same bytes; the byte is where they meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("two edits change byte {0}")]
pub struct SpliceError(pub usize);

/// Changes to one document.
#[derive(Debug)]
pub struct Splices<'d> {
    document: &'d Document,
    replaced: Vec<(Range<usize>, String)>,
    containers: BTreeMap<usize, Container>,
}

/// What is added to and removed from one array or object.
#[derive(Debug, Default)]
struct Container {
    first: Vec<String>,
    last: Vec<String>,
    /// Items put before the child of this index.
    before: BTreeMap<usize, Vec<String>>,
    removed: BTreeSet<usize>,
}

// === impl Splices ===

impl<'d> Splices<'d> {
    pub(super) fn new(document: &'d Document) -> Self {
        Self { document, replaced: Vec::new(), containers: BTreeMap::new() }
    }

    /// Whether nothing is to be changed.
    pub fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.containers.is_empty()
    }

    /// Puts another JSON text in place of a value.
    pub fn replace(&mut self, node: Node<'_>, json: impl Into<String>) {
        self.replaced.push((node.span(), json.into()));
    }

    /// Sets a member of an object, in place when it is there, else as the last.
    pub fn set(&mut self, object: Node<'_>, key: &str, json: impl Into<String>) {
        match object.get(key) {
            Some(member) => self.replace(member, json),
            None => self.container(object).last.push(format!("{}:{}", quote(key), json.into())),
        }
    }

    /// Removes a member of an object, if it is there.
    pub fn unset(&mut self, object: Node<'_>, key: &str) {
        if let Some(member) = object.get(key) {
            self.remove(object, member);
        }
    }

    /// Removes a value from the array or object that it is in.
    pub fn remove(&mut self, container: Node<'_>, child: Node<'_>) {
        self.container(container).removed.insert(child.index());
    }

    /// Adds an item before all others of an array.
    pub fn prepend(&mut self, array: Node<'_>, json: impl Into<String>) {
        self.container(array).first.push(json.into());
    }

    /// Adds an item after all others of an array.
    pub fn append(&mut self, array: Node<'_>, json: impl Into<String>) {
        self.container(array).last.push(json.into());
    }

    /// Adds an item before one of an array.
    pub fn insert_before(&mut self, array: Node<'_>, child: Node<'_>, json: impl Into<String>) {
        self.container(array).before.entry(child.index()).or_default().push(json.into());
    }

    fn container(&mut self, node: Node<'_>) -> &mut Container {
        self.containers.entry(node.index()).or_default()
    }

    /// The document with all changes; the same bytes when there is none.
    ///
    /// # Errors
    /// When two changes want the same bytes.
    pub fn apply(self) -> Result<Bytes, SpliceError> {
        if self.is_empty() {
            return Ok(self.document.bytes().clone());
        }
        let mut patches = self.replaced;
        for (index, container) in &self.containers {
            container.patches(Node::new(self.document, *index), &mut patches);
        }
        // Stable: insertions at one place keep their order, and come after a removal that ends there.
        patches.sort_by_key(|(range, _)| (range.start, range.end));
        let bytes = self.document.bytes();
        let mut written = Vec::with_capacity(bytes.len() + 256);
        let mut from = 0;
        for (range, text) in patches {
            if range.start < from {
                return Err(SpliceError(range.start));
            }
            written.extend_from_slice(bytes.get(from..range.start).unwrap_or_default());
            written.extend_from_slice(text.as_bytes());
            from = range.end;
        }
        written.extend_from_slice(bytes.get(from..).unwrap_or_default());
        Ok(written.into())
    }
}

// === impl Container ===

impl Container {
    fn patches(&self, node: Node<'_>, patches: &mut Vec<(Range<usize>, String)>) {
        let children: Vec<Node<'_>> = node.inside().collect();
        let kept = |child: &Node<'_>| !self.removed.contains(&child.index());
        let Some(first_kept) = children.iter().position(kept) else {
            self.patch_emptied(node, &children, patches);
            return;
        };
        self.patch_removed(&children, first_kept, patches);
        for (index, child) in children.iter().enumerate() {
            let Some(added) = self.before.get(&child.index()) else { continue };
            // Before a child that leaves, the text goes to the place of the next one that stays.
            let place = children.iter().skip(index).find(|child| kept(child));
            match place {
                Some(place) => patches.push((at(start_of(*place)), format!("{},", added.join(",")))),
                None => self.patch_last(&children, added, patches),
            }
        }
        if !self.first.is_empty()
            && let Some(place) = children.get(first_kept)
        {
            patches.push((at(start_of(*place)), format!("{},", self.first.join(","))));
        }
        self.patch_last(&children, &self.last, patches);
    }

    fn patch_last(&self, children: &[Node<'_>], added: &[String], patches: &mut Vec<(Range<usize>, String)>) {
        let last = children.iter().rev().find(|child| !self.removed.contains(&child.index()));
        if let (Some(last), false) = (last, added.is_empty()) {
            patches.push((at(last.span().end), format!(",{}", added.join(","))));
        }
    }

    /// Removes each leaving child with the comma before it; those at the front with the comma behind.
    fn patch_removed(
        &self,
        children: &[Node<'_>],
        first_kept: usize,
        patches: &mut Vec<(Range<usize>, String)>,
    ) {
        if let (Some(first), Some(kept), true) = (children.first(), children.get(first_kept), first_kept > 0)
        {
            patches.push((start_of(*first)..start_of(*kept), String::new()));
        }
        for pair in children.windows(2).skip(first_kept) {
            if let [before, child] = pair
                && self.removed.contains(&child.index())
            {
                patches.push((before.span().end..child.span().end, String::new()));
            }
        }
    }

    fn patch_emptied(
        &self,
        node: Node<'_>,
        children: &[Node<'_>],
        patches: &mut Vec<(Range<usize>, String)>,
    ) {
        let before = self.before.values().flatten();
        let added: Vec<&str> =
            self.first.iter().chain(before).chain(&self.last).map(String::as_str).collect();
        let range = match (children.first(), children.last()) {
            (Some(first), Some(last)) => start_of(*first)..last.span().end,
            _ => at(node.span().start + 1),
        };
        patches.push((range, added.join(",")));
    }
}

fn at(place: usize) -> Range<usize> {
    place..place
}

/// Where a child begins, its key included.
fn start_of(node: Node<'_>) -> usize {
    let key = node.key_span();
    if key.is_empty() { node.span().start } else { key.start }
}

/// A string as JSON.
pub fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
