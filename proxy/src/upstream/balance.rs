//! Which endpoint of an upstream is asked next.
//!
//! Weights are kept by the smooth weighted round robin of nginx: each turn every candidate gains its weight, the
//! richest is chosen and pays the sum. So weights 3 and 1 give a, a, b, a, and not a, a, a, b. An
//! endpoint that asked to be left alone (`retry-after`) comes last; one with an open breaker does not come at all.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::Uri;
use tokio::time::Instant;

use crate::config::UpstreamConfig;
use crate::config::upstreams::Balance;
use crate::upstream::breaker::{Breaker, Pass};

/// The endpoints of one upstream and what is known of them.
#[derive(Debug)]
pub struct Endpoints {
    all: Vec<Place>,
    balance: Balance,
    /// What each has gained and not yet paid.
    gained: Mutex<Vec<i64>>,
}

/// One endpoint.
#[derive(Debug)]
pub struct Place {
    /// Scheme, authority and path prefix.
    pub url: Uri,
    /// Its name in metrics: host, port and path.
    pub label: String,
    /// Its breaker.
    pub breaker: Arc<Breaker>,
    weight: i64,
    /// Until when it asked to be left alone.
    resting: Mutex<Option<Instant>>,
}

impl Place {
    /// Comes last until so much time has passed.
    pub fn rest(&self, time: Duration) {
        *self.resting.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now().checked_add(time);
    }

    fn is_resting(&self) -> bool {
        let until = *self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > Instant::now())
    }
}

impl Endpoints {
    /// The endpoints of an upstream, all in good health.
    pub fn new(upstream: &UpstreamConfig) -> Self {
        let all: Vec<Place> = upstream
            .endpoints
            .iter()
            .map(|endpoint| Place {
                url: endpoint.url.clone(),
                label: label(&endpoint.url),
                breaker: Arc::new(Breaker::new(upstream.breaker.failures, upstream.breaker.open)),
                weight: i64::from(endpoint.weight),
                resting: Mutex::new(None),
            })
            .collect();
        let gained = Mutex::new(vec![0; all.len()]);
        Self { all, balance: upstream.balance, gained }
    }

    /// All of them.
    pub fn all(&self) -> &[Place] {
        &self.all
    }

    /// The next to ask, and the leave to do so. Those in `tried` come after all others.
    ///
    /// # Errors
    /// When all breakers are open: the first moment at which one request may try again.
    pub fn next(&self, tried: &[usize]) -> Result<(usize, &Place, Pass), Instant> {
        let mut candidates: Vec<usize> = (0..self.all.len()).collect();
        let mut earliest: Option<Instant> = None;
        while let Some(chosen) = self.choose(&candidates, tried) {
            let Some(place) = self.all.get(chosen) else { break };
            match place.breaker.pass() {
                Ok(pass) => return Ok((chosen, place, pass)),
                Err(until) => {
                    earliest = Some(earliest.map_or(until, |known| known.min(until)));
                    candidates.retain(|other| *other != chosen);
                }
            }
        }
        Err(earliest.unwrap_or_else(Instant::now))
    }

    /// The best of the candidates, whatever its breaker says.
    fn choose(&self, candidates: &[usize], tried: &[usize]) -> Option<usize> {
        let rank = |number: &usize| {
            let resting = self.all.get(*number).is_some_and(Place::is_resting);
            (tried.iter().filter(|before| *before == number).count(), resting)
        };
        let best = candidates.iter().map(rank).min()?;
        let equals: Vec<usize> = candidates.iter().copied().filter(|number| rank(number) == best).collect();
        match self.balance {
            Balance::Ordered => equals.first().copied(),
            Balance::Weighted => self.turn(&equals),
        }
    }

    fn turn(&self, equals: &[usize]) -> Option<usize> {
        let mut gained = self.gained.lock().unwrap_or_else(PoisonError::into_inner);
        let mut sum = 0;
        for number in equals {
            let (Some(gain), Some(place)) = (gained.get_mut(*number), self.all.get(*number)) else {
                continue;
            };
            *gain += place.weight;
            sum += place.weight;
        }
        // The first of equals, so that the order is that of the configuration.
        let richest = equals.iter().copied().rev().max_by_key(|number| gained.get(*number).copied())?;
        if let Some(gain) = gained.get_mut(richest) {
            *gain -= sum;
        }
        Some(richest)
    }
}

fn label(url: &Uri) -> String {
    let authority = url.authority().map(ToString::to_string).unwrap_or_default();
    authority + url.path().trim_end_matches('/')
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::time::Duration;

    use tokio::time::{Instant, advance};

    use super::Endpoints;
    use crate::config::{Config, raw};

    fn endpoints(more: &str) -> Endpoints {
        let text = format!(
            "upstreams: [{{name: main, breaker: {{failures: 1}}, {more}}}]\n\
             classifiers: {{dirs: [models], onUnavailable: block}}"
        );
        let config = Config::parse("demur.yaml", &text, Path::new("/"), raw::Overrides::default());
        Endpoints::new(config.expect("valid").default_upstream().expect("one"))
    }

    const WEIGHTED: &str = "endpoints: [{url: 'http://a', weight: 3}, {url: 'http://b'}]";
    const ORDERED: &str =
        "balance: ordered, endpoints: [{url: 'http://a'}, {url: 'http://b'}, {url: 'http://c'}]";

    fn labels(endpoints: &Endpoints, times: usize) -> String {
        let next = || {
            let (_, place, pass) = endpoints.next(&[]).expect("one is closed");
            pass.worked();
            place.label.clone()
        };
        std::iter::repeat_with(next).take(times).collect()
    }

    #[tokio::test]
    async fn weights_are_kept_and_turns_are_spread() {
        assert_eq!(labels(&endpoints(WEIGHTED), 8), "aabaaaba");
        assert_eq!(labels(&endpoints("url: 'http://a'"), 3), "aaa");
    }

    #[tokio::test]
    async fn in_order_the_first_is_asked_until_it_fails() {
        let endpoints = endpoints(ORDERED);
        assert_eq!(labels(&endpoints, 3), "aaa");
        let (first, _, pass) = endpoints.next(&[]).expect("closed");
        pass.failed();
        let (second, place, _pass) = endpoints.next(&[first]).expect("closed");
        assert_eq!(place.label, "b");
        let (_, place, _pass) = endpoints.next(&[first, second]).expect("closed");
        assert_eq!(place.label, "c");
        assert_eq!(labels(&endpoints, 2), "bb", "the breaker of the first is open");
    }

    #[tokio::test]
    async fn two_paths_of_one_host_are_told_apart() {
        let endpoints = endpoints("endpoints: [{url: 'http://a:8080/eu/'}, {url: 'http://a:8080'}]");
        let labels: Vec<&str> = endpoints.all().iter().map(|place| place.label.as_str()).collect();
        assert_eq!(labels, ["a:8080/eu", "a:8080"]);
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_rests_comes_last_and_comes_back() {
        let endpoints = endpoints(ORDERED);
        endpoints.all()[0].rest(Duration::from_secs(7));
        assert_eq!(labels(&endpoints, 1), "b");
        advance(Duration::from_secs(7)).await;
        assert_eq!(labels(&endpoints, 1), "a");
    }

    #[tokio::test(start_paused = true)]
    async fn with_all_breakers_open_it_says_when_to_come_again() {
        let endpoints = endpoints(WEIGHTED);
        for _ in 0..2 {
            endpoints.next(&[]).expect("closed").2.failed();
            advance(Duration::from_secs(1)).await;
        }
        let until = endpoints.next(&[]).expect_err("all open");
        assert_eq!(until, Instant::now() + Duration::from_secs(3));
    }
}
