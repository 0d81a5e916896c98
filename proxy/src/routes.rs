//! Which routes requests came for, with counts: what an administrator looks at before blocking unknown ones.
//!
//! A path is not a label of a metric, because clients choose it. Here there is room for so many and no more; what
//! comes after that is counted together. Segments that look like identifiers or keys are not kept.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// The most routes that are kept by name.
const MOST: usize = 128;
/// The longest name of a route, in bytes.
const LONGEST: usize = 96;
/// A segment longer than this is taken for an identifier, and so is a shorter one with a digit in it from
/// [`SHORT_ID`] on.
const LONG_ID: usize = 20;
/// See [`LONG_ID`].
const SHORT_ID: usize = 8;

/// What is done with requests for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Handling {
    /// Read and judged; the name is the dialect's.
    Guarded,
    /// Refused: a guarded path in disguise; the name is the dialect's.
    Disguised,
    /// Known to carry no generated text, so it passes unread.
    Open,
    /// Unknown, and passed unread.
    Passed,
    /// Unknown, and blocked.
    Blocked,
}

/// The routes seen since the start. Cheap to clone; clones count together.
#[derive(Debug, Clone, Default)]
pub struct Routes(Arc<Mutex<Seen>>);

/// The counts, as they are shown.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Seen {
    /// How often each route was asked for, by what is done with it.
    pub routes: BTreeMap<Handling, BTreeMap<String, u64>>,
    /// Requests for routes that there was no room for.
    pub others: u64,
}

// === impl Routes ===

impl Routes {
    /// Counts a request.
    pub fn saw(&self, handling: Handling, name: &str) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = seen.routes.get_mut(&handling).and_then(|routes| routes.get_mut(name)) {
            *count += 1;
        } else if seen.routes.values().map(BTreeMap::len).sum::<usize>() < MOST {
            seen.routes.entry(handling).or_default().insert(name.to_owned(), 1);
        } else {
            seen.others += 1;
        }
    }

    /// What was seen so far.
    pub fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The name of a route that no dialect knows: method and path, without identifiers.
pub fn name(method: &http::Method, path: &str) -> String {
    let is_id = |segment: &str| {
        let digit = segment.bytes().any(|byte| byte.is_ascii_digit());
        segment.len() > LONG_ID || (digit && segment.len() >= SHORT_ID)
    };
    let segments = path.split('/').map(|segment| if is_id(segment) { "{id}" } else { segment });
    let mut name = format!("{method} {}", segments.collect::<Vec<_>>().join("/"));
    if name.len() > LONGEST {
        name.truncate((0..=LONGEST).rev().find(|at| name.is_char_boundary(*at)).unwrap_or_default());
        name.push('…');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::{Handling, LONGEST, MOST, Routes, name};
    use http::Method;

    #[test]
    fn routes_are_counted_and_bounded() {
        let routes = Routes::default();
        for number in 0..MOST * 2 {
            routes.saw(Handling::Passed, &format!("POST /{number}"));
        }
        routes.saw(Handling::Passed, "POST /0");
        routes.saw(Handling::Guarded, "openai-chat");
        let seen = routes.seen();
        assert_eq!(seen.routes[&Handling::Passed].len(), MOST);
        assert_eq!(seen.routes[&Handling::Passed]["POST /0"], 2);
        assert_eq!(seen.others, MOST as u64 + 1);
    }

    #[test]
    fn names_hold_no_identifiers() {
        let check = |path: &str, expected: &str| assert_eq!(name(&Method::POST, path), expected);
        check("/v1/files", "POST /v1/files");
        check("/v1beta/corpora", "POST /v1beta/corpora");
        check("/v1/threads/thread_abc123/messages", "POST /v1/threads/{id}/messages");
        check("/bot12345678:AAbbccddeeffgghhii/send", "POST /{id}/send");
        assert!(name(&Method::POST, &"/é".repeat(500)).len() <= LONGEST + "…".len());
    }
}
