//! One call to an upstream: as many attempts as its failures allow.
//!
//! A request goes out again only where that is safe. Its body has to be known as a whole, nothing of an answer may
//! have come, the failure has to be one that the configuration names, and the budget has to have something left:
//! when most requests fail, retries would only be more of them. Another endpoint is asked at once; the same one
//! after a wait that doubles, with jitter, or after the time that its `retry-after` asks for.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode, header};
use tokio::time::{Instant, sleep_until, timeout_at};
use tower::retry::backoff::{Backoff, ExponentialBackoff, ExponentialBackoffMaker, MakeBackoff};
use tower::retry::budget::{Budget, TpsBudget};
use tower::util::rng::HasherRng;

use crate::body::{self, Body, BoxError};
use crate::config::UpstreamConfig;
use crate::config::upstreams::RetryOn;
use crate::error::Error;
use crate::metrics::{Metrics, status_class};
use crate::upstream::Pool;
use crate::upstream::balance::{Endpoints, Place};
use crate::upstream::watched::{Patience, watch};

/// For how long a request counts towards the budget of retries.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// Retries a second that need no budget, so that the first request of a quiet hour may be sent again.
const SPARE_RETRIES: u32 = 1;

/// Everything that calls to one upstream share.
pub struct Route {
    config: UpstreamConfig,
    pool: Pool,
    endpoints: Endpoints,
    budget: TpsBudget,
    metrics: Metrics,
}

/// How an attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Connect,
    Reset,
    /// What came is no HTTP.
    Malformed,
    /// The client's own body broke off on the way.
    Client,
    Timeout,
    /// 429, 502, 503 or 504.
    Status,
}

/// An attempt: what the client would get if it were the last, and what failed.
struct Attempt {
    outcome: Result<Response<Body>, Error>,
    failure: Option<Failure>,
    retry_after: Option<Duration>,
}

/// When a call has to be over.
#[derive(Clone, Copy)]
struct Deadline(Option<(Duration, Instant)>);

impl Route {
    /// A route over this pool.
    pub fn new(config: &UpstreamConfig, pool: Pool, metrics: Metrics) -> Self {
        let share = config.retry.budget_percent as f32 / 100.0;
        let route = Self {
            pool,
            endpoints: Endpoints::new(config),
            budget: TpsBudget::new(BUDGET_WINDOW, SPARE_RETRIES, share),
            config: config.clone(),
            metrics,
        };
        route.endpoints.all().iter().for_each(|place| route.show(place));
        route
    }

    /// Sends a request; `whole` is its body where that is known.
    ///
    /// # Errors
    /// How the last attempt failed, or that no endpoint may be asked now.
    pub async fn call(&self, request: Request<Body>, whole: Option<Bytes>) -> Result<Response<Body>, Error> {
        let (head, body) = request.into_parts();
        let deadline = Deadline(self.config.total_timeout.map(|limit| (limit, Instant::now() + limit)));
        let mut again = None;
        let mut tried = Vec::new();
        let mut body = Some(body);
        let mut last = None;
        self.budget.deposit();
        loop {
            let (number, place, pass) = match self.endpoints.next(&tried) {
                Ok(next) => next,
                // What came of the attempt before says more than that there is no other.
                Err(until) => return last.unwrap_or_else(|| Err(self.resting(until))),
            };
            tried.push(number);
            let body = body.take().or_else(|| whole.clone().map(body::full)).unwrap_or_else(body::empty);
            let request = Request::from_parts(head.clone(), body);
            let attempt = self.attempt(place, request, deadline).await;
            match attempt.failure {
                Some(Failure::Client) => drop(pass),
                Some(Failure::Status) if attempt.is(StatusCode::TOO_MANY_REQUESTS) => pass.worked(),
                Some(_) => pass.failed(),
                None => pass.worked(),
            }
            self.show(place);
            if let Some(time) = attempt.retry_after {
                place.rest(time);
            }
            let wanted = self.wants_another(&attempt, tried.len(), whole.is_some());
            if !wanted || !self.waited(attempt.retry_after, tried.len(), deadline, &mut again).await {
                return attempt.outcome;
            }
            last = Some(attempt.outcome);
        }
    }

    /// Sends a request to one endpoint, once.
    async fn attempt(&self, place: &Place, mut request: Request<Body>, deadline: Deadline) -> Attempt {
        let name = &self.config.name;
        let target = super::target(&place.url, request.uri());
        match target {
            Ok(target) => *request.uri_mut() = target,
            Err(error) => return Attempt::lost(Error::Internal(error.to_string()), Failure::Client),
        }
        let (limit, until) = deadline.within(self.config.first_byte_timeout);
        let attempt = match timeout_at(until, self.pool.request(request)).await {
            Ok(Ok(response)) => self.answered(response.map(body::boxed), deadline),
            Ok(Err(error)) => {
                let failure = if error.is_connect() { Failure::Connect } else { kind(&error) };
                let source = BoxError::new(error);
                if failure == Failure::Client {
                    Attempt::lost(Error::ClientGone(source), failure)
                } else {
                    Attempt::lost(Error::UpstreamDown { name: name.clone(), source }, failure)
                }
            }
            Err(_) => Attempt::lost(Error::UpstreamTimeout { name: name.clone(), limit }, Failure::Timeout),
        };
        self.metrics.upstream_attempts.with_label_values(&[name, &place.label, attempt.label()]).inc();
        attempt
    }

    fn answered(&self, response: Response<Body>, deadline: Deadline) -> Attempt {
        let status = response.status();
        let failed = matches!(status.as_u16(), 429 | 502 | 503 | 504);
        let retry_after = failed.then(|| retry_after(response.headers())).flatten();
        let patience = Patience { idle: self.config.idle_timeout, total: deadline.0 };
        let response =
            response.map(|body| watch(body, patience, &self.config.name, &self.metrics.upstream_broken));
        Attempt { outcome: Ok(response), failure: failed.then_some(Failure::Status), retry_after }
    }

    /// Whether another attempt is wanted and safe; what is not is counted.
    fn wants_another(&self, attempt: &Attempt, tried: usize, is_whole: bool) -> bool {
        let Some(failure) = attempt.failure else { return false };
        let on = match failure {
            Failure::Connect => RetryOn::Connect,
            Failure::Reset => RetryOn::Reset,
            Failure::Status => RetryOn::Status,
            Failure::Malformed | Failure::Client | Failure::Timeout => return false,
        };
        let retry = &self.config.retry;
        let handling = if !retry.on.contains(&on) || retry.attempts == 1 {
            return false;
        } else if tried >= retry.attempts as usize {
            "attempts_used_up"
        } else if !is_whole {
            "body_unknown"
        } else if attempt.retry_after.is_some_and(|time| time > retry.max_delay) && !self.has_others(tried) {
            "asked_to_wait_longer"
        } else if !self.budget.withdraw() {
            "budget_used_up"
        } else {
            "retried"
        };
        let labels = [self.config.name.as_str(), failure.label(), handling];
        self.metrics.upstream_retries.with_label_values(&labels).inc();
        handling == "retried"
    }

    /// Waits until the next attempt may start; false when there is no time left for one.
    async fn waited(
        &self,
        retry_after: Option<Duration>,
        tried: usize,
        deadline: Deadline,
        again: &mut Option<ExponentialBackoff>,
    ) -> bool {
        if self.has_others(tried) {
            return true;
        }
        let mut until = again.get_or_insert_with(|| self.backoff()).next_backoff().deadline();
        if let Some(asked) = retry_after.and_then(|time| Instant::now().checked_add(time)) {
            until = until.max(asked);
        }
        if deadline.0.is_some_and(|(_, end)| end <= until) {
            return false;
        }
        sleep_until(until).await;
        true
    }

    /// A series of waits of its own: requests that fail together must not come back together.
    fn backoff(&self) -> ExponentialBackoff {
        let retry = &self.config.retry;
        let maker = ExponentialBackoffMaker::new(retry.min_delay, retry.max_delay, 1.0, HasherRng::default());
        maker.unwrap_or_default().make_backoff()
    }

    /// Whether there are endpoints that were not asked yet.
    fn has_others(&self, tried: usize) -> bool {
        tried < self.endpoints.all().len()
    }

    fn resting(&self, until: Instant) -> Error {
        let after = until.saturating_duration_since(Instant::now());
        Error::UpstreamResting { name: self.config.name.clone(), after }
    }

    fn show(&self, place: &Place) {
        let labels = [self.config.name.as_str(), place.label.as_str()];
        self.metrics.upstream_breaker.with_label_values(&labels).set(place.breaker.gauge());
    }
}

// === impl Attempt ===

impl Attempt {
    fn lost(error: Error, failure: Failure) -> Self {
        Self { outcome: Err(error), failure: Some(failure), retry_after: None }
    }

    fn is(&self, status: StatusCode) -> bool {
        self.outcome.as_ref().is_ok_and(|response| response.status() == status)
    }

    fn label(&self) -> &'static str {
        match (&self.outcome, self.failure) {
            (Ok(response), _) => status_class(response.status()),
            (Err(_), failure) => failure.map_or("none", Failure::label),
        }
    }
}

// === impl Failure ===

impl Failure {
    fn label(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Reset => "reset",
            Self::Malformed => "malformed",
            Self::Client => "client",
            Self::Timeout => "timeout",
            Self::Status => "status",
        }
    }
}

// === impl Deadline ===

impl Deadline {
    /// The nearer of this deadline and a limit from now, and the limit that it stands for.
    fn within(self, limit: Duration) -> (Duration, Instant) {
        let until = Instant::now() + limit;
        match self.0 {
            Some((total, end)) if end < until => (total, end),
            _ => (limit, until),
        }
    }
}

/// What broke, of an error after the connection stood.
fn kind(error: &hyper_util::client::legacy::Error) -> Failure {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return match error {
                error if error.is_user() => Failure::Client,
                error if error.is_parse() => Failure::Malformed,
                _ => Failure::Reset,
            };
        }
        cause = error.source();
    }
    Failure::Reset
}

/// The time that an upstream asks to be left alone for: seconds, or a date.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    let left = date.duration_since(jiff::Timestamp::now());
    Some(Duration::try_from(left).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderValue, header};

    use super::retry_after;

    #[test]
    fn the_wait_that_is_asked_for_is_in_seconds_or_a_date() {
        let check = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_str(text).expect("a header"));
            retry_after(&headers)
        };
        assert_eq!(check("7"), Some(Duration::from_secs(7)));
        assert_eq!(check("soon"), None);
        assert_eq!(check("-1"), None);
        assert_eq!(check("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
        let later = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(90);
        let later = later.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let found = check(&later).expect("a date");
        assert!(found > Duration::from_secs(80) && found <= Duration::from_secs(90), "{found:?}");
    }
}
