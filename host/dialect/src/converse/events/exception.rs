//! Failures within a stream: messages whose `:message-type` is `exception` (`ConverseStreamOutput` names them).

use bytes::Bytes;

use crate::canon::{ApiFailure, JsonText, JsonWriter, NewEvent, RawJson};

/// The exceptions that a stream may have, by words that failures of other wires are called by: their types, codes, statuses.
const KINDS: [(&str, &[&str]); 4] = [
    ("throttlingException", &["throttl", "rate_limit", "resource_exhausted", "quota", "429"]),
    ("serviceUnavailableException", &["unavailable", "overloaded", "timeout", "deadline", "503", "529"]),
    ("validationException", &["validation", "invalid", "failed_precondition", "request_too_large", "400"]),
    ("internalServerException", &["internal", "api_error", "server_error", "500"]),
];

/// The exception for all other failures.
const OTHER: &str = "modelStreamErrorException";

/// Reads an exception: its name is `:exception-type`.
pub(crate) fn read(name: Option<&str>, data: &Bytes) -> ApiFailure {
    let mut members = RawJson::parse(data.clone()).map(|raw| raw.members()).unwrap_or_default();
    let message = members.take_text("message").or_else(|| members.take_text("Message"));
    let original = members.take_text("originalMessage");
    let plain = || JsonText::of(&String::from_utf8_lossy(data));
    ApiFailure {
        message: message.filter(|text| !text.is_empty()).or(original).unwrap_or_else(plain),
        kind: name.map(JsonText::of),
        code: None,
        param: None,
    }
}

/// Writes an exception. Its name ends in `Exception`, by which the framing knows it.
pub(crate) fn write(failure: &ApiFailure) -> NewEvent {
    let mut out = JsonWriter::default();
    out.open().name("message").text(&failure.message).close();
    NewEvent { name: Some(name(failure)), data: out.finish() }
}

fn name(failure: &ApiFailure) -> &'static str {
    let words: Vec<String> =
        [&failure.kind, &failure.code].into_iter().flatten().map(|word| word.text().to_ascii_lowercase()).collect();
    let found = KINDS.iter().find(|(name, marks)| {
        words.iter().any(|word| *word == name.to_ascii_lowercase() || marks.iter().any(|mark| word.contains(mark)))
    });
    found.map_or(OTHER, |(name, _)| name)
}
