//! Accepts connections and serves them, HTTP/1.1 and HTTP/2, in clear and over TLS alike, until it is told to drain.

pub mod patience;

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use crate::body::{self, Body};
use crate::listen::patience::Patient;
use crate::tls::ServerTls;

/// How long accepting pauses when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How a listener treats its clients.
#[derive(Debug, Clone)]
pub struct Manner {
    /// How long one may take to send the head of a request.
    pub head_timeout: Duration,
    /// How long one may leave unread what is written.
    pub read_timeout: Duration,
    /// How long open exchanges may take to end once it is time to.
    pub drain_timeout: Duration,
    /// How its connections are made safe; `None` is not at all.
    pub tls: Option<Arc<ServerTls>>,
}

/// Binds an address, so that the port is known before anything is served.
///
/// # Errors
/// When the address is taken or not ours.
pub async fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Serves until `drain` is cancelled, then lets open exchanges end.
pub async fn serve<S>(
    listener: TcpListener,
    service: S,
    tasks: &TaskTracker,
    drain: CancellationToken,
    manner: Manner,
) where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let graceful = GracefulShutdown::new();
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(manner.head_timeout);
    builder.http2().timer(TokioTimer::new());
    loop {
        let accepted = tokio::select! {
            () = drain.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "cannot accept a connection");
                tokio::time::sleep(NO_ROOM).await;
                continue;
            }
        };
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "cannot set TCP_NODELAY");
        }
        let (builder, service, watcher) = (builder.clone(), service.clone(), graceful.watcher());
        let stream = Patient::new(stream, manner.read_timeout);
        let (tls, patience) = (manner.tls.as_ref().map(|tls| tls.current()), manner.head_timeout);
        tasks.spawn(async move {
            let ended = match tls {
                None => watcher.watch(connection(&builder, stream, service)).await,
                Some(tls) => match timeout(patience, TlsAcceptor::from(tls).accept(stream)).await {
                    Ok(Ok(stream)) => watcher.watch(connection(&builder, stream, service)).await,
                    Ok(Err(error)) => Err(error.into()),
                    Err(late) => Err(late.into()),
                },
            };
            if let Err(error) = ended {
                tracing::debug!(%error, "a connection ended badly");
            }
        });
    }
    drop(listener);
    let limit = manner.drain_timeout;
    if timeout(limit, graceful.shutdown()).await.is_err() {
        tracing::warn!(?limit, "exchanges were still open when the time to drain was up");
    }
}

fn connection<I, S>(
    builder: &Builder<TokioExecutor>,
    stream: I,
    service: S,
) -> impl GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>> + use<I, S>
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    let service = service.map_request(|request: Request<Incoming>| request.map(body::boxed));
    builder
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
        .into_owned()
}
