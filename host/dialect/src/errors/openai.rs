//! OpenAI's shape: `{"error":{"message","type","param","code"}}` (API reference, error object), and the event `error` of its
//! responses (`ResponseErrorEvent`).

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonText, JsonWriter};
use crate::refusal::ApiErrorKind;

/// `error.type`, and the `code` of a failure that has none: libraries and applications look at both.
fn words(kind: ApiErrorKind) -> (&'static str, Option<&'static str>) {
    let code = match kind {
        ApiErrorKind::NotFound => Some("model_not_found"),
        ApiErrorKind::Quota => Some("insufficient_quota"),
        ApiErrorKind::Rate => Some("rate_limit_exceeded"),
        ApiErrorKind::Invalid
        | ApiErrorKind::Auth
        | ApiErrorKind::Permission
        | ApiErrorKind::Conflict
        | ApiErrorKind::TooLarge
        | ApiErrorKind::Unprocessable
        | ApiErrorKind::Overloaded
        | ApiErrorKind::Timeout
        | ApiErrorKind::Api => None,
    };
    (crate::refusal::word(kind), code)
}

pub(super) fn body(kind: ApiErrorKind, failure: &ApiFailure) -> Bytes {
    let (word, usual) = words(kind);
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 96);
    out.open().name("error").open().name("message").text(&failure.message).name("type").string(word);
    nullable(&mut out, "param", failure.param.as_ref());
    nullable(&mut out, "code", failure.code.as_ref().or(usual.map(JsonText::of).as_ref()));
    out.close().close();
    out.finish()
}

pub(super) fn event(failure: &ApiFailure, sequence: u64) -> Bytes {
    let mut out = JsonWriter::with_capacity(failure.message.token().len() + 96);
    out.open().name("type").string("error");
    nullable(&mut out, "code", failure.code.as_ref().or(failure.kind.as_ref()));
    out.name("message").text(&failure.message);
    nullable(&mut out, "param", failure.param.as_ref());
    out.name("sequence_number").number(sequence).close();
    out.finish()
}

fn nullable(out: &mut JsonWriter, name: &str, text: Option<&JsonText>) {
    match text {
        Some(text) => out.name(name).text(text),
        None => out.name(name).null(),
    };
}
