//! Heads of responses: what every answer carries, whether a model gave it or the gateway.

use crate::body::OutBody;
use crate::journey::reason;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::request_id;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;
use weir_sandbox::Late as _;
use weir_tenancy::Rate;

const LIMIT: &str = "x-ratelimit-limit-requests";
const REMAINING: &str = "x-ratelimit-remaining-requests";
const RESET: &str = "x-ratelimit-reset-requests";
/// Who answered: `provider/model`.
const UPSTREAM: &str = "x-weir-upstream";
const GENERATION: &str = "x-weir-generation";

/// An answer: its head and its body. The version is the connection's business.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// What the gateway says beside its headers, where it has not been put among them.
    pub(crate) own: Option<Own>,
    pub(crate) body: OutBody,
}

/// What the gateway says in the head of every answer. Writing it down is cheaper than finding each of its names a place
/// in a map first.
#[derive(Debug)]
pub(crate) struct Own {
    id: Arc<str>,
    /// Who answered, if a model did.
    upstream: Option<HeaderValue>,
    /// Which generation of plugins served the request, where the operator wants to see that (`server.debug_headers`).
    generation: Option<u64>,
    rate: Option<Rate>,
}

impl Own {
    pub(crate) fn of(record: &Record, upstream: Option<HeaderValue>) -> Self {
        let snapshot = &record.held.snapshot;
        Self {
            id: Arc::clone(&record.id),
            upstream,
            generation: snapshot.config.server.debug_headers.then_some(snapshot.chains.generation),
            rate: record.seat.as_ref().and_then(|seat| seat.rate),
        }
    }

    /// Gives every name with its value.
    pub(crate) fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        put(request_id::NAME, self.id.as_bytes());
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

    /// Whether it has a header of this name.
    pub(crate) fn owns(name: &str) -> bool {
        name == request_id::NAME || name == UPSTREAM || name == GENERATION || name.starts_with("x-ratelimit-")
    }
}

impl weir_sandbox::Late for Own {
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

/// A time as OpenAI writes it: `12ms`, `1.5s`, `6m0s`.
fn span(time: Duration) -> Cow<'static, str> {
    let ms = time.as_millis();
    match ms {
        // Who is far from the limit sees this one, and formatting it would cost more than all the rest.
        0 => Cow::Borrowed("0ms"),
        1..1000 => Cow::Owned(format!("{ms}ms")),
        1000..60_000 => Cow::Owned(format!("{}s", ms as f64 / 1000.0)),
        _ => Cow::Owned(format!("{}m{}s", ms / 60_000, ms % 60_000 / 1000)),
    }
}

/// A whole answer of the gateway's own, as JSON.
pub(crate) fn whole(bytes: Bytes, record: Box<Record>) -> Answer {
    let mut headers = HeaderMap::with_capacity(1);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    let own = Some(Own::of(&record, None));
    finish(StatusCode::OK, (headers, own), bytes, record)
}

/// An answer whose body is here. The record is settled when the body has been handed over.
pub(crate) fn finish(
    status: StatusCode,
    (headers, own): (HeaderMap, Option<Own>),
    bytes: Bytes,
    mut record: Box<Record>,
) -> Answer {
    record.whole_ready();
    let code = status.as_u16();
    let body = if bytes.is_empty() {
        // HTTP/2 asks nobody for the bytes of an empty body, so its record ends here.
        record.complete(code);
        OutBody::plain(bytes)
    } else {
        OutBody::whole(bytes, code, record)
    };
    Answer { status, headers, own, body }
}

/// A refusal as an answer.
pub(crate) fn refuse(refusal: Refusal, mut record: Box<Record>) -> Answer {
    let face = refusal.face();
    let mut headers = HeaderMap::with_capacity(8);
    Own::of(&record, None).add_to(&mut headers);
    refusal.add_headers(&mut headers);
    refusal.log(&record.id, &record.tenant);
    record.worker().shared.stats.refusal(face.code);
    record.head_ready();
    record.refused(face.status.as_u16(), face.code, reason(&refusal));
    Answer { status: face.status, headers, own: None, body: OutBody::plain(refusal.body()) }
}

/// A refusal of a request that has no record, for the gateway is full.
pub(crate) fn bare(refusal: &Refusal, id: &str) -> Answer {
    let mut headers = HeaderMap::with_capacity(4);
    refusal.add_headers(&mut headers);
    add(&mut headers, request_id::NAME, id.as_bytes());
    Answer { status: refusal.face().status, headers, own: None, body: OutBody::plain(refusal.body()) }
}
