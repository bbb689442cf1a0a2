//! Heads of responses: what every answer carries, whether a model gave it or the gateway.

use crate::body::OutBody;
use crate::journey::reason;
use crate::record::Record;
use crate::refusal::Refusal;
use crate::request_id;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::time::Duration;
use weir_tenancy::Rate;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit-requests");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining-requests");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset-requests");

/// Which generation of plugins served the request, where the operator wants to see that (`server.debug_headers`).
const GENERATION: HeaderName = HeaderName::from_static("x-weir-generation");

/// Adds the id and the state of the rate limit.
pub(crate) fn add_headers(headers: &mut HeaderMap, record: &Record) {
    if let Ok(id) = HeaderValue::from_str(&record.id) {
        headers.insert(request_id::HEADER, id);
    }
    let snapshot = &record.held.snapshot;
    if snapshot.config.server.debug_headers {
        headers.insert(GENERATION, HeaderValue::from(snapshot.chains.generation));
    }
    if let Some(rate) = record.seat.as_ref().and_then(|seat| seat.rate) {
        add_rate(headers, &rate);
    }
}

/// The state of a rate limit, under OpenAI's names
/// (<https://platform.openai.com/docs/guides/rate-limits>, "Rate limits in headers").
pub(crate) fn add_rate(headers: &mut HeaderMap, rate: &Rate) {
    headers.insert(LIMIT, HeaderValue::from(rate.limit));
    headers.insert(REMAINING, HeaderValue::from(rate.remaining));
    headers.insert(RESET, span(rate.reset));
}

/// A time as OpenAI writes it: `12ms`, `1.5s`, `6m0s`.
fn span(time: Duration) -> HeaderValue {
    let ms = time.as_millis();
    let text = match ms {
        // Who is far from the limit sees this one, and formatting it would cost more than all the headers' insertion.
        0 => return HeaderValue::from_static("0ms"),
        1..1000 => format!("{ms}ms"),
        1000..60_000 => format!("{}s", ms as f64 / 1000.0),
        _ => format!("{}m{}s", ms / 60_000, ms % 60_000 / 1000),
    };
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("0ms"))
}

/// A whole answer of the gateway's own, as JSON.
pub(crate) fn whole(bytes: Bytes, record: Box<Record>) -> Response<OutBody> {
    let mut headers = HeaderMap::with_capacity(4);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    add_headers(&mut headers, &record);
    finish(StatusCode::OK, headers, bytes, record)
}

/// A response whose body is here. The record is settled when the body has been handed over.
pub(crate) fn finish(
    status: StatusCode,
    headers: HeaderMap,
    bytes: Bytes,
    mut record: Box<Record>,
) -> Response<OutBody> {
    record.whole_ready();
    let code = status.as_u16();
    let body = if bytes.is_empty() {
        // HTTP/2 asks nobody for the bytes of an empty body, so its record ends here.
        record.complete(code);
        OutBody::plain(bytes)
    } else {
        OutBody::whole(bytes, code, record)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}

/// A refusal as a response.
pub(crate) fn refuse(refusal: Refusal, mut record: Box<Record>) -> Response<OutBody> {
    let face = refusal.face();
    let mut headers = HeaderMap::with_capacity(8);
    add_headers(&mut headers, &record);
    refusal.add_headers(&mut headers);
    refusal.log(&record.id, &record.tenant);
    record.worker().shared.stats.refusal(face.code);
    record.head_ready();
    record.refused(face.status.as_u16(), face.code, reason(&refusal));
    let mut response = Response::new(OutBody::plain(refusal.body()));
    *response.status_mut() = face.status;
    *response.headers_mut() = headers;
    response
}

/// A refusal of a request that has no record, for the gateway is full.
pub(crate) fn bare(refusal: &Refusal, id: &str) -> Response<OutBody> {
    let mut response = Response::new(OutBody::plain(refusal.body()));
    *response.status_mut() = refusal.face().status;
    refusal.add_headers(response.headers_mut());
    if let Ok(id) = HeaderValue::from_str(id) {
        response.headers_mut().insert(request_id::HEADER, id);
    }
    response
}
