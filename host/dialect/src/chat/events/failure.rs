//! A failure that is told in a stream.

use crate::canon::{ApiFailure, JsonText, JsonWriter, RawJson, RawMembers};

/// The failure that an event tells, if it tells one: as its member `error`, or as a whole where it is called so.
pub(super) fn of_event(members: &RawMembers, is_error: bool) -> Option<ApiFailure> {
    let error = members.get("error").filter(|error| says(error));
    match error {
        Some(error) => Some(read(error)),
        None if is_error => Some(of_members(members.clone())),
        None => None,
    }
}

/// Reads what a member `error` says: an object, or a text.
pub(super) fn read(error: &RawJson) -> ApiFailure {
    match error.text() {
        Some(message) => ApiFailure { message, kind: None, code: None, param: None },
        None => of_members(error.members()),
    }
}

/// Whether it says anything.
pub(super) fn says(error: &RawJson) -> bool {
    !error.is_null() && error.is_true() != Some(false) && error.text().is_none_or(|text| !text.is_empty())
}

fn of_members(mut members: RawMembers) -> ApiFailure {
    let code = members.take("code").map(|code| code.text().unwrap_or_else(|| code.to_text()));
    ApiFailure {
        message: members.take_text("message").or_else(|| members.take_text("detail")).unwrap_or_default(),
        kind: members.take_text("type").or_else(|| members.take_text("status")),
        code,
        param: members.take_text("param"),
    }
}

/// Writes the event that tells a failure (OpenAI's API reference, "Error codes").
pub(super) fn write(out: &mut JsonWriter, failure: &ApiFailure) {
    let kind = JsonText::of("api_error");
    out.open().name("error").open().name("message").text(&failure.message);
    out.name("type").text(failure.kind.as_ref().unwrap_or(&kind));
    for (name, value) in [("param", &failure.param), ("code", &failure.code)] {
        out.name(name);
        match value {
            Some(value) => out.text(value),
            None => out.null(),
        };
    }
    out.close().close();
}
