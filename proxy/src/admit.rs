//! How many exchanges run at once, and for how long one may wait for the head of its answer.
//!
//! The permit is held until the *body* of the answer ends: a stream that trickles for minutes counts for
//! minutes. Who finds no permit is told so at once; waiting in line would only make everybody late.

pub mod held;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::sync::Semaphore;
use tokio_util::task::TaskTracker;

use crate::admit::held::Bodies;
use crate::body::Body;
use crate::config::Limits;
use crate::error::Error;

/// Adds admission to a service.
#[derive(Debug, Clone)]
pub struct AdmitLayer {
    permits: Arc<Semaphore>,
    bodies: Arc<Bodies>,
    limit: Duration,
}

/// A service with admission.
#[derive(Debug, Clone)]
pub struct Admit<S> {
    inner: S,
    permits: Arc<Semaphore>,
    bodies: Arc<Bodies>,
    limit: Duration,
}

impl AdmitLayer {
    /// Admission within these limits; all clones of it count together.
    pub fn new(limits: &Limits, tasks: &TaskTracker) -> Self {
        Self {
            permits: Arc::new(Semaphore::new(limits.max_concurrent.min(Semaphore::MAX_PERMITS))),
            bodies: Arc::new(Bodies::new(limits.read_timeout, tasks)),
            limit: limits.request_timeout,
        }
    }
}

impl<S> tower::Layer<S> for AdmitLayer {
    type Service = Admit<S>;

    fn layer(&self, inner: S) -> Admit<S> {
        Admit {
            inner,
            permits: Arc::clone(&self.permits),
            bodies: Arc::clone(&self.bodies),
            limit: self.limit,
        }
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
        let (limit, bodies) = (self.limit, Arc::clone(&self.bodies));
        Box::pin(async move {
            match tokio::time::timeout(limit, answer).await {
                Ok(answer) => answer.map(|answer| answer.map(|body| bodies.hold(body, permit))),
                Err(_) => Err(Error::Deadline { limit }),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    //! The layer before a service that answers when the test says so, in time that the test moves.

    use std::time::Duration;

    use http::{Request, Response};
    use http_body_util::BodyExt;
    use tokio::sync::mpsc;
    use tokio::time::{Instant, sleep};
    use tokio_util::task::TaskTracker;
    use tower::{Layer, Service, ServiceExt};
    use tower_test::mock;

    use super::AdmitLayer;
    use crate::body::{self, Body};
    use crate::config::Limits;
    use crate::error::Error;

    fn layer(max_concurrent: usize) -> AdmitLayer {
        let long = Duration::from_hours(1);
        let limits = Limits {
            max_body_bytes: 1,
            max_answer_bytes: 1,
            max_concurrent,
            request_timeout: Duration::from_secs(10),
            head_timeout: long,
            body_timeout: long,
            read_timeout: Duration::from_secs(8),
            drain_timeout: long,
        };
        AdmitLayer::new(&limits, &TaskTracker::new())
    }

    fn request() -> Request<Body> {
        Request::new(body::empty())
    }

    /// A body that ends when the sender is gone.
    fn trickle() -> (mpsc::Sender<&'static str>, Body) {
        let (sender, receiver) = mpsc::channel::<&'static str>(4);
        let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
            let text = receiver.recv().await?;
            Some((Ok::<_, std::io::Error>(http_body::Frame::data(text.into())), receiver))
        });
        (sender, body::boxed(http_body_util::StreamBody::new(frames)))
    }

    /// A service that answers every request with the bodies of a queue.
    fn answering(
        bodies: Vec<Body>,
    ) -> impl Service<Request<Body>, Response = Response<Body>, Error = Error, Future: Send> + Clone {
        let bodies = std::sync::Arc::new(std::sync::Mutex::new(bodies));
        tower::service_fn(move |_| {
            let body = bodies.lock().expect("lock").pop().expect("a body");
            async move { Ok(Response::new(body)) }
        })
    }

    #[tokio::test]
    async fn the_permit_is_held_until_the_body_ends_and_nobody_waits_for_one() {
        let (sender, slow) = trickle();
        let service = layer(1).layer(answering(vec![body::empty(), slow]));
        let first = service.clone().oneshot(request()).await.expect("admitted");
        let mut first = first.into_body();
        assert!(matches!(service.clone().oneshot(request()).await, Err(Error::Overloaded)));
        sender.send("more").await.expect("open");
        assert!(first.frame().await.is_some_and(|frame| frame.is_ok()));
        assert!(matches!(service.clone().oneshot(request()).await, Err(Error::Overloaded)));
        drop(sender);
        assert!(first.frame().await.is_none());
        // The body is still there; it has ended all the same.
        assert!(service.clone().oneshot(request()).await.is_ok());
        drop(first);
    }

    #[tokio::test]
    async fn a_body_that_is_dropped_gives_its_permit_back() {
        let (_sender, slow) = trickle();
        let service = layer(1).layer(answering(vec![body::empty(), slow]));
        drop(service.clone().oneshot(request()).await.expect("admitted"));
        assert!(service.clone().oneshot(request()).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_that_nobody_reads_is_given_up_and_one_that_waits_for_more_is_not() {
        let (sender, slow) = trickle();
        let service = layer(1).layer(answering(vec![body::empty(), slow]));
        let first = service.clone().oneshot(request()).await.expect("admitted");
        let mut first = first.into_body();
        let waiting = async {
            sleep(Duration::from_mins(1)).await;
            sender.send("more").await.expect("it is still wanted");
        };
        let (frame, ()) = tokio::join!(first.frame(), waiting);
        assert!(frame.is_some_and(|frame| frame.is_ok()));
        sleep(Duration::from_secs(7)).await;
        assert!(matches!(service.clone().oneshot(request()).await, Err(Error::Overloaded)));
        sleep(Duration::from_secs(4)).await;
        assert!(sender.is_closed(), "what it came from is dropped");
        assert!(service.clone().oneshot(request()).await.is_ok());
        assert!(first.frame().await.is_some_and(|frame| frame.is_err()), "it does not look whole");
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_too_long_for_the_head_is_told_so_and_what_was_asked_is_dropped() {
        let (mock, mut handle) = mock::pair::<Request<Body>, Response<Body>>();
        handle.allow(2);
        let service = layer(1).layer(mock.map_err(|error| Error::Internal(error.to_string())));
        let began = Instant::now();
        let asked = tokio::time::timeout(Duration::from_mins(1), service.clone().oneshot(request()));
        let (answer, pending) = tokio::join!(asked, handle.next_request());
        assert!(matches!(answer, Ok(Err(Error::Deadline { .. }))));
        assert_eq!(began.elapsed(), Duration::from_secs(10));
        drop(pending);
        // The permit is back.
        let asked = tokio::join!(service.clone().oneshot(request()), async {
            let (_, send) = handle.next_request().await.expect("a request");
            send.send_response(Response::new(body::empty()));
        });
        assert!(asked.0.is_ok());
    }
}
