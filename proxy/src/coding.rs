//! Content codings: bodies that come compressed are unpacked while they are read.
//!
//! What cannot be unpacked cannot be judged, so an unknown coding is an error and not a body that passes. Each
//! layer of a stack is bounded by itself: a small body that unpacks to a huge one, or whose huge inside unpacks
//! to nothing, is turned down as soon as it is over the limit, with a few buffers in memory and no more.

use std::io::Error as IoError;
use std::pin::Pin;
use std::task::{Context, Poll};

use async_compression::tokio::bufread::{BrotliDecoder, GzipDecoder, ZlibDecoder, ZstdDecoder};
use async_compression::zstd::DParameter;
use futures_util::TryStreamExt;
use http::{HeaderMap, header};
use http_body::Frame;
use http_body_util::{BodyDataStream, BodyExt, StreamBody};
use tokio::io::{AsyncBufRead, AsyncRead, BufReader, ReadBuf};
use tokio_util::io::{ReaderStream, StreamReader};

use crate::body::{Body, BoxError};

/// The codings that are unpacked, as a header names them.
pub const UNDERSTOOD: &str = "gzip, deflate, br, zstd";

/// The most codings on top of each other. One is usual, and nobody has a use for more than two.
const MOST: usize = 3;
/// The largest window of zstd, as a power of two: what RFC 9659 lets a sender use. Memory for it is taken at once.
const ZSTD_WINDOW: u32 = 23;

/// How a body is compressed, in the order in which that was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Codings(Vec<Coding>);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Gzip,
    Deflate,
    Brotli,
    Zstd,
}

/// A layer unpacks to more than it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it unpacks to more than {0} bytes")]
pub struct TooLong(pub u64);

/// A body is not what its coding says.
#[derive(Debug, thiserror::Error)]
#[error("it is not what its content encoding says: {0}")]
pub struct Corrupt(IoError);

// === impl Codings ===

impl Codings {
    /// What the headers say.
    ///
    /// # Errors
    /// With what they say, when a coding in it is unknown or there are too many.
    pub fn of(headers: &HeaderMap) -> Result<Self, String> {
        let values = headers.get_all(header::CONTENT_ENCODING).iter();
        let said = values.map(|value| value.to_str().unwrap_or("?").trim()).collect::<Vec<_>>().join(", ");
        let mut codings = Vec::new();
        for name in said.split(',').map(|name| name.trim().to_ascii_lowercase()) {
            codings.push(match name.as_str() {
                "" | "identity" => continue,
                "gzip" | "x-gzip" => Coding::Gzip,
                "deflate" => Coding::Deflate,
                "br" => Coding::Brotli,
                "zstd" => Coding::Zstd,
                _ => return Err(said),
            });
        }
        if codings.len() > MOST { Err(said) } else { Ok(Self(codings)) }
    }

    /// Whether the body is as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The body without its codings. No layer of it may be longer than `limit`.
    ///
    /// Its errors are [`TooLong`], [`Corrupt`], or those of the body itself.
    pub fn unpack(&self, body: Body, limit: u64) -> Body {
        if self.is_empty() {
            return body;
        }
        let packed = BodyDataStream::new(body).map_err(IoError::other);
        let mut reader: Reader = Box::pin(StreamReader::new(packed));
        for coding in self.0.iter().rev() {
            reader = coding.unpack(reader, limit);
        }
        let frames = ReaderStream::new(reader).map_ok(Frame::data).map_err(told_apart);
        StreamBody::new(frames).boxed_unsync()
    }
}

type Reader = Pin<Box<dyn AsyncBufRead + Send>>;

// === impl Coding ===

impl Coding {
    fn unpack(self, packed: Reader, limit: u64) -> Reader {
        match self {
            Self::Gzip => {
                let mut decoder = GzipDecoder::new(packed);
                decoder.multiple_members(true);
                bounded(decoder, limit)
            }
            Self::Deflate => bounded(ZlibDecoder::new(packed), limit),
            Self::Brotli => bounded(BrotliDecoder::new(packed), limit),
            Self::Zstd => {
                let window = [DParameter::window_log_max(ZSTD_WINDOW)];
                let mut decoder = ZstdDecoder::with_params(packed, &window);
                decoder.multiple_members(true);
                bounded(decoder, limit)
            }
        }
    }
}

fn bounded(inner: impl AsyncRead + Send + 'static, limit: u64) -> Reader {
    Box::pin(BufReader::new(Bounded { inner: Box::pin(inner), limit, seen: 0 }))
}

/// A layer that fails when it has given more than it may.
struct Bounded {
    inner: Pin<Box<dyn AsyncRead + Send>>,
    limit: u64,
    seen: u64,
}

impl AsyncRead for Bounded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = buffer.filled().len();
        let polled = self.inner.as_mut().poll_read(context, buffer);
        self.seen += buffer.filled().len().saturating_sub(before) as u64;
        if self.seen > self.limit {
            return Poll::Ready(Err(IoError::other(TooLong(self.limit))));
        }
        polled
    }
}

/// What an error of a reader was before it became one.
fn told_apart(error: IoError) -> BoxError {
    let error = match error.downcast::<BoxError>() {
        Ok(of_body) => return of_body,
        Err(error) => error,
    };
    match error.downcast::<TooLong>() {
        Ok(too_long) => BoxError::new(too_long),
        Err(error) => BoxError::new(Corrupt(error)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Coding, Codings};
    use http::{HeaderMap, HeaderValue, header::CONTENT_ENCODING};

    fn of(values: &[&'static str]) -> Result<Codings, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CONTENT_ENCODING, HeaderValue::from_static(value));
        }
        Codings::of(&headers)
    }

    #[test]
    fn codings_are_read_from_all_headers_in_order() {
        assert_eq!(of(&[]), Ok(Codings::default()));
        assert_eq!(of(&["", "identity"]), Ok(Codings::default()));
        let both = Codings(vec![Coding::Gzip, Coding::Brotli]);
        assert_eq!(of(&["gzip, br"]), Ok(both.clone()));
        assert_eq!(of(&["X-GZIP", "identity , BR"]), Ok(both));
        assert_eq!(of(&["gzip", "compress"]), Err("gzip, compress".to_owned()));
        assert_eq!(of(&["gzip, gzip, gzip, gzip"]), Err("gzip, gzip, gzip, gzip".to_owned()));
    }
}
