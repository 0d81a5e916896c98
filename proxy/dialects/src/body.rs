//! What every dialect does with a body before its own fields matter.

use bytes::Bytes;

use crate::dialect::{EditError, Event};
use crate::fields::{Found, Table, What};
use crate::framing::{Frame, Payload};
use crate::json::{BodyError, Document, Fault, Kind, Limits, Node, quote};
use crate::message::{Choice, Delta, Part, Role, Unjudged};

/// A body that is an object, as all of these APIs have it.
pub(crate) fn object(body: &Bytes) -> Result<Document, BodyError> {
    let document = Document::parse(body.clone(), Limits::default())?;
    if document.root().is_object() {
        Ok(document)
    } else {
        Err(BodyError::shape(document.root(), "the body must be a JSON object"))
    }
}

/// The text of a member, as a string of its own.
pub(crate) fn owned(node: Node<'_>, key: &str) -> Option<String> {
    node.get_text(key).map(std::borrow::Cow::into_owned)
}

/// The items of an array member; none when it is missing or something else.
pub(crate) fn items<'d>(node: Node<'d>, key: &str) -> impl Iterator<Item = Node<'d>> + use<'d> {
    node.get(key).into_iter().flat_map(Node::items)
}

/// Whether an array member has items.
pub(crate) fn has_items(node: Node<'_>, key: &str) -> bool {
    items(node, key).next().is_some()
}

/// A number of turns or choices as the views have it.
pub(crate) fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// Leaves what was found as the table has it.
pub(crate) fn as_found(_: &mut Found<'_>) {}

/// Everything a request says, with the roles that its turns have; outside of turns nobody speaks.
/// `adjust` is for what the table alone cannot tell.
pub(crate) fn read_request(
    document: &Document,
    table: &Table,
    roles: &[Role],
    adjust: impl Fn(&mut Found<'_>),
) -> Result<(Vec<Part>, Vec<Unjudged>), BodyError> {
    let role_of = |turn: Option<u32>| match turn {
        Some(turn) => roles.get(turn as usize).copied().unwrap_or(Role::User),
        None => Role::Definition,
    };
    let (mut parts, mut unjudged) = (Vec::new(), Vec::new());
    for mut found in table.read_request(document)? {
        adjust(&mut found);
        found.sort(role_of, &mut parts, &mut unjudged);
    }
    Ok((parts, unjudged))
}

/// Everything a response says.
pub(crate) fn read_answer(
    document: &Document,
    table: &Table,
    adjust: impl Fn(&mut Found<'_>),
) -> (Vec<Part>, Vec<Unjudged>) {
    let (mut parts, mut unjudged) = (Vec::new(), Vec::new());
    for mut found in table.read_answer(document) {
        adjust(&mut found);
        found.sort(|_| Role::Assistant, &mut parts, &mut unjudged);
    }
    (parts, unjudged)
}

/// Gives each choice its parts. What stands outside of all choices goes to the first one, so that it is judged.
pub(crate) fn deal(parts: Vec<Part>, mut choices: Vec<Choice>) -> Vec<Choice> {
    for part in parts {
        let place = part.turn.map_or(0, |turn| turn as usize);
        if choices.is_empty() {
            choices.push(Choice::default());
        }
        let last = choices.len() - 1;
        if let Some(choice) = choices.get_mut(place.min(last)) {
            choice.parts.push(part);
        }
    }
    choices
}

/// What the data of a frame is.
pub(crate) enum Chunk {
    /// Nothing to read.
    Nothing,
    /// The word that ends OpenAI's streams.
    Done,
    /// A JSON object.
    Object(Document),
    /// Something that cannot be read.
    Unreadable(Event),
}

/// Reads the data of a frame as far as all dialects do.
pub(crate) fn chunk(frame: &Frame) -> Chunk {
    let data = match &frame.payload {
        Payload::None => return Chunk::Nothing,
        Payload::Garbage => return Chunk::Unreadable(Event::unreadable("bytes that are no event")),
        Payload::TooLarge => return Chunk::Unreadable(Event::unreadable("the event is too large")),
        Payload::Data(data) => data,
    };
    if data.trim_ascii() == b"[DONE]" {
        return Chunk::Done;
    }
    match object(data) {
        Ok(document) => Chunk::Object(document),
        // An event without data bytes says nothing.
        Err(BodyError { fault: Fault::Empty, .. }) => Chunk::Nothing,
        Err(error) => Chunk::Unreadable(Event { unreadable: Some(error), ..Event::default() }),
    }
}

/// Sorts what a chunk says into the event's deltas and unjudged places.
pub(crate) fn sort_chunk(found: Vec<Found<'_>>, event: &mut Event, choice_of: impl Fn(Option<u32>) -> u32) {
    for found in found {
        match found.what {
            What::Text(kind, _, text) => {
                event.deltas.push(Delta { choice: choice_of(found.turn), kind, text });
            }
            What::Unjudged(reason) => event.unjudged.push(Unjudged { pointer: found.pointer, reason }),
        }
    }
}

/// Texts that may be replaced and added to in one go: an instruction before or after one that is being replaced.
#[derive(Debug, Default)]
pub(crate) struct Around {
    before: Vec<String>,
    after: Vec<String>,
}

// === impl Around ===

impl Around {
    /// Adds a text before all others.
    pub(crate) fn push(&mut self, text: &str, position: crate::message::Position) {
        match position {
            crate::message::Position::Start => self.before.push(text.to_owned()),
            crate::message::Position::End => self.after.push(text.to_owned()),
        }
    }

    /// Whether nothing is added.
    pub(crate) fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty()
    }

    /// The text with what is added to it, a blank line between.
    pub(crate) fn wrap(&self, text: Option<&str>) -> String {
        let texts =
            self.before.iter().map(String::as_str).chain(text).chain(self.after.iter().map(String::as_str));
        texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("\n\n")
    }

    /// The texts that come first, in order, each as a JSON text made by `item`.
    pub(crate) fn first(&self, item: impl Fn(&str) -> String) -> Vec<String> {
        self.before.iter().map(|text| item(&quote(text))).collect()
    }

    /// The texts that come last, in order, each as a JSON text made by `item`.
    pub(crate) fn last(&self, item: impl Fn(&str) -> String) -> Vec<String> {
        self.after.iter().map(|text| item(&quote(text))).collect()
    }
}

/// A string at a pointer, for dialects that wrap it.
pub(crate) fn string_at<'d>(document: &'d Document, pointer: &str) -> Result<Node<'d>, EditError> {
    let node = document.get(pointer).ok_or_else(|| EditError::Missing(pointer.to_owned()))?;
    if node.kind() == Kind::String { Ok(node) } else { Err(EditError::NotText(pointer.to_owned())) }
}
