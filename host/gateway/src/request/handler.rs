//! The gateway as its server sees it: what answers requests.

use crate::request::cors;
use crate::request::gateway_headers::{GatewayHeaders, GatewayResponse};
use crate::request::pipeline::journey;
use crate::worker::{SnapshotHandle, Worker};
use std::pin::pin;
use std::rc::Rc;
use weir_http::head::HeadLimits;
use weir_server::{Handler, IncomingRequest, RequestLimits};

/// One worker's gateway.
#[derive(Debug, Clone)]
pub(crate) struct GatewayHandler(Rc<Worker>);

impl GatewayHandler {
    /// The gateway that this worker is.
    pub(crate) fn new(worker: Rc<Worker>) -> Self {
        Self(worker)
    }
}

impl Handler for GatewayHandler {
    type Held = Rc<SnapshotHandle>;
    type Extra = GatewayHeaders;

    fn hold(&self) -> Self::Held {
        self.0.held()
    }

    fn limits(&self, held: &Self::Held) -> RequestLimits {
        let config = &held.snapshot.config;
        let limits = &config.limits;
        let head = HeadLimits { bytes: limits.head_bytes, headers: limits.headers, secured: config.server.behind_tls };
        RequestLimits { head, read_ahead: limits.request_memory }
    }

    async fn handle(&self, held: Self::Held, request: IncomingRequest<'_>) -> GatewayResponse {
        // Whoever may read the answer is known by headers that the journey takes.
        let reader = cors::reader(&held.snapshot.config.cors, &request.parts.headers);
        let mut answer = { pin!(journey(&self.0, held, request)).await };
        reader.into_iter().for_each(|reader| cors::add(&mut answer.headers, reader));
        answer
    }
}
