//! Heads of responses: what every answer carries, whether a model gave it or the gateway.

use crate::body::OutBody;
use crate::gather::UNCOUNTED;
use crate::journey::reason;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::request_id::RequestId;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::borrow::Cow;
use std::time::Duration;
use weir_sandbox::LazyHeaders as _;
use weir_tenancy::Rate;

const LIMIT: &str = "x-ratelimit-limit-requests";
const REMAINING: &str = "x-ratelimit-remaining-requests";
const RESET: &str = "x-ratelimit-reset-requests";
/// Who answered: `provider/model`.
const UPSTREAM: &str = "x-weir-upstream";
const GENERATION: &str = "x-weir-generation";

/// An answer: its head and its body. The version is the connection's business.
pub(crate) struct OutgoingResponse {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What the gateway says beside its headers, where it has not been put among them.
    pub(crate) own: Option<GatewayHeaders>,
    pub(crate) body: OutBody,
    /// Whether a model gave it. One of the gateway's own is no request in flight.
    pub(crate) is_models: bool,
}

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

    /// Gives every name with its value.
    pub(crate) fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
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

impl weir_sandbox::LazyHeaders for GatewayHeaders {
    fn add_to(&self, headers: &mut HeaderMap) {
        self.each(|name, value| add(headers, name, value));
    }
}

fn add(headers: &mut HeaderMap, name: &'static str, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Adds the state of a rate limit.
pub(crate) fn add_rate(headers: &mut HeaderMap, rate: &Rate) {
    each_of_rate(rate, |name, value| add(headers, name, value));
}

/// The state of a rate limit, under OpenAI's names
/// (<https://platform.openai.com/docs/guides/rate-limits>, "Rate limits in headers").
fn each_of_rate(rate: &Rate, mut put: impl FnMut(&'static str, &[u8])) {
    put(LIMIT, itoa::Buffer::new().format(rate.limit).as_bytes());
    put(REMAINING, itoa::Buffer::new().format(rate.remaining).as_bytes());
    put(RESET, span(rate.reset).as_bytes());
}

/// A time as OpenAI writes it, which is as Go does: `12ms`, `1.5s`, `6m0s`, `1m12.5s`. In whole milliseconds, rounded up,
/// so that who waits as long does not come too early.
fn span(time: Duration) -> Cow<'static, str> {
    let ms = time.as_nanos().div_ceil(1_000_000);
    let seconds = ms as f64 / 1000.0;
    match ms {
        0 => Cow::Borrowed("0s"),
        // Who is far from the limit sees this one, and formatting it would cost more than all the rest.
        1 => Cow::Borrowed("1ms"),
        2..1000 => Cow::Owned(format!("{ms}ms")),
        1000..60_000 => Cow::Owned(format!("{seconds}s")),
        60_000..3_600_000 => Cow::Owned(format!("{}m{}s", ms / 60_000, (ms % 60_000) as f64 / 1000.0)),
        _ => Cow::Owned(format!("{}h{}m{}s", ms / 3_600_000, ms / 60_000 % 60, (ms % 60_000) as f64 / 1000.0)),
    }
}

/// A whole answer of the gateway's own, as JSON.
pub(crate) fn whole(bytes: Bytes, record: Box<Record>) -> OutgoingResponse {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = Some(GatewayHeaders::of(&record, None));
    of_ours(StatusCode::OK, (headers, own), bytes, record)
}

/// An answer of the gateway's own without a body.
pub(crate) fn empty(headers: HeaderMap, record: Box<Record>) -> OutgoingResponse {
    let own = Some(GatewayHeaders::of(&record, None));
    of_ours(StatusCode::NO_CONTENT, (headers, own), Bytes::new(), record)
}

/// An answer that no model gives. Who does not take it keeps nobody from being served.
fn of_ours(
    status: StatusCode,
    head: (HeaderMap, Option<GatewayHeaders>),
    bytes: Bytes,
    mut record: Box<Record>,
) -> OutgoingResponse {
    record.leave();
    OutgoingResponse { is_models: false, ..finish(status, head, bytes, record) }
}

/// A model's answer whose body is here. The record is settled when its last byte was sent.
pub(crate) fn finish(
    status: StatusCode,
    (headers, own): (HeaderMap, Option<GatewayHeaders>),
    bytes: Bytes,
    mut record: Box<Record>,
) -> OutgoingResponse {
    if bytes.len() > UNCOUNTED && !record.hold_answer(bytes.len()) {
        return refuse(Refusal::ResponseMemory, record);
    }
    record.head_ready(status.as_u16());
    OutgoingResponse { status, headers, own, body: OutBody::Whole(bytes, record), is_models: true }
}

/// A refusal as an answer.
pub(crate) fn refuse(refusal: Refusal, mut record: Box<Record>) -> OutgoingResponse {
    let face = refusal.face();
    let mut headers = HeaderMap::with_capacity(8);
    GatewayHeaders::of(&record, None).add_to(&mut headers);
    refusal.add_headers(&mut headers, record.attempts);
    refusal.log(&record.id, &record.tenant);
    record.count_refusal(face.code, refusal.is_a_plugins());
    record.judge(refusal.verdict());
    record.refused(face.code, reason(&refusal));
    let (status, body) = (face.status, refusal.body());
    of_ours(status, (headers, None), body, record)
}
