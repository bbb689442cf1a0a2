//! Specifications of protobuf messages in their JSON form: descriptors made JSON, or Google's discovery documents.
//!
//! As protobuf's JSON has it: a name may be written as `inlineData` or `inline_data`, `null` is nothing, an enum may be its
//! number, an `int64` is a string or a number, and of a `oneof` there is one at most.

use serde_json::{Map, Value, json};

use super::said::{SpecFault, SpecSide, within};

/// Members that a request has to have by the `field_behavior` of Gemini's published messages, which its descriptors do not keep:
/// message and member.
const REQUIRED: [(&str, &str); 12] = [
    ("GenerateContentRequest", "contents"),
    ("FunctionDeclaration", "name"),
    ("FunctionCall", "name"),
    ("FunctionResponse", "name"),
    ("FunctionResponse", "response"),
    ("FileData", "fileUri"),
    ("ExecutableCode", "language"),
    ("ExecutableCode", "code"),
    ("CodeExecutionResult", "outcome"),
    ("SafetySetting", "category"),
    ("SafetySetting", "threshold"),
    ("EmbedContentRequest", "content"),
];

/// The messages of an API.
pub(super) struct ProtoMessages {
    messages: Map<String, Value>,
    /// What their names begin with.
    prefix: &'static str,
}

impl ProtoMessages {
    /// Of descriptors: messages under `$defs`.
    pub(super) fn of_descriptors(document: Value) -> Self {
        let mut messages = member(document, "$defs");
        for (message, member) in REQUIRED {
            let of = messages.get_mut(message).unwrap_or_else(|| panic!("no message is called {message}"));
            if let Some(member) = of.pointer_mut(&format!("/properties/{member}")) {
                member["description"] = json!("Required.");
            }
        }
        Self { messages, prefix: "" }
    }

    /// Of a discovery document: messages under `schemas`.
    pub(super) fn of_discovery(document: Value) -> Self {
        Self { messages: member(document, "schemas"), prefix: "GoogleCloudAiplatformV1" }
    }

    /// What is wrong; `None` if there is no such operation.
    pub(super) fn check(&self, side: SpecSide, operation: &str, value: &Value) -> Option<Vec<SpecFault>> {
        let (request, answer) = match operation {
            "generateContent" => ("GenerateContentRequest", "GenerateContentResponse"),
            "countTokens" => ("CountTokensRequest", "CountTokensResponse"),
            "embedContent" => ("EmbedContentRequest", "EmbedContentResponse"),
            "batchEmbedContents" => ("BatchEmbedContentsRequest", "BatchEmbedContentsResponse"),
            "error" => ("", ""),
            "cachedContents" => ("CachedContent", "CachedContent"),
            "models" => ("", "ListModelsResponse"),
            "models/{model}" => ("", "Model"),
            _ => return None,
        };
        let name = match (side, operation) {
            (SpecSide::Answer, "error") => return Some(error(value)),
            (SpecSide::Request, _) => request,
            (SpecSide::Answer, _) | (SpecSide::Event, "generateContent") => answer,
            (SpecSide::Event, _) => return None,
        };
        let message = self.messages.get(&format!("{}{name}", self.prefix))?;
        let mut check = Check { messages: &self.messages, is_closed: side == SpecSide::Request, faults: Vec::new() };
        check.any(message, value, "");
        Some(check.faults)
    }
}

/// What is wrong with `google.rpc.Status` in its envelope.
fn error(value: &Value) -> Vec<SpecFault> {
    let of = |name: &str| value.get("error").and_then(|error| error.get(name));
    let is_right = [
        ("code", of("code").is_some_and(Value::is_u64)),
        ("message", of("message").is_some_and(Value::is_string)),
        ("status", of("status").is_some_and(Value::is_string)),
    ];
    is_right.iter().filter(|(_, is_right)| !is_right).map(|(name, _)| SpecFault::missing("/error", name)).collect()
}

fn member(mut document: Value, name: &str) -> Map<String, Value> {
    document.get_mut(name).and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default()
}

struct Check<'m> {
    messages: &'m Map<String, Value>,
    /// Whether unknown members are faults.
    is_closed: bool,
    faults: Vec<SpecFault>,
}

impl<'m> Check<'m> {
    fn any(&mut self, of: &'m Value, value: &Value, at: &str) {
        let told = |name: &str| of.get(name).and_then(Value::as_str);
        if let Some(path) = told("$ref") {
            let name = path.rsplit('/').next().unwrap_or_default();
            let message = self.messages.get(name).unwrap_or_else(|| panic!("no message is called {name}"));
            return self.any(message, value, at);
        }
        if let Some(allowed) = of.get("enum").and_then(Value::as_array) {
            if !value.is_u64() && !allowed.contains(value) {
                self.faults.push(SpecFault::value(at, value));
            }
            return;
        }
        match (told("type").unwrap_or("any"), value) {
            ("any", _) => {}
            ("object", Value::Object(members)) => self.message(of, members, at),
            ("array", Value::Array(items)) => {
                let Some(of) = of.get("items") else { return };
                items.iter().enumerate().for_each(|(nth, item)| self.any(of, item, &format!("{at}/{nth}")));
            }
            ("string", Value::String(text)) => self.text(told("format").unwrap_or_default(), text, value, at),
            ("string", Value::Number(number)) if told("format") == Some("int64") && number.is_i64() => {}
            ("integer", Value::Number(number)) if number.as_f64().is_some_and(|number| number.fract() == 0.0) => {}
            ("integer", Value::String(text)) if text.parse::<i64>().is_ok() => {}
            ("number", Value::Number(_)) | ("boolean", Value::Bool(_)) => {}
            (wanted, _) => self.faults.push(SpecFault::kind(at, value, wanted)),
        }
    }

    fn text(&mut self, format: &str, text: &str, value: &Value, at: &str) {
        let is_right = match format {
            "byte" => text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte)),
            "int64" => text.parse::<i64>().is_ok(),
            _ => true,
        };
        if !is_right {
            self.faults.push(SpecFault::value(at, value));
        }
    }

    fn message(&mut self, of: &'m Value, members: &Map<String, Value>, at: &str) {
        let entries = of.get("additionalProperties");
        let Some(known) = of.get("properties").and_then(Value::as_object) else {
            // A map, or a `Struct`.
            if let Some(entries) = entries {
                members.iter().for_each(|(key, entry)| self.any(entries, entry, &within(at, key)));
            }
            return;
        };
        let find = |name: &str| known.get_key_value(name).or_else(|| known.get_key_value(&camel(name)));
        let there = members.iter().filter(|(_, value)| !value.is_null());
        let mut seen = Vec::new();
        for (name, value) in there {
            match find(name) {
                Some((name, of)) => {
                    seen.push(name.as_str());
                    self.any(of, value, &within(at, name));
                }
                None if self.is_closed => self.faults.push(SpecFault::unknown(at, &camel(name))),
                None => {}
            }
        }
        self.required(known, &seen, at);
        let groups = of.get("x-oneof").and_then(Value::as_object).into_iter().flatten();
        for (_, group) in groups {
            let of_group = |name: &&&str| group.as_array().is_some_and(|group| group.iter().any(|one| one == **name));
            let mut set: Vec<_> = seen.iter().filter(of_group).collect();
            set.sort_unstable();
            if set.len() > 1 {
                self.faults.push(SpecFault::new(at, format!("has {set:?}, of which there is one at most")));
            }
        }
    }

    /// What is told to be required and is not there: of requests, since answers leave out what is empty.
    fn required(&mut self, known: &Map<String, Value>, seen: &[&str], at: &str) {
        if !self.is_closed {
            return;
        }
        let is_required = |of: &Value| {
            of.get("description").and_then(Value::as_str).is_some_and(|text| text.starts_with("Required."))
        };
        let missing = known.iter().filter(|(name, of)| is_required(of) && !seen.contains(&name.as_str()));
        self.faults.extend(missing.map(|(name, _)| SpecFault::missing(at, name)));
    }
}

/// `inline_data` as `inlineData`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut camel = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let mut chars = part.chars();
        camel.extend(chars.next().map(|first| first.to_ascii_uppercase()));
        camel.push_str(chars.as_str());
    }
    camel
}
