//! Accepts connections and serves them, HTTP/1.1 and HTTP/2 alike, until it is told to drain.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::{Service, ServiceExt};

use crate::body::{self, Body};

/// How long accepting pauses when the system has no room for another connection.
const NO_ROOM: Duration = Duration::from_millis(50);

/// How a listener treats its clients.
#[derive(Debug, Clone, Copy)]
pub struct Manner {
    /// How long one may take to send the head of a request.
    pub head_timeout: Duration,
    /// How long open exchanges may take to end once it is time to.
    pub drain_timeout: Duration,
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
        let connection = connection(&builder, stream, service.clone());
        let watched = graceful.watch(connection);
        tasks.spawn(async move {
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended badly");
            }
        });
    }
    drop(listener);
    let limit = manner.drain_timeout;
    if tokio::time::timeout(limit, graceful.shutdown()).await.is_err() {
        tracing::warn!(?limit, "exchanges were still open when the time to drain was up");
    }
}

fn connection<S>(
    builder: &Builder<TokioExecutor>,
    stream: TcpStream,
    service: S,
) -> impl hyper_util::server::graceful::GracefulConnection<Error = Box<dyn std::error::Error + Send + Sync>> + use<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send + 'static,
{
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "cannot set TCP_NODELAY");
    }
    let service = service.map_request(|request: Request<Incoming>| request.map(body::boxed));
    builder
        .serve_connection_with_upgrades(TokioIo::new(stream), TowerToHyperService::new(service))
        .into_owned()
}
