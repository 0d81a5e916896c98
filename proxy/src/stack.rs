//! The whole stack. Every request passes these layers, top first; moving a line changes behaviour.

use std::convert::Infallible;
use std::sync::Arc;

use http::{Request, Response};
use tokio_util::task::TaskTracker;
use tower::ServiceBuilder;
use tower::util::BoxCloneSyncService;

use crate::admit::AdmitLayer;
use crate::body::Body;
use crate::guard::Guard;
use crate::keys::{Keys, KeysLayer};
use crate::live::Lives;
use crate::phase::exchange::Traces;
use crate::phase::helper::Send;
use crate::rescue::RescueLayer;
use crate::telemetry::TelemetryLayer;

/// What the listener serves. It has no errors left: `rescue` made answers of them.
pub type Stack = BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>;

/// Builds the stack before whatever `send` reaches: real upstreams, or recorded ones.
pub fn stack(
    lives: Arc<Lives>,
    send: Send,
    traces: Traces,
    tasks: TaskTracker,
    keys: Option<Arc<Keys>>,
) -> Stack {
    let limits = lives.load().config.limits;
    BoxCloneSyncService::new(
        ServiceBuilder::new()
            // Outermost: even a refused request has an id and a span.
            .layer(TelemetryLayer)
            // Above all that can fail: errors end here, as answers.
            .layer(RescueLayer::new(traces.metrics.clone()))
            // Before a place is taken: who may not come costs nobody else one.
            .layer(KeysLayer::new(keys, traces.metrics.clone()))
            // A permit until the body ends, and one deadline for all below.
            .layer(AdmitLayer::new(&limits, &tasks))
            // Reads the body, within its limit, and runs the phases.
            .service(Guard::new(lives, send, traces, tasks)),
    )
}
