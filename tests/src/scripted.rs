//! A model that plays a part by its name, in every API: what stands behind demur when official clients are tried.
//!
//! What is said is told here, once; how it is said, each file below tells for one API. The shapes are those that
//! the vendors' servers send, members that nobody reads included, and are written out anew: demur's own dialects
//! must not be tested by themselves.

pub mod chat;
pub mod completions;
pub mod responses;
pub mod anthropic;
pub mod gemini;
pub mod ollama;

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

use crate::script::{Ending, Received, Reply};

/// A harmless answer to a harmless question.
pub const HELP: &str = "Use `kill` with its number, or `pkill` with its name; both ask it to end.";
/// A refusal as models write them.
pub const REFUSAL: &str = "I'm sorry, but I can't assist with that request. It goes against my guidelines to help \
                           with anything that involves violence or harming others. Is there something else I can \
                           help with?";
/// The words of the operator that make a model which stumbles get up again.
pub const ASKED_AGAIN: &str = "Please answer it.";
/// The tool that is called, whatever tools are offered.
pub const TOOL: &str = "get_weather";
/// Its arguments, with something in them that has to be escaped.
pub const ARGUMENTS: &str = r#"{"place": "Zürich \"old town\""}"#;
/// How long the model is at each piece of a stream.
const PACE: Duration = Duration::from_millis(1);

/// What the model does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Says this.
    Says(String),
    /// Calls [`TOOL`].
    Calls,
    /// Answers with this status and an error.
    Fails(u16),
    /// Says the beginning of [`HELP`], then reports an error.
    FailsOnTheWay,
    /// Says the beginning of [`HELP`], then the connection breaks.
    BreaksOff,
}

/// One request, as far as the part depends on it.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The model that is asked, whose name chooses the part.
    pub model: String,
    /// Whether the answer is to be streamed.
    pub streamed: bool,
    /// What the model does.
    pub part: Part,
}

impl Asked {
    /// What a request asks, by the name of the model and what it carries.
    pub fn new(request: &Received, model: &str, streamed: bool) -> Self {
        Self { model: model.to_owned(), streamed, part: part(model, &String::from_utf8_lossy(&request.body)) }
    }

    /// The words of the part, for APIs whose stream is made of them; nothing for a tool call.
    pub fn words(&self) -> Vec<&str> {
        let text = match &self.part {
            Part::Says(text) => text,
            Part::FailsOnTheWay | Part::BreaksOff => "Use `kill` with ",
            Part::Calls | Part::Fails(_) => "",
        };
        text.split_inclusive(' ').collect()
    }

    /// The text of the part.
    pub fn text(&self) -> String {
        self.words().concat()
    }

    /// A stream of these events, the first `said` of which come before its end. Where the part fails or breaks
    /// off, it does so there.
    pub fn stream(&self, content_type: &str, mut events: Vec<Bytes>, said: usize, error: Bytes) -> Reply {
        let mut ending = Ending::Complete;
        if matches!(self.part, Part::FailsOnTheWay | Part::BreaksOff) {
            events.truncate(said);
        }
        match self.part {
            Part::FailsOnTheWay => events.push(error),
            Part::BreaksOff => ending = Ending::Cut,
            _ => {}
        }
        Reply::pieces(content_type, events).paced(PACE).ending(ending)
    }
}

/// What a model of this name does with a request.
fn part(model: &str, body: &str) -> Part {
    let says = |text: &str| Part::Says(text.to_owned());
    match model {
        "echo" => Part::Says(format!("You sent {body}")),
        "long" => Part::Says(HELP.repeat(20).replace(';', ";\n")),
        // What the tool answered is known by its one member.
        "tool" if body.contains("celsius") => says("In the old town of Zürich it is 21 degrees."),
        "tool" => Part::Calls,
        "structured" => says(r#"{"command": "kill 4711", "safe": true}"#),
        "refuses" => says(REFUSAL),
        // Stumbles over a word, unless the operator says not to.
        "stumbles" => says(if body.contains(ASKED_AGAIN) { HELP } else { REFUSAL }),
        // Refuses in the middle, with more behind it than may leave while a verdict is awaited.
        "wavers" => {
            let help = format!("{HELP} ");
            Part::Says(format!("{}{REFUSAL} {REFUSAL} {}", help.repeat(12), help.repeat(30)))
        }
        "fails-on-the-way" => Part::FailsOnTheWay,
        "breaks-off" => Part::BreaksOff,
        _ => match model.strip_prefix("error-").and_then(|status| status.parse().ok()) {
            Some(status) => Part::Fails(status),
            None => says(HELP),
        },
    }
}

/// An event of a stream of server-sent events.
pub fn event(name: Option<&str>, data: &Value) -> Bytes {
    match name {
        Some(name) => Bytes::from(format!("event: {name}\ndata: {data}\n\n")),
        None => Bytes::from(format!("data: {data}\n\n")),
    }
}

/// Pieces of a text that fall between words as well as inside them.
pub fn splinters(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.chars().collect();
    characters.chunks(5).map(String::from_iter).collect()
}

/// What an error of the model says.
pub fn complaint(status: u16) -> String {
    format!("an error with the status {status}")
}

/// The answer to a request, in whichever API it is; `None` for a path that none of them has.
pub fn reply(request: &Received) -> Option<Reply> {
    let path = request.target.split('?').next().unwrap_or_default();
    match path {
        "/v1/chat/completions" => Some(chat::reply(request)),
        "/v1/completions" => Some(completions::reply(request)),
        "/v1/responses" => Some(responses::reply(request)),
        "/v1/messages" => Some(anthropic::reply(request)),
        "/api/chat" | "/api/generate" => Some(ollama::reply(request, path == "/api/chat")),
        _ => {
            let (model, method) = path.split_once("/models/")?.1.split_once(':')?;
            Some(gemini::reply(request, model, method == "streamGenerateContent"))
        }
    }
}
