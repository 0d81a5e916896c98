//! What can go wrong with an exchange, and whose fault it is.
//!
//! An `Error` says *what* happened and whose fault that is; it knows nothing of bodies. Only `rescue` turns one
//! into an answer, in the dialect of the request.

use std::time::Duration;

use demur_dialects::json::BodyError;
use demur_dialects::message::Denial;

use crate::body::{BoxError, TimedOut};

/// Why an exchange could not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The client's body is not one that everybody would read the same way.
    #[error("the request body cannot be read: {0}")]
    Body(#[from] BodyError),
    /// The client sent something other than JSON to a guarded path.
    #[error("the content type `{found}` cannot be judged here; send `application/json`")]
    ContentType {
        /// The content type as sent; empty when there was none.
        found: String,
    },
    /// The client compressed its body in a way that demur does not unpack.
    #[error("the content encoding `{found}` cannot be judged here; send gzip, deflate, br, zstd, or none")]
    ContentEncoding {
        /// The encoding as sent.
        found: String,
    },
    /// The body is not what its content encoding says.
    #[error("the request body cannot be unpacked: {0}")]
    Corrupt(#[source] crate::body::BoxError),
    /// The body is longer than the limit, as it came or unpacked.
    #[error("the request body is over the limit of {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The client went away, or its body broke off.
    #[error("the request body broke off")]
    ClientGone(#[source] BoxError),
    /// The client took too long to send its body.
    #[error("the request body did not come within {limit:?}")]
    ClientSlow {
        /// The limit that passed.
        limit: Duration,
    },
    /// The path is a disguise of a guarded one, or is unknown and unknown paths are blocked.
    #[error("the path `{path}` is not served here")]
    Path {
        /// The path as sent.
        path: String,
    },
    /// The body carries parts that no classifier can judge and the configuration blocks those.
    #[error("the request has parts that cannot be judged: {pointers}")]
    Unjudged {
        /// Where they are, as JSON pointers joined by commas.
        pointers: String,
    },
    /// A classifier did not answer and the configuration says to refuse then.
    #[error("the classifier `{classifier}` is unavailable")]
    Unjudgeable {
        /// Which classifier.
        classifier: String,
        /// What it said, for the log: it may name an address of the inside.
        #[source]
        source: BoxError,
    },
    /// A rule names an upstream that the configuration does not.
    #[error("there is no upstream `{name}`")]
    UnknownUpstream {
        /// The name as the rule has it.
        name: String,
    },
    /// No connection, or the connection broke before an answer began.
    #[error("the upstream `{name}` cannot be reached")]
    UpstreamDown {
        /// Which upstream.
        name: String,
        /// What the client library said.
        #[source]
        source: BoxError,
    },
    /// The upstream took longer than it may.
    #[error("the upstream `{name}` did not answer within {limit:?}")]
    UpstreamTimeout {
        /// Which upstream.
        name: String,
        /// The limit that passed.
        limit: Duration,
    },
    /// Every endpoint failed so often that it is left alone for a while.
    #[error("the upstream `{name}` failed again and again and is asked again in {after:?}")]
    UpstreamResting {
        /// Which upstream.
        name: String,
        /// When one request may try again.
        after: Duration,
    },
    /// The upstream's answer broke off, or is not what its dialect says.
    #[error("the answer of the upstream `{name}` cannot be read: {reason}")]
    UpstreamAnswer {
        /// Which upstream.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The client has no key that is known, where one is asked for.
    #[error("the key is missing or not known here")]
    Unauthenticated,
    /// The tenant asks more often than it may.
    #[error("too many requests in a minute")]
    RateLimited {
        /// When it may ask again.
        after: Duration,
    },
    /// More exchanges at once than are admitted.
    #[error("too many requests at once")]
    Overloaded,
    /// The exchange took longer than any may.
    #[error("the request took longer than {limit:?}")]
    Deadline {
        /// The limit that passed.
        limit: Duration,
    },
    /// A defect of demur itself; the text says where.
    #[error("internal error: {0}")]
    Internal(String),
}

impl Error {
    /// Whose fault it is, and so what the client is told.
    pub fn denial(&self) -> Denial {
        match self {
            Self::Body(_)
            | Self::Corrupt(_)
            | Self::ClientGone(_)
            | Self::ClientSlow { .. }
            | Self::Path { .. }
            | Self::Unjudged { .. } => Denial::BadRequest,
            Self::ContentType { .. } | Self::ContentEncoding { .. } => Denial::UnsupportedMedia,
            Self::TooLarge { .. } => Denial::TooLarge,
            Self::Unauthenticated => Denial::Unauthenticated,
            Self::RateLimited { .. } => Denial::RateLimited,
            Self::Unjudgeable { .. } | Self::Overloaded | Self::UpstreamResting { .. } => Denial::Overloaded,
            Self::UpstreamDown { .. } | Self::UpstreamAnswer { .. } => Denial::UpstreamUnavailable,
            Self::UpstreamTimeout { .. } | Self::Deadline { .. } => Denial::UpstreamTimeout,
            Self::UnknownUpstream { .. } | Self::Internal(_) => Denial::Internal,
        }
    }

    /// What became of an answer whose body ended in an error.
    pub fn broken_answer(name: &str, error: &BoxError) -> Self {
        match error.find::<TimedOut>() {
            Some(late) => Self::UpstreamTimeout { name: name.to_owned(), limit: late.limit },
            None => Self::UpstreamAnswer { name: name.to_owned(), reason: error.to_string() },
        }
    }

    /// After how many seconds the client may come again, where that is worth saying.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::UpstreamResting { after, .. } | Self::RateLimited { after } => {
                Some(after.as_secs_f64().ceil().max(1.0) as u64)
            }
            Self::Unjudgeable { .. } | Self::Overloaded => Some(1),
            _ => None,
        }
    }

    /// A bounded label for metrics and records.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Body(_) | Self::Corrupt(_) => "bad_body",
            Self::ContentType { .. } | Self::ContentEncoding { .. } => "content_type",
            Self::TooLarge { .. } => "too_large",
            Self::ClientGone(_) => "client_gone",
            Self::ClientSlow { .. } => "body_timeout",
            Self::Path { .. } => "path",
            Self::Unjudged { .. } => "unjudged",
            Self::Unjudgeable { .. } => "classifier_unavailable",
            Self::UnknownUpstream { .. } => "unknown_upstream",
            Self::UpstreamDown { .. } => "upstream_down",
            Self::UpstreamTimeout { .. } => "upstream_timeout",
            Self::UpstreamResting { .. } => "upstream_resting",
            Self::UpstreamAnswer { .. } => "upstream_answer",
            Self::Unauthenticated => "unknown_key",
            Self::RateLimited { .. } => "rate_limited",
            Self::Overloaded => "overloaded",
            Self::Deadline { .. } => "deadline",
            Self::Internal(_) => "internal",
        }
    }
}
