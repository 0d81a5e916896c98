//! The one body type that travels through the stack, and small ways to make one.
//!
//! Every layer speaks `Body`, so that layers can be moved without a maze of type parameters; the price
//! is one allocation a body.

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Full, combinators::UnsyncBoxBody};

/// Any error, on its way to the place that turns it into an answer.
///
/// A type of its own rather than an alias of a boxed trait object: the object's hidden lifetime would keep the
/// compiler from seeing that futures which hold a body can be sent between threads.
#[derive(Debug)]
pub struct BoxError(Box<dyn std::error::Error + Send + Sync>);

impl BoxError {
    /// Boxes an error.
    pub fn new(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(error.into())
    }

    /// Whether the boxed error is of this type.
    pub fn is<E: std::error::Error + 'static>(&self) -> bool {
        self.0.is::<E>()
    }

    /// The boxed error, or the first of its causes, that is of this type.
    pub fn find<E: std::error::Error + 'static>(&self) -> Option<&E> {
        let mut error: &(dyn std::error::Error + 'static) = self.0.as_ref();
        loop {
            if let Some(found) = error.downcast_ref::<E>() {
                return Some(found);
            }
            error = match error.downcast_ref::<Self>() {
                Some(boxed) => boxed.0.as_ref(),
                None => error.source()?,
            };
        }
    }
}

impl std::fmt::Display for BoxError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for BoxError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

/// A body that took longer than it may.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("it did not go on within {limit:?}")]
pub struct TimedOut {
    /// The limit that passed.
    pub limit: std::time::Duration,
}

/// A request or response body: frames of bytes, read once, in order.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A body that holds `bytes` and ends.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync()
}

/// A body without a byte.
pub fn empty() -> Body {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// Boxes any body whose errors can be boxed.
pub fn boxed<B>(body: B) -> Body
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    body.map_err(BoxError::new).boxed_unsync()
}
