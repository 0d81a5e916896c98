//! The way to a socket: straight, or through the proxy that the environment names.
//!
//! `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` mean what they mean to curl. Only `https` goes through a proxy, in a
//! tunnel: what is said in clear to a server of one's own network has no business on a proxy.

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::body::{BoxError, TimedOut};

/// Connects to endpoints.
#[derive(Clone)]
pub struct Connector {
    straight: HttpConnector,
    proxies: Arc<Matcher>,
}

impl Connector {
    /// Connects by these means.
    pub fn new(straight: HttpConnector, proxies: Arc<Matcher>) -> Self {
        Self { straight, proxies }
    }
}

impl tower::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.straight.poll_ready(context).map_err(BoxError::new)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let is_secret = target.scheme_str() == Some("https");
        match is_secret.then(|| self.proxies.intercept(&target)).flatten() {
            None => {
                let connecting = self.straight.call(target);
                Box::pin(async move { connecting.await.map_err(BoxError::new) })
            }
            Some(proxy) => {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), self.straight.clone());
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                let connecting = tunnel.call(target);
                Box::pin(async move { connecting.await.map_err(BoxError::new) })
            }
        }
    }
}

/// Connects within a time, the handshake of TLS included: a server that takes connections and then says nothing is
/// as good as none.
#[derive(Clone)]
pub struct Within<C> {
    inner: C,
    limit: Duration,
}

impl<C> Within<C> {
    /// Connects as `inner` does, within `limit`.
    pub fn new(inner: C, limit: Duration) -> Self {
        Self { inner, limit }
    }
}

impl<C> tower::Service<Uri> for Within<C>
where
    C: tower::Service<Uri, Future: Send + 'static, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    type Response = C::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<C::Response, BoxError>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(context).map_err(BoxError::new)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let connecting = self.inner.call(target);
        let limit = self.limit;
        Box::pin(async move {
            match timeout(limit, connecting).await {
                Ok(connected) => connected.map_err(BoxError::new),
                Err(_) => Err(BoxError::new(TimedOut { limit })),
            }
        })
    }
}
