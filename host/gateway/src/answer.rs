//! Heads of responses: what every answer carries, whether a model gave it or the gateway.

use crate::gather::UNCOUNTED;
use crate::rate_headers::each_of_rate;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::request_id::RequestId;
use crate::server::{ExtraHeaders, OutgoingResponse, ResponseBody};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use weir_sandbox::LazyHeaders;
use weir_tenancy::Rate;

/// Who answered: `provider/model`.
const UPSTREAM: &str = "x-weir-upstream";
const GENERATION: &str = "x-weir-generation";

/// An answer of the gateway's, or one of a model's that the gateway relays.
pub(crate) type GatewayResponse = OutgoingResponse<GatewayHeaders>;

/// What the gateway says in the head of every answer. Writing it down is cheaper than finding each of its names a place
/// in a map first.
#[derive(Debug)]
pub(crate) struct GatewayHeaders {
    id: RequestId,
    /// Who answered, if a model did.
    upstream: Option<HeaderValue>,
    /// Which generation of plugins served the request, where the operator wants to see that (`server.debug_headers`).
    generation: Option<u64>,
    rate: Option<Rate>,
}

impl GatewayHeaders {
    pub(crate) fn of(record: &Record, upstream: Option<HeaderValue>) -> Self {
        let snapshot = &record.held.snapshot;
        Self {
            id: record.id.clone(),
            upstream,
            generation: snapshot.config.server.debug_headers.then_some(snapshot.chains.generation),
            rate: record.seat.as_ref().and_then(|seat| seat.rate),
        }
    }
}

impl ExtraHeaders for GatewayHeaders {
    fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        self.id.each(&mut put);
        if let Some(upstream) = &self.upstream {
            put(UPSTREAM, upstream.as_bytes());
        }
        if let Some(generation) = self.generation {
            put(GENERATION, itoa::Buffer::new().format(generation).as_bytes());
        }
        if let Some(rate) = &self.rate {
            each_of_rate(rate, put);
        }
    }
}

impl LazyHeaders for GatewayHeaders {
    fn add_to(&self, headers: &mut HeaderMap) {
        ExtraHeaders::add_to(self, headers);
    }
}

/// A whole answer of the gateway's own, as JSON.
pub(crate) fn whole(bytes: Bytes, record: Box<Record>) -> GatewayResponse {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = Some(GatewayHeaders::of(&record, None));
    of_ours(StatusCode::OK, (headers, own), bytes, record)
}

/// An answer of the gateway's own without a body.
pub(crate) fn empty(headers: HeaderMap, record: Box<Record>) -> GatewayResponse {
    let own = Some(GatewayHeaders::of(&record, None));
    of_ours(StatusCode::NO_CONTENT, (headers, own), Bytes::new(), record)
}

/// An answer that no model gives. Who does not take it keeps nobody from being served.
fn of_ours(
    status: StatusCode,
    head: (HeaderMap, Option<GatewayHeaders>),
    bytes: Bytes,
    mut record: Box<Record>,
) -> GatewayResponse {
    record.leave();
    OutgoingResponse { is_models: false, ..finish(status, head, bytes, record) }
}

/// A model's answer whose body is here. The record is settled when its last byte was sent.
pub(crate) fn finish(
    status: StatusCode,
    (headers, own): (HeaderMap, Option<GatewayHeaders>),
    bytes: Bytes,
    mut record: Box<Record>,
) -> GatewayResponse {
    if bytes.len() > UNCOUNTED && !record.hold_answer(bytes.len()) {
        return refuse(Refusal::ResponseMemory, record);
    }
    record.head_ready(status.as_u16());
    OutgoingResponse { status, headers, extra: own, body: ResponseBody::Whole(bytes, record), is_models: true }
}

/// A refusal as an answer.
pub(crate) fn refuse(refusal: Refusal, mut record: Box<Record>) -> GatewayResponse {
    let face = refusal.face();
    let mut headers = HeaderMap::with_capacity(8);
    ExtraHeaders::add_to(&GatewayHeaders::of(&record, None), &mut headers);
    refusal.add_headers(&mut headers, record.attempts);
    refusal.log(&record.id, &record.tenant);
    record.count_refusal(face.code, refusal.is_a_plugins());
    record.judge(refusal.verdict());
    record.refused(face.code, refusal.ledger_reason());
    let (status, body) = (face.status, refusal.body());
    of_ours(status, (headers, None), body, record)
}
