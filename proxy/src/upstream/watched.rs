//! The body of an answer, watched: it may not stand still for too long, nor last too long in all.
//!
//! Every answer is watched here, also one that passes unread. How it broke, if it does, is counted.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use prometheus::IntCounterVec;
use tokio::time::{Instant, Sleep, sleep, sleep_until};

use crate::body::{Body, BoxError, TimedOut};

/// How long a body may take.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Between two frames.
    pub idle: Duration,
    /// For the whole call, and when that is over; `None` is no limit.
    pub total: Option<(Duration, Instant)>,
}

/// Watches a body; `broken` counts by upstream and reason.
pub fn watch(body: Body, patience: Patience, upstream: &str, broken: &IntCounterVec) -> Body {
    Watched {
        body,
        idle: Box::pin(sleep(patience.idle)),
        total: patience.total.map(|(limit, end)| (limit, Box::pin(sleep_until(end)))),
        idle_limit: patience.idle,
        upstream: upstream.to_owned(),
        broken: broken.clone(),
        over: false,
    }
    .boxed_unsync()
}

struct Watched {
    body: Body,
    idle: Pin<Box<Sleep>>,
    total: Option<(Duration, Pin<Box<Sleep>>)>,
    idle_limit: Duration,
    upstream: String,
    broken: IntCounterVec,
    over: bool,
}

impl Watched {
    fn end(&mut self, reason: &str, error: BoxError) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        self.over = true;
        self.broken.with_label_values(&[self.upstream.as_str(), reason]).inc();
        Poll::Ready(Some(Err(error)))
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.over {
            return Poll::Ready(None);
        }
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(Some(Ok(frame))) => {
                let next = Instant::now() + self.idle_limit;
                self.idle.as_mut().reset(next);
                return Poll::Ready(Some(Ok(frame)));
            }
            Poll::Ready(Some(Err(error))) => return self.end("broken", error),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        if let Some((limit, end)) = &mut self.total
            && end.as_mut().poll(context).is_ready()
        {
            let limit = *limit;
            return self.end("total_timeout", BoxError::new(TimedOut { limit }));
        }
        if self.idle.as_mut().poll(context).is_ready() {
            let limit = self.idle_limit;
            return self.end("idle_timeout", BoxError::new(TimedOut { limit }));
        }
        Poll::Pending
    }

    fn is_end_stream(&self) -> bool {
        self.over || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use http_body_util::{BodyExt, StreamBody};
    use tokio::sync::mpsc;
    use tokio::time::{Instant, sleep};

    use super::{Patience, watch};
    use crate::body::{self, Body, BoxError, TimedOut};
    use crate::metrics::Metrics;

    const IDLE: Duration = Duration::from_secs(3);

    fn fed() -> (mpsc::Sender<Bytes>, Body) {
        let (sender, receiver) = mpsc::channel(4);
        let frames = futures_util::stream::unfold(receiver, |mut receiver| async move {
            let bytes: Bytes = receiver.recv().await?;
            Some((Ok::<_, BoxError>(http_body::Frame::data(bytes)), receiver))
        });
        (sender, body::boxed(StreamBody::new(frames)))
    }

    async fn limit(body: Body) -> Option<Duration> {
        body.collect().await.err().and_then(|error| Some(error.find::<TimedOut>()?.limit))
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_slow_and_may_not_stand_still() {
        let metrics = Metrics::new().expect("metrics");
        let (sender, body) = fed();
        let body = watch(body, Patience { idle: IDLE, total: None }, "main", &metrics.upstream_broken);
        let feed = async {
            for _ in 0..4 {
                sleep(Duration::from_secs(2)).await;
                sender.send(Bytes::from_static(b"x")).await.expect("open");
            }
        };
        let began = Instant::now();
        let (found, ()) = tokio::join!(limit(body), feed);
        assert_eq!(found, Some(IDLE));
        assert_eq!(began.elapsed(), Duration::from_secs(11));
        let counted = metrics.upstream_broken.with_label_values(&["main", "idle_timeout"]).get();
        assert_eq!(counted, 1);
    }

    #[tokio::test(start_paused = true)]
    async fn and_not_last_for_ever() {
        let metrics = Metrics::new().expect("metrics");
        let (sender, body) = fed();
        let total = Duration::from_secs(5);
        let patience = Patience { idle: IDLE, total: Some((total, Instant::now() + total)) };
        let body = watch(body, patience, "main", &metrics.upstream_broken);
        let feed = async {
            while sender.send(Bytes::from_static(b"x")).await.is_ok() {
                sleep(Duration::from_secs(2)).await;
            }
        };
        let (found, ()) = tokio::join!(limit(body), feed);
        assert_eq!(found, Some(total));
    }
}
