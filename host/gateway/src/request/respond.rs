//! Answers as they are handed to the server, whether a model gave them or the gateway.

use crate::request::gateway_headers::{GatewayHeaders, GatewayResponse};
use crate::request::gather::UNCOUNTED;
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, StatusCode};
use weir_http::ExtraHeaders;
use weir_server::{OutgoingResponse, ResponseBody};

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
    OutgoingResponse { is_from_model: false, ..finish(status, head, bytes, record) }
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
    OutgoingResponse { status, headers, extra: own, body: ResponseBody::Whole(bytes, record), is_from_model: true }
}

/// A refusal as an answer.
pub(crate) fn refuse(refusal: Refusal, mut record: Box<Record>) -> GatewayResponse {
    let info = refusal.info();
    let mut headers = HeaderMap::with_capacity(8);
    GatewayHeaders::of(&record, None).add_to(&mut headers);
    refusal.add_headers(&mut headers, record.attempts);
    refusal.log(&record.id, &record.tenant);
    record.count_refusal(info.code, refusal.is_a_plugins());
    record.judge(None);
    record.refused(info.code, refusal.ledger_reason());
    let (status, body) = refusal.told(record.client, record.id.as_str(), &mut headers);
    of_ours(status, (headers, None), body, record)
}
