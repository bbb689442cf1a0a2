//! What a response repeats of its request: OpenAI's libraries demand it.

use weir_http::json::JsonKind;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// Members as the request says them, and what they are where it does not (OpenAI's specification, `Response`). Nothing is kept
/// here unless somebody asks for it.
const REPEATED: [(&str, &[u8]); 14] = [
    ("instructions", b"null"),
    ("max_output_tokens", b"null"),
    ("max_tool_calls", b"null"),
    ("metadata", b"{}"),
    ("parallel_tool_calls", b"true"),
    ("previous_response_id", b"null"),
    ("prompt_cache_key", b"null"),
    ("safety_identifier", b"null"),
    ("store", b"false"),
    ("temperature", b"1.0"),
    ("tool_choice", b"\"auto\""),
    ("top_logprobs", b"0"),
    ("top_p", b"1.0"),
    ("truncation", b"\"disabled\""),
];

/// What a response repeats of its request.
#[derive(Debug)]
pub(crate) struct RequestEcho {
    members: RawMembers,
    /// The tier that the request asks for.
    pub(crate) service_tier: RawJson,
}

impl RequestEcho {
    /// That of a request's body, whatever it is.
    pub(crate) fn of(request: &bytes::Bytes) -> Self {
        let request = RawJson::parse(request.clone()).map(|raw| raw.members()).unwrap_or_default();
        let said = |name: &str| request.get(name).filter(|value| !value.is_null()).cloned();
        let mut members = RawMembers::default();
        for (name, default) in REPEATED {
            members.push(name, said(name).unwrap_or_else(|| RawJson::checked(bytes::Bytes::from_static(default))));
        }
        members.push("reasoning", with(said("reasoning"), &[("effort", b"null"), ("summary", b"null")]));
        members.push("text", with(said("text"), &[("format", br#"{"type":"text"}"#), ("verbosity", b"\"medium\"")]));
        members.push("tools", tools(said("tools")));
        if let Some(user) = said("user") {
            members.push("user", user);
        }
        let service_tier = said("service_tier").unwrap_or_else(|| RawJson::checked("\"default\"".into()));
        Self { members, service_tier }
    }

    /// Writes its members.
    pub(crate) fn write(&self, out: &mut JsonWriter) {
        out.name("background").boolean(false).members(&self.members);
    }
}

/// An object with these members, which are so where it does not have them.
fn with(object: Option<RawJson>, defaults: &[(&str, &'static [u8])]) -> RawJson {
    let said = object.map(|object| object.members()).unwrap_or_default();
    let mut out = JsonWriter::with_capacity(64);
    out.open().members(&said);
    for (name, default) in defaults.iter().filter(|(name, _)| said.get(name).is_none()) {
        out.name(name).raw(&RawJson::checked(bytes::Bytes::from_static(default)));
    }
    out.close();
    out.finish_raw()
}

/// Tools, functions with all members that they have in an answer.
fn tools(tools: Option<RawJson>) -> RawJson {
    let mut out = JsonWriter::with_capacity(tools.as_ref().map_or(2, |tools| tools.bytes().len() + 64));
    out.open_array();
    for tool in tools.as_ref().map(RawJson::elements).unwrap_or_default() {
        let is_function = tool.members().take_text("type").is_some_and(|kind| kind.is("function"));
        match is_function && tool.kind() == JsonKind::Object {
            true => out.raw(&with(Some(tool), &[("parameters", b"null"), ("strict", b"null")])),
            false => out.raw(&tool),
        };
    }
    out.close_array();
    out.finish_raw()
}
