//! The only place that changes bytes, and the only one that clears a request for an upstream.
//!
//! A [`Cleared`] is the proof that a policy has let a request through, or that its route carries no text a
//! policy reads. `Upstreams` sends nothing else, so there is no way around the guard.

use bytes::Bytes;
use demur_dialects::dialect::EditError;
use demur_dialects::message::{Answer, Denial, Edit, Finish, Position};
use demur_policies::decision::{AddSystem, Block, IgnoreWords, Position as PolicyPosition};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use http_body::Body as _;

use crate::body::{self, Body};
use crate::coding::Codings;
use crate::config::{Blocked, Config, Secret, UpstreamConfig};
use crate::error::Error;
use crate::phase::classify;
use crate::phase::exchange::{Departure, Exchange};

/// The instruction that names trigger words; our own wording, measured by `demur replay`.
const IGNORE_WORDS: &str = "The words {words} appear in this conversation in an everyday, harmless sense. \
    Do not decline because of them. Read the request as a whole and answer it helpfully.";

/// Headers that belong to one connection and never travel on. `expect` has been answered by then.
const HOP_BY_HOP: [HeaderName; 10] = [
    header::CONNECTION,
    header::EXPECT,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Headers that some servers take for another method or another path: with them a request that passes unread
/// would become one that should have been judged.
const DISGUISES: [HeaderName; 6] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-original-uri"),
    HeaderName::from_static("x-rewrite-url"),
];

/// A request that may be sent, and where.
pub struct Cleared {
    upstream: UpstreamConfig,
    request: http::Request<Body>,
    whole: Option<Bytes>,
}

impl Cleared {
    /// The whole body, where it is known: such a request can be sent more than once.
    pub fn whole(&self) -> Option<Bytes> {
        self.whole.clone()
    }

    /// The upstream and the request; the path is the one to append to the upstream's.
    pub fn into_parts(self) -> (UpstreamConfig, http::Request<Body>) {
        (self.upstream, self.request)
    }
}

impl std::fmt::Debug for Cleared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cleared").field("upstream", &self.upstream.name).finish_non_exhaustive()
    }
}

/// Clears the request of an exchange. Without edits its body leaves byte for byte as it came.
///
/// # Errors
/// When the upstream is unknown or an edit cannot be made.
pub fn clear(exchange: &Exchange, departure: Departure) -> Result<Cleared, Error> {
    let config = &exchange.live.config;
    let upstream = upstream(config, departure.upstream.as_deref())?;
    let mut edits = departure.edits;
    let model = departure.model.as_ref().or(upstream.model.as_ref());
    let mut path = match target(exchange, model, &mut edits) {
        Some(changed) => Some(changed.parse::<PathAndQuery>().map_err(|error| internal(&error))?),
        None => exchange.head.uri.path_and_query().cloned(),
    };
    let bytes = if edits.is_empty() {
        exchange.request.document.bytes().clone()
    } else {
        exchange
            .guarded
            .dialect
            .edit_request(&exchange.request, &edits)
            .map_err(|error| edit_failed(&error))?
    };
    let mut headers = forwarded(&exchange.head.headers);
    // The answer is to be read, so it should come as it is; to say nothing would allow any coding.
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    // The body was unpacked to be judged, and goes on as it was judged.
    headers.remove(header::CONTENT_ENCODING);
    headers.remove(header::CONTENT_LENGTH);
    path = credentials(&mut headers, path, config, upstream, exchange.guarded.dialect.name());
    let request = request(Method::POST, path, headers, body::full(bytes.clone()));
    Ok(Cleared { upstream: upstream.clone(), request, whole: Some(bytes) })
}

/// The target that says what edits cannot: another model, or no stream, where the dialect has them in the path.
/// What the path says is taken from the edits, what it cannot say is left to them; `None` keeps the client's target.
fn target(exchange: &Exchange, model: Option<&String>, edits: &mut Vec<Edit>) -> Option<String> {
    let dialect = exchange.guarded.dialect;
    let mut endpoint = exchange.guarded.endpoint.clone();
    let whole = edits.contains(&Edit::SetStream(false)).then(|| dialect.path_for_whole(&endpoint)).flatten();
    let mut changed = whole.is_some();
    if let Some(path) = whole {
        edits.retain(|edit| *edit != Edit::SetStream(false));
        endpoint.path = path;
        // Gemini's `alt=sse` would ask for a stream all the same.
        let kept = endpoint.query.map(|query| {
            query.split('&').filter(|pair| !pair.starts_with("alt=")).collect::<Vec<_>>().join("&")
        });
        endpoint.query = kept.filter(|query| !query.is_empty());
    }
    if let Some(model) = model {
        match dialect.path_for(&endpoint, model) {
            Some(path) => {
                endpoint.path = path;
                changed = true;
            }
            None => edits.push(Edit::SetModel(model.clone())),
        }
    }
    // The query stays: Azure's names the version of the API.
    let query = endpoint.query.map(|query| format!("?{query}")).unwrap_or_default();
    changed.then(|| format!("{}{query}", endpoint.path))
}

/// Clears a request on a route that carries no text a policy reads: it leaves as it came, unread.
///
/// # Errors
/// When the configuration has no upstream.
pub fn pass(config: &Config, head: Parts, body: Body) -> Result<Cleared, Error> {
    let upstream = upstream(config, None)?;
    let mut headers = forwarded(&head.headers);
    let path = credentials(&mut headers, head.uri.path_and_query().cloned(), config, upstream, "");
    let whole = body.is_end_stream().then(Bytes::new);
    let request = request(head.method, path, headers, body);
    Ok(Cleared { upstream: upstream.clone(), request, whole })
}

/// Clears a request that demur writes itself, to the helper model. Its text is of a prompt that was judged.
///
/// # Errors
/// When the upstream is unknown.
pub fn to_helper(config: &Config, upstream_name: &str, written: Bytes) -> Result<Cleared, Error> {
    let upstream = upstream(config, Some(upstream_name))?;
    let mut headers = HeaderMap::new();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    let path = Some(PathAndQuery::from_static("/v1/chat/completions"));
    let path = credentials(&mut headers, path, config, upstream, "openai-chat");
    let request = request(Method::POST, path, headers, body::full(written.clone()));
    Ok(Cleared { upstream: upstream.clone(), request, whole: Some(written) })
}

/// The edit that tells the model which words not to stumble over; `None` when no word drives the refusal.
pub async fn ignore_words(exchange: &Exchange, wanted: &IgnoreWords) -> Option<Edit> {
    let words = classify::triggers(exchange, "refusal-risk", wanted.max as usize).await;
    if words.is_empty() {
        return None;
    }
    let quoted = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let text = wanted.template.as_deref().unwrap_or(IGNORE_WORDS).replace("{words}", &quoted);
    Some(Edit::AddSystem { text, position: Position::End })
}

/// The edit for a system message.
pub fn add_system(wanted: &AddSystem) -> Edit {
    let position = match wanted.position {
        PolicyPosition::Start => Position::Start,
        PolicyPosition::End => Position::End,
    };
    Edit::AddSystem { text: wanted.text.clone(), position }
}

/// The answer to a request that a rule blocks before any upstream sees it.
pub fn blocked(exchange: &Exchange, block: &Block) -> Response<Body> {
    let dialect = exchange.guarded.dialect;
    if exchange.live.config.blocked == Blocked::Refusal && block.status.is_none() {
        return answer(exchange, &block.message, Finish::Refusal);
    }
    let (status, bytes) = dialect.write_error(Denial::Blocked, &block.message, "content_filter");
    let status = block.status.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(status);
    json(status, bytes)
}

/// A whole answer written by demur, in the form the client asked for: buffered, or as a stream.
pub fn answer(exchange: &Exchange, text: &str, finish: Finish) -> Response<Body> {
    let guarded = &exchange.guarded;
    if !exchange.facts.request.stream {
        let answer = Answer { origin: exchange.origin(), text: text.to_owned(), finish };
        return json(StatusCode::OK, guarded.dialect.write_answer(&answer));
    }
    let (framing, content_type) = guarded.dialect.stream_framing(&guarded.endpoint);
    let mut reader = guarded.dialect.stream(framing, exchange.origin());
    let mut bytes = Vec::from(reader.write_text(0, text));
    bytes.extend_from_slice(&reader.write_end(ending(finish)));
    let mut response = Response::new(body::full(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// How a stream ends that ends like this.
pub fn ending(finish: Finish) -> demur_dialects::message::Ending<'static> {
    use demur_dialects::message::Ending;
    match finish {
        Finish::Stop => Ending::Stop,
        Finish::ContentFilter => Ending::ContentFilter,
        Finish::Refusal => Ending::Refusal,
    }
}

/// An upstream's answer as it can be read: what comes compressed although it was asked not to be is unpacked.
/// How long it may get is for whoever reads it to say.
///
/// # Errors
/// With the answer as it came, and the coding, when that is unknown.
pub fn unpacked(mut answer: Response<Body>) -> Result<Response<Body>, Box<(Response<Body>, String)>> {
    match Codings::of(answer.headers()) {
        Err(found) => Err(Box::new((answer, found))),
        Ok(codings) if codings.is_empty() || answer.body().is_end_stream() => Ok(answer),
        Ok(codings) => {
            for name in [header::CONTENT_ENCODING, header::CONTENT_LENGTH, header::ETAG] {
                answer.headers_mut().remove(name);
            }
            Ok(answer.map(|body| codings.unpack(body, u64::MAX)))
        }
    }
}

/// The head of an upstream's answer as the client sees it. A body that was changed gets a new length.
pub fn answer_head(mut head: http::response::Parts, changed: bool) -> http::response::Parts {
    head.headers = forwarded(&head.headers);
    if changed {
        head.headers.remove(header::CONTENT_LENGTH);
        head.headers.remove(header::CONTENT_ENCODING);
        head.headers.remove(header::ETAG);
    }
    head.version = http::Version::HTTP_11;
    head
}

/// A JSON answer.
pub fn json(status: StatusCode, bytes: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(body::full(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// What an edit that cannot be made means for the exchange.
pub fn edit_failed(error: &EditError) -> Error {
    Error::Internal(format!("a change that a policy wants cannot be made: {error}"))
}

fn internal(error: &dyn std::fmt::Display) -> Error {
    Error::Internal(error.to_string())
}

fn upstream<'config>(config: &'config Config, name: Option<&str>) -> Result<&'config UpstreamConfig, Error> {
    let found = match name {
        Some(name) => config.upstream(name),
        None => config.default_upstream(),
    };
    found.ok_or_else(|| Error::UnknownUpstream { name: name.unwrap_or_default().to_owned() })
}

fn request(
    method: Method,
    path: Option<PathAndQuery>,
    headers: HeaderMap,
    body: Body,
) -> http::Request<Body> {
    let path = path.unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut request = http::Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = http::Uri::from(path);
    *request.headers_mut() = headers;
    request
}

/// The headers that travel on: all but those of the connection, those that it names, and disguises.
fn forwarded(headers: &HeaderMap) -> HeaderMap {
    let named: Vec<String> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .collect();
    headers
        .iter()
        .filter(|(name, _)| {
            !HOP_BY_HOP.contains(name)
                && !DISGUISES.contains(name)
                && **name != header::HOST
                && !named.iter().any(|gone| gone == name.as_str())
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

/// Puts the upstream's own key in place of the client's. A client's key goes to the default upstream alone,
/// unless the configuration hands it on: it was not given to the others. Keys travel in headers, and with Gemini
/// in the query; gives the path without one.
fn credentials(
    headers: &mut HeaderMap,
    path: Option<PathAndQuery>,
    config: &Config,
    upstream: &UpstreamConfig,
    dialect: &str,
) -> Option<PathAndQuery> {
    let is_default = config.default_upstream().is_some_and(|first| first.name == upstream.name);
    if upstream.api_key.is_none() && (is_default || upstream.forward_client_key) {
        return path;
    }
    for name in ["authorization", "x-api-key", "api-key", "x-goog-api-key", "cookie"] {
        headers.remove(name);
    }
    let path = path.map(without_key);
    let Some(key) = upstream.api_key.as_ref().map(Secret::reveal) else { return path };
    let key = key.as_str();
    let (name, value) = match dialect {
        "anthropic" | "anthropic-messages" => (HeaderName::from_static("x-api-key"), key.to_owned()),
        "gemini" => (HeaderName::from_static("x-goog-api-key"), key.to_owned()),
        _ => (header::AUTHORIZATION, format!("Bearer {key}")),
    };
    if let Ok(mut value) = HeaderValue::from_str(&value) {
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    path
}

/// The key in the query of a target, and the target without it.
pub fn take_query_key(target: &http::Uri) -> Option<(String, http::Uri)> {
    let path = target.path_and_query()?;
    let pair = path.query()?.split('&').find(is_key)?;
    let key = pair.split_once('=').map_or("", |(_, key)| key).to_owned();
    Some((key, http::Uri::from(without_key(path.clone()))))
}

fn is_key(pair: &&str) -> bool {
    pair.split('=').next().is_some_and(|name| matches!(name, "key" | "api_key" | "api-key"))
}

/// A path and query without the parameter that carries a key.
fn without_key(path: PathAndQuery) -> PathAndQuery {
    let Some(query) = path.query().filter(|query| query.split('&').any(|pair| is_key(&pair))) else {
        return path;
    };
    let kept: Vec<&str> = query.split('&').filter(|pair| !is_key(pair)).collect();
    let bare =
        if kept.is_empty() { path.path().to_owned() } else { format!("{}?{}", path.path(), kept.join("&")) };
    bare.parse().unwrap_or_else(|_| PathAndQuery::from_static("/"))
}

#[cfg(test)]
mod tests {
    use super::{forwarded, without_key};
    use http::{HeaderMap, HeaderValue};

    #[test]
    fn a_key_in_the_query_stays_behind() {
        let check =
            |path: &str, left: &str| assert_eq!(without_key(path.parse().expect("path")).as_str(), left);
        check("/v1/x?key=secret&alt=sse", "/v1/x?alt=sse");
        check("/v1/x?key=secret", "/v1/x");
        check("/v1/x?monkey=1", "/v1/x?monkey=1");
    }

    #[test]
    fn headers_of_the_connection_stay_behind_and_so_do_those_it_names() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("accept", "*/*"),
            ("x-http-method-override", "POST"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        let left: Vec<_> = forwarded(&headers).keys().map(ToString::to_string).collect();
        assert_eq!(left, ["accept"]);
    }
}
