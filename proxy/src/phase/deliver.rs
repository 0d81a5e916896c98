//! The last step of an exchange: what the client is told about it, and the record when the last byte is gone.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;

use crate::body::{Body, BoxError};
use crate::phase::exchange::Journal;
use crate::record::{Fate, Record};

/// Says what became of the request, in one word.
pub const DECISION: HeaderName = HeaderName::from_static("x-demur-decision");
/// Says which rule decided, as `policy/rule`.
pub const RULE: HeaderName = HeaderName::from_static("x-demur-rule");
/// Says which revision of the policies was in force, in its first twelve digits.
pub const POLICY: HeaderName = HeaderName::from_static("x-demur-policy");

/// What became of an exchange, for those who run the stack in their own process.
#[derive(Debug, Clone)]
pub struct Ended {
    /// The record, as it stood when the head of the answer left.
    pub record: Record,
    /// The rule that had the last word.
    pub rule: Option<String>,
}

/// Puts decision, rule and revision on an answer, and keeps the record open until its body ends.
pub fn deliver(mut journal: Journal, fate: Fate, response: Response<Body>) -> Response<Body> {
    journal.ended(fate);
    let response = label(&mut journal, response);
    response.map(|body| Kept { body, journal }.boxed_unsync())
}

/// Puts decision, rule and revision on an answer whose record someone else keeps open.
pub fn label(journal: &mut Journal, mut response: Response<Body>) -> Response<Body> {
    journal.record.status = response.status().as_u16();
    let rule = journal.rule().map(ToString::to_string);
    let revision = journal.record.revision.get(..12).unwrap_or_default().to_owned();
    let labels = [
        (DECISION, journal.record.outcome.name().to_owned()),
        (RULE, rule.clone().unwrap_or_default()),
        (POLICY, revision),
    ];
    for (name, value) in labels {
        // An upstream that is a demur too has said something else here.
        response.headers_mut().remove(&name);
        if let (false, Ok(value)) = (value.is_empty(), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response.extensions_mut().insert(Ended { record: journal.record.clone(), rule });
    journal.measure();
    response
}

/// A body that keeps the record of its exchange open.
struct Kept {
    body: Body,
    journal: Journal,
}

impl http_body::Body for Kept {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Err(_))) = &polled {
            self.journal.broke_off();
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
