//! A server that stands for an LLM API and does, request by request, what a script says.

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt};
use http::header::CONTENT_LENGTH;
use http::{Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Body, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::sleep;

use crate::clock::runtime;
use crate::script::{Ending, Piece, Received, Reply};

/// How many requests an upstream remembers: more than any test looks at, and fewer than a benchmark sends.
const KEPT: usize = 10_000;

type Script = dyn Fn(&Received) -> Reply + Send + Sync;

/// A running upstream. It ends, with all its connections, when it is dropped.
pub struct Upstream {
    address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    task: AbortHandle,
}

impl Upstream {
    /// Starts one on a free port.
    pub fn start(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        Self::start_at("127.0.0.1:0", script)
    }

    /// Starts one on a given address.
    pub fn start_at(address: &str, script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = runtime().block_on(TcpListener::bind(address)).expect("the address is free");
        let address = listener.local_addr().expect("a bound socket has an address");
        let received = Arc::new(Mutex::new(Vec::new()));
        let task = runtime().spawn(accept(listener, Arc::new(script), Arc::clone(&received)));
        Self { address, received, task: task.abort_handle() }
    }

    /// Starts one that sends every body back as it came.
    pub fn echo() -> Self {
        Self::start(Reply::echo)
    }

    /// An address at which nobody listens.
    pub fn nowhere() -> String {
        // Bound and dropped: the system hands such a port out again last.
        let socket = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", socket.local_addr().expect("a bound socket has an address"))
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Everything that arrived so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The last that arrived.
    pub fn last(&self) -> Received {
        self.received().pop().expect("something reached the upstream")
    }
}

// === impl Upstream ===

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Owns its connections, so that they end with it.
async fn accept(listener: TcpListener, script: Arc<Script>, received: Arc<Mutex<Vec<Received>>>) {
    let mut connections = JoinSet::new();
    while let Ok((socket, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(serve(socket, Arc::clone(&script), Arc::clone(&received)));
    }
}

async fn serve(socket: TcpStream, script: Arc<Script>, received: Arc<Mutex<Vec<Received>>>) {
    // Every piece of a script is a write of its own, and has to leave as one.
    let _ = socket.set_nodelay(true);
    let service = service_fn(|request: Request<Incoming>| {
        let (script, received) = (Arc::clone(&script), Arc::clone(&received));
        async move {
            let (head, body) = request.into_parts();
            let target = head.uri.path_and_query().map(ToString::to_string).unwrap_or_default();
            // A client that goes away while it sends is no request.
            let body = body.collect().await?.to_bytes();
            let request = Received { method: head.method, target, headers: head.headers, body };
            let reply = script(&request);
            remember(&received, request);
            Ok::<_, hyper::Error>(answer(reply).await)
        }
    });
    // An error here is a connection the other side broke, or one that the script told us to break.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
}

fn remember(received: &Mutex<Vec<Received>>, request: Received) {
    let mut received = received.lock().unwrap_or_else(PoisonError::into_inner);
    if received.len() < KEPT {
        received.push(request);
    }
}

async fn answer(reply: Reply) -> Response<impl Body<Data = Bytes, Error = io::Error> + 'static> {
    if reply.pause > Duration::ZERO {
        sleep(reply.pause).await;
    }
    let length: usize = reply.pieces.iter().map(|piece| piece.bytes.len()).sum();
    let mut response = Response::new(StreamBody::new(body(reply.pieces, reply.ending)));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    if reply.measured {
        response.headers_mut().insert(CONTENT_LENGTH, length.into());
    }
    response
}

fn body(
    pieces: Vec<Piece>,
    ending: Ending,
) -> impl futures_util::Stream<Item = Result<Frame<Bytes>, io::Error>> + Send + 'static {
    let pieces = stream::iter(pieces).then(|piece| async move {
        // Pending once even for no wait, or hyper would put several pieces into one write.
        // Not `sleep`, which takes a millisecond even then.
        if piece.after == Duration::ZERO {
            tokio::task::yield_now().await;
        } else {
            sleep(piece.after).await;
        }
        Ok(Frame::data(piece.bytes))
    });
    let end = stream::once(async move {
        match ending {
            Ending::Complete => None,
            Ending::Cut => {
                tokio::task::yield_now().await;
                Some(Err(io::Error::other("the script says so")))
            }
            Ending::Stall => std::future::pending::<Option<Result<_, _>>>().await,
        }
    });
    Box::pin(pieces.chain(end.filter_map(std::future::ready)))
}
