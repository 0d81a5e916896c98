//! How many exchanges run at once, and for how long one may wait for the head of its answer.
//!
//! The permit is held until the *body* of the answer ends: a stream that trickles for minutes counts for
//! minutes. Who finds no permit is told so at once; waiting in line would only make everybody late.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::body::{Body, BoxError};
use crate::config::Limits;
use crate::error::Error;

/// Adds admission to a service.
#[derive(Debug, Clone)]
pub struct AdmitLayer {
    permits: Arc<Semaphore>,
    limit: Duration,
}

/// A service with admission.
#[derive(Debug, Clone)]
pub struct Admit<S> {
    inner: S,
    permits: Arc<Semaphore>,
    limit: Duration,
}

impl AdmitLayer {
    /// Admission within these limits; all clones of it count together.
    pub fn new(limits: &Limits) -> Self {
        Self { permits: Arc::new(Semaphore::new(limits.max_concurrent.min(Semaphore::MAX_PERMITS))), limit: limits.request_timeout }
    }
}

impl<S> tower::Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit { inner, permits: Arc::clone(&self.permits), limit: self.limit }
    }
}

impl<S> tower::Service<Request<Body>> for Admit<S>
where
    S: tower::Service<Request<Body>, Response = Response<Body>, Error = Error>,
    S::Future: Send + 'static,
{
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() else {
            return Box::pin(async { Err(Error::Overloaded) });
        };
        let answer = self.inner.call(request);
        let limit = self.limit;
        Box::pin(async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer.map(|answer| answer.map(|body| Admitted { body, permit: Some(permit) }.boxed_unsync())),
                Err(_) => Err(Error::Deadline { limit }),
            }
        })
    }
}

/// A body that holds its exchange's permit until it ends.
struct Admitted {
    body: Body,
    permit: Option<OwnedSemaphorePermit>,
}

impl http_body::Body for Admitted {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(None | Some(Err(_))) = &polled {
            self.permit = None;
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
