//! The way to the LLM APIs: pooled connections, one pool for each upstream, and nothing but cleared requests.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::BoxFuture;
use http::uri::{PathAndQuery, Uri};
use http::{Response, header};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::time::timeout;

use crate::body::{self, Body, BoxError};
use crate::config::{Config, UpstreamConfig};
use crate::error::Error;
use crate::metrics::{Metrics, status_class};
use crate::phase::act::Cleared;

type Pool = Client<HttpsConnector<HttpConnector>, Body>;

/// Why the pools could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The file of trusted certificates cannot be used.
    #[error("upstreams.{upstream}.ca: cannot read certificates from `{path}`: {reason}")]
    Ca {
        /// Which upstream.
        upstream: String,
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// TLS cannot be set up at all.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// All upstreams. Cheap to clone; clones share the connections.
#[derive(Clone)]
pub struct Upstreams {
    pools: Arc<BTreeMap<String, Pool>>,
    metrics: Metrics,
}

impl Upstreams {
    /// A pool for each upstream of the configuration.
    ///
    /// # Errors
    /// When certificates cannot be read.
    pub fn new(config: &Config, metrics: Metrics) -> Result<Self, TlsError> {
        let mut pools = BTreeMap::new();
        for upstream in &config.upstreams {
            pools.insert(upstream.name.clone(), pool(upstream)?);
        }
        Ok(Self { pools: Arc::new(pools), metrics })
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
        let (upstream, request) = cleared.into_parts();
        let pool = self.pools.get(&upstream.name).cloned();
        let metrics = self.metrics.clone();
        Box::pin(async move {
            let name = upstream.name.clone();
            let pool = pool.ok_or_else(|| Error::UnknownUpstream { name: name.clone() })?;
            let result = send(&pool, &upstream, request).await;
            let status = result.as_ref().map_or("none", |response| status_class(response.status()));
            metrics.upstream_answers.with_label_values(&[&name, status]).inc();
            result
        })
    }
}

async fn send(
    pool: &Pool,
    upstream: &UpstreamConfig,
    mut request: http::Request<Body>,
) -> Result<Response<Body>, Error> {
    *request.uri_mut() =
        target(&upstream.url, request.uri()).map_err(|error| Error::Internal(error.to_string()))?;
    // The pool writes the host of the target; the client's own names demur.
    request.headers_mut().remove(header::HOST);
    match timeout(upstream.first_byte_timeout, pool.request(request)).await {
        Ok(Ok(response)) => Ok(response.map(body::boxed)),
        Ok(Err(error)) => {
            Err(Error::UpstreamDown { name: upstream.name.clone(), source: BoxError::new(error) })
        }
        Err(_) => {
            Err(Error::UpstreamTimeout { name: upstream.name.clone(), limit: upstream.first_byte_timeout })
        }
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

fn pool(upstream: &UpstreamConfig) -> Result<Pool, TlsError> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    tcp.set_connect_timeout(Some(upstream.connect_timeout));
    let https = hyper_rustls::HttpsConnectorBuilder::new()
        .with_tls_config(tls(upstream)?)
        .https_or_http()
        .enable_http1()
        .enable_http2()
        .wrap_connector(tcp);
    Ok(Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(https))
}

fn tls(upstream: &UpstreamConfig) -> Result<rustls::ClientConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut roots = rustls::RootCertStore::empty();
    match &upstream.ca {
        None => {
            // What the system trusts; where it has nothing, what browsers trust, so that a bare container works.
            for certificate in rustls_native_certs::load_native_certs().certs {
                if let Err(error) = roots.add(certificate) {
                    tracing::debug!(%error, "a system certificate is not usable");
                }
            }
            if roots.is_empty() {
                roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
        Some(path) => {
            let failed = |reason: String| TlsError::Ca {
                upstream: upstream.name.clone(),
                path: path.display().to_string(),
                reason,
            };
            for certificate in
                CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?
            {
                let certificate = certificate.map_err(|error| failed(error.to_string()))?;
                roots.add(certificate).map_err(|error| failed(error.to_string()))?;
            }
            if roots.is_empty() {
                return Err(failed("it holds no certificate".to_owned()));
            }
        }
    }
    Ok(rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
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
