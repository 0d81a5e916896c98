//! The way to the LLM APIs: pooled connections, one pool for each upstream, and nothing but cleared requests.
//!
//! `balance` says which endpoint is asked, `breaker` which one is left alone, `attempt` whether a request goes out
//! again, and `watched` how long an answer may take.

pub mod breaker;
pub mod balance;
pub mod watched;
pub mod tls;
pub mod connect;
pub mod attempt;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::uri::{PathAndQuery, Uri};
use http::{Response, header};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioTimer};

use crate::body::Body;
use crate::config::{Config, UpstreamConfig};
use crate::error::Error;
use crate::fresh::Refresh;
use crate::metrics::{Metrics, status_class};
use crate::phase::act::Cleared;
use attempt::Route;
use connect::{Connector, Within};

pub use tls::TlsError;

/// The connections of one upstream.
pub type Pool = Client<Within<HttpsConnector<Connector>>, Body>;

/// All upstreams. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Upstreams {
    routes: Arc<BTreeMap<String, Route>>,
    metrics: Metrics,
    identities: Vec<Arc<dyn Refresh>>,
}

impl Upstreams {
    /// A pool for each upstream of the configuration.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub fn new(config: &Config, metrics: Metrics) -> Result<Self, TlsError> {
        let proxies = Arc::new(Config::proxies());
        let mut routes = BTreeMap::new();
        let mut identities: Vec<Arc<dyn Refresh>> = Vec::new();
        for upstream in &config.upstreams {
            let identity = tls::identity(upstream)?;
            let tls = tls::client(upstream, identity.as_ref())?;
            identities.extend(identity.map(|identity| identity as _));
            let route = Route::new(upstream, pool(upstream, tls, Arc::clone(&proxies)), metrics.clone());
            routes.insert(upstream.name.clone(), route);
        }
        Ok(Self { routes: Arc::new(routes), metrics, identities })
    }

    /// The certificates that are shown to upstreams.
    pub fn identities(&self) -> Vec<Arc<dyn Refresh>> {
        self.identities.clone()
    }
}

impl tower::Service<Cleared> for Upstreams {
    type Response = Response<Body>;
    type Error = Error;
    type Future = BoxFuture<'static, Result<Response<Body>, Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, cleared: Cleared) -> Self::Future {
        let whole = cleared.whole();
        let (upstream, mut request) = cleared.into_parts();
        // The pool writes the host of the target; the client's own names demur.
        request.headers_mut().remove(header::HOST);
        let (routes, metrics) = (Arc::clone(&self.routes), self.metrics.clone());
        Box::pin(async move {
            let name = upstream.name;
            let Some(route) = routes.get(&name) else { return Err(Error::UnknownUpstream { name }) };
            let result = route.call(request, whole).await;
            let status = result.as_ref().map_or("none", |response| status_class(response.status()));
            metrics.upstream_answers.with_label_values(&[name.as_str(), status]).inc();
            result
        })
    }
}

/// The upstream's URL with the path and query of a request appended.
fn target(base: &Uri, wanted: &Uri) -> Result<Uri, http::Error> {
    let prefix = base.path().trim_end_matches('/');
    let suffix = wanted.path_and_query().map_or("/", PathAndQuery::as_str);
    let mut parts = base.clone().into_parts();
    parts.path_and_query = Some(format!("{prefix}{suffix}").parse()?);
    Ok(Uri::from_parts(parts)?)
}

fn pool(upstream: &UpstreamConfig, tls: rustls::ClientConfig, proxies: Arc<Matcher>) -> Pool {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(upstream.connect_timeout));
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls)
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(Connector::new(tcp, proxies));
    Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .build(Within::new(https, upstream.connect_timeout))
}

#[cfg(test)]
mod tests {
    use super::target;

    #[test]
    fn the_path_of_the_upstream_comes_before_that_of_the_request() {
        let check = |base: &str, wanted: &str, expected: &str| {
            let made =
                target(&base.parse().expect("base"), &wanted.parse().expect("wanted")).expect("target");
            assert_eq!(made.to_string(), expected);
        };
        check("https://api.example.com", "/v1/models?x=1", "https://api.example.com/v1/models?x=1");
        check("http://gateway/openai/", "/v1/chat/completions", "http://gateway/openai/v1/chat/completions");
    }
}
