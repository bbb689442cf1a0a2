//! Reads the body of an error, whoever wrote it: each provider has a shape of its own, and those that are compatible with one
//! answer in another's; in front of them stand proxies that answer in none.

use bytes::Bytes;
use weir_http::json::JsonKind;

use crate::canon::{ApiFailure, JsonText, RawJson, RawMembers};

/// The most bytes of a body that is no JSON that are told as its message.
const MOST_TEXT: usize = 2_000;

/// How deep a failure may stand in others.
const DEPTH: u8 = 4;

/// Members that say what happened.
const MESSAGES: [&str; 5] = ["message", "Message", "msg", "error_description", "title"];

/// Members in which a failure stands.
const WRAPPERS: [&str; 4] = ["error", "errors", "detail", "message"];

/// Reads it. `named` is what the answer's head calls it (`x-amzn-errortype`).
#[must_use]
pub fn read(status: u16, named: Option<&str>, body: &Bytes) -> ApiFailure {
    let mut failure = json(body).and_then(|raw| of_value(&raw, DEPTH)).unwrap_or_else(|| of_text(status, body));
    if let Some(name) = named.map(exception).filter(|name| !name.is_empty()) {
        failure.kind = Some(JsonText::of(name));
    }
    failure
}

/// The JSON that it is: as it stands, or as the data of a server-sent event.
fn json(body: &Bytes) -> Option<RawJson> {
    if let Ok(raw) = RawJson::parse(body.clone()) {
        return Some(raw);
    }
    let line = body.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:"))?;
    RawJson::parse(body.slice_ref(line)).ok()
}

fn of_value(raw: &RawJson, depth: u8) -> Option<ApiFailure> {
    let depth = depth.checked_sub(1)?;
    match raw.kind() {
        JsonKind::String => raw.text().filter(|text| !text.is_empty()).map(plain),
        // Google wraps those of streams; validators list what is wrong.
        JsonKind::Array => raw.elements().iter().find_map(|element| of_value(element, depth)),
        JsonKind::Object => of_object(&raw.members(), depth),
        JsonKind::Null | JsonKind::Bool | JsonKind::Number => None,
    }
}

fn of_object(members: &RawMembers, depth: u8) -> Option<ApiFailure> {
    let text = |name: &str| members.get(name).and_then(RawJson::text).filter(|text| !text.is_empty());
    let wraps = members.get("error").is_some_and(|error| error.kind() == JsonKind::Object);
    if !wraps && let Some(message) = MESSAGES.iter().find_map(|name| text(name)) {
        // A type that says no more than that it is one is none.
        let kind = text("type").or_else(|| text("status")).or_else(|| text("__type")).filter(|kind| !kind.is("error"));
        let kind = kind.map(|kind| JsonText::of(exception(&kind.text())));
        return Some(ApiFailure { message, kind, code: code(members), param: text("param") });
    }
    let inner = WRAPPERS.iter().find_map(|name| of_value(members.get(name)?, depth))?;
    let outer = text("type").filter(|kind| !kind.is("error"));
    let (kind, code) = (inner.kind.or(outer), inner.code.or_else(|| code(members)));
    Some(ApiFailure { message: inner.message, kind, code, param: inner.param })
}

/// What programs look at: a word, or a number that is no status; with Google the reason of its details.
fn code(members: &RawMembers) -> Option<JsonText> {
    let said = members.get("code");
    let number = said.and_then(RawJson::unsigned).filter(|number| !(100..600).contains(number));
    let word = said.and_then(RawJson::text).filter(|word| !word.is_empty());
    let details = || members.get("details").map(RawJson::elements).unwrap_or_default();
    word.or_else(|| number.map(|number| JsonText::of(&number.to_string())))
        .or_else(|| details().iter().find_map(|detail| detail.members().take_text("reason")))
}

/// An exception's name without what AWS writes around it: `com.amazon.coral#Name:http://…`.
fn exception(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default().trim()
}

/// What a body that is no JSON says: its text, unless it is a page for browsers or nothing.
fn of_text(status: u16, body: &[u8]) -> ApiFailure {
    let text = String::from_utf8_lossy(body.get(..MOST_TEXT).unwrap_or(body));
    let text = text.trim();
    if text.is_empty() || text.starts_with('<') || text.contains('\u{0}') {
        return plain(JsonText::of(&format!("the provider has answered with the status {status}")));
    }
    plain(JsonText::of(text))
}

fn plain(message: JsonText) -> ApiFailure {
    ApiFailure { message, kind: None, code: None, param: None }
}
