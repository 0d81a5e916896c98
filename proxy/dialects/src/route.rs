//! From a request target to the dialect that reads it.
//!
//! Servers differ in how they fold paths: some decode `%2f`, join `//`, drop a trailing slash or ignore
//! case, some do none of it. So a path is folded in every way that some server might, and what is guarded
//! after that is guarded. The folding is remembered: a path that did not come in its canonical form should
//! be refused or sent on in it, never as it came.

use http::Method;
use unicode_normalization::UnicodeNormalization;

use crate::dialect::{Dialect, Guarded, Route, generates};
use crate::{anthropic, gemini, ollama, openai};

/// Every dialect.
pub fn dialects() -> &'static [&'static dyn Dialect] {
    const ALL: &[&dyn Dialect] = &[
        &openai::chat::Chat,
        &openai::completions::Completions,
        &openai::responses::Responses,
        &openai::images::Images,
        &anthropic::Messages,
        &gemini::GenerateContent,
        &ollama::chat::Chat,
        &ollama::generate::Generate,
    ];
    ALL
}

/// Last segments of endpoints that carry no generated text.
const OPEN: [(&str, &[&str]); 5] = [
    ("models", &["models"]),
    ("model", &["models", "*"]),
    ("embeddings", &["embeddings"]),
    ("moderations", &["moderations"]),
    ("tokens", &["messages", "count_tokens"]),
];

/// Which dialect reads a request, by its method and its target: a path, with a query or without, or an
/// absolute form.
pub fn route(method: &Method, target: &str) -> Route {
    let (path, query) = split(target);
    let folded = fold(path, Dots::Resolved);
    if generates(method) {
        // A server that does not know dot segments, or takes `%3f` for `?`, may see an endpoint that the
        // canonical form has lost.
        let literal = fold(path, Dots::Dropped);
        let cut = folded.split(['?', '#']).next().unwrap_or_default().to_owned();
        for form in [&folded, &literal, &cut] {
            for dialect in dialects() {
                if let Some(endpoint) = dialect.recognise(form, query) {
                    let canonical = endpoint.path == path;
                    return Route::Guarded(Guarded { dialect: *dialect, endpoint, canonical });
                }
            }
        }
    }
    let canonical = folded;
    let segments: Vec<String> =
        canonical.split('/').filter(|segment| !segment.is_empty()).map(str::to_ascii_lowercase).collect();
    for (name, suffix) in OPEN {
        let Some(start) = segments.len().checked_sub(suffix.len()) else { continue };
        let last = segments.iter().skip(start);
        // `models/{model}:{method}` is a method of Google's APIs, and may generate.
        let any = |wanted: &&str| *wanted == "*" && !generates(method);
        if last.zip(suffix).all(|(found, wanted)| any(wanted) || found == wanted) {
            return Route::Open(name);
        }
    }
    match segments.last().and_then(|last| last.split_once(':')) {
        Some((_, "counttokens")) => Route::Open("tokens"),
        Some((_, "embedcontent" | "batchembedcontents")) => Route::Open("embeddings"),
        _ => Route::Unknown,
    }
}

/// The path and the query of a target; an absolute form loses its scheme and authority.
fn split(target: &str) -> (&str, Option<&str>) {
    let (target, _) = target.split_once('#').unwrap_or((target, ""));
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let path = match path.split_once("://") {
        Some((_, rest)) if !path.starts_with('/') => {
            rest.find('/').and_then(|slash| rest.get(slash..)).unwrap_or("/")
        }
        _ => path,
    };
    (path, query)
}

/// What becomes of `.` and `..`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Dots {
    Resolved,
    Dropped,
}

/// The canonical form of a path. Case is kept, because models and deployments in paths have it; matching
/// ignores it.
fn fold(path: &str, dots: Dots) -> String {
    let decoded: String = decode(path).replace('\\', "/").nfkc().collect();
    let mut segments: Vec<&str> = Vec::new();
    for segment in decoded.split('/') {
        // Some servers take `;…` for parameters of the segment.
        let (name, _) = segment.split_once(';').unwrap_or((segment, ""));
        match name.trim_matches(|character: char| character.is_whitespace() || character.is_control()) {
            ".." if dots == Dots::Resolved => drop(segments.pop()),
            "" | "." | ".." => {}
            name => segments.push(name),
        }
    }
    format!("/{}", segments.join("/"))
}

/// Decodes percent escapes until there are none left: a chain of proxies may decode more than once.
fn decode(path: &str) -> String {
    let mut decoded = path.to_owned();
    for _ in 0..4 {
        let next = decode_once(&decoded);
        if next == decoded {
            break;
        }
        decoded = next;
    }
    decoded
}

fn decode_once(path: &str) -> String {
    let digit = |byte: Option<&u8>| byte.and_then(|byte| (*byte as char).to_digit(16));
    let bytes = path.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let escaped = (*byte == b'%').then(|| Some((digit(bytes.get(at + 1))?, digit(bytes.get(at + 2))?)));
        if let Some((high, low)) = escaped.flatten() {
            decoded.push((high * 16 + low) as u8);
            at += 3;
        } else {
            decoded.push(*byte);
            at += 1;
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

#[cfg(test)]
mod tests {
    //! Paths, and the tricks that must not change what they mean.

    use super::route;
    use http::Method;

    /// `dialect model canonical|folded`, or the name of an open route, or `unknown`.
    fn show(method: &Method, target: &str) -> String {
        match route(method, target) {
            crate::dialect::Route::Guarded(guarded) => {
                let model = guarded.endpoint.model.map(|model| format!(" {model}")).unwrap_or_default();
                let form = if guarded.canonical { "" } else { " folded" };
                format!("{}{model}{form}", guarded.dialect.name())
            }
            crate::dialect::Route::Open(name) => format!("open {name}"),
            crate::dialect::Route::Unknown => "unknown".to_owned(),
        }
    }

    fn check(target: &str, expected: &str) {
        assert_eq!(show(&Method::POST, target), expected, "{target}");
    }

    #[test]
    fn prefixes_do_not_matter() {
        check("/v1/chat/completions", "openai-chat");
        check("/chat/completions", "openai-chat");
        check("/openai/v1/chat/completions?x=1", "openai-chat");
        check("/api/v1/chat/completions", "openai-chat");
        check("/openai/deployments/My-GPT/chat/completions?api-version=2024-10-21", "openai-chat My-GPT");
        check("/v1/chat/completions/abc", "unknown");
        check("/v1/models", "open models");
        check("/v1/embeddings", "open embeddings");
        check("/v1/files", "unknown");
        check("/v1/responses", "openai-responses");
        check("/v1/completions", "openai-completions");
        check("/v1/images/generations", "openai-images");
        check("/v1/images/edits", "unknown");
        check("/v1/moderations", "open moderations");
        check("/v1/messages?beta=true", "anthropic-messages");
        check("/v1/messages/count_tokens", "open tokens");
        check("/v1/messages/batches", "unknown");
        check("/v1/threads/t_1/messages", "unknown");
        check("/v1beta/models/gemini-2.5-pro:generateContent?key=k", "gemini gemini-2.5-pro");
        check("/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse", "gemini gemini-2.5-pro");
        check("/v1beta/models/gemini-2.5-pro%3AgenerateContent", "gemini gemini-2.5-pro folded");
        check("/v1beta/models/gemini-2.5-pro:countTokens", "open tokens");
        check("/v1beta/models/gemini-2.5-pro:batchGenerateContent", "unknown");
        check("/v1beta/openai/chat/completions", "openai-chat");
        check("/api/chat", "ollama-chat");
        check("/api/generate", "ollama-generate");
        check("/api/tags", "unknown");
        assert_eq!(show(&Method::GET, "/v1/chat/completions"), "unknown");
        assert_eq!(show(&Method::GET, "/v1/models/gpt-4o"), "open model");
        assert_eq!(show(&Method::PUT, "/v1/chat/completions"), "openai-chat");
    }

    #[test]
    fn tricks_stay_guarded() {
        for target in [
            "//v1//chat//completions",
            "/v1/chat/completions/",
            "/v1/chat%2fcompletions",
            "/v1/chat%252Fcompletions",
            "/v1/%63hat/completions",
            "/V1/Chat/COMPLETIONS/",
            "/v1/models/../chat/completions",
            "/v1/./chat/completions",
            "/v1/%2e%2e/v1/chat/completions",
            "/v1\\chat\\completions",
            "/v1/chat/completions;x=1",
            "/v1/chat/completions%00",
            "/v1/chat/completions%20",
            "/v1/chat/completions/.",
            "/v1/chat/completions/x/..",
            "v1/chat/completions",
            "/v1/embeddings/../chat/completions",
            "/v1/chat/../chat/completions",
            "/v1/chat/completions%3fx=1",
            "/v1/chat/completions%23x",
            "/v1/%EF%BD%83hat/completions",
            "/v1%EF%BC%8Fchat/completions",
            "/x/../../v1/chat/completions",
        ] {
            check(target, "openai-chat folded");
        }
        check("http://api.example.com/v1/chat/completions", "openai-chat");
        check("HTTP://api.example.com//v1/chat/completions", "openai-chat folded");
        // Case alone is not folded away: the path leaves as it came, and is guarded all the same.
        check("/V1/CHAT/COMPLETIONS", "openai-chat");
    }
}
