//! What plugins are shown of requests and answers of other wires than chat, and what becomes of their changes.

mod answers;
mod anything;
mod hidden;
mod large;
mod requests;
mod shaped;

use std::sync::Arc;

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{TargetQuirks, TargetRules};
use weir_dialect::{DialectCall, Document, Vendor, WireFormat};
use weir_recorded::{Recording, of_endpoint};

/// The wires whose clients see their requests through a view, by the endpoints of their recordings.
const WIRES: [(&str, WireFormat); 4] = [
    ("messages", WireFormat::Messages),
    ("responses", WireFormat::Responses),
    ("generate-content", WireFormat::GenerateContent),
    ("converse", WireFormat::Converse),
];

/// All recordings of a wire.
fn recorded(wire: WireFormat) -> impl Iterator<Item = &'static Recording> {
    let endpoint = WIRES.iter().find(|(_, own)| *own == wire).unwrap().0;
    of_endpoint(endpoint)
}

fn json(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(bytes)))
}

fn rules(model: &str, vendor: Vendor) -> TargetRules {
    TargetRules { model: Arc::from(model), max_output: None, vendor, ask_usage: false, quirks: TargetQuirks::default() }
}

/// Model and streaming, where the path says them.
fn path(wire: WireFormat) -> Option<(&'static str, bool)> {
    match wire {
        WireFormat::GenerateContent => Some(("gemini-2.5-flash", false)),
        WireFormat::Converse => Some(("anthropic.claude-sonnet-4-5", false)),
        _ => None,
    }
}

/// A view's body for plugins.
fn document(shown: &Bytes) -> Document {
    DialectCall::OPENAI_CHAT.read_request(shown).unwrap_or_else(|error| {
        panic!("{error}: {}", String::from_utf8_lossy(shown));
    });
    Document::accepted(DialectCall::OPENAI_CHAT, shown.clone())
}

/// Members that have bytes in base64, unless they stand beside the type `text`: with a text there it is no request any more.
const BYTES: [&str; 3] = ["data", "bytes", "file_data"];

/// Puts a marker in the place of every string of a body but for members of these names, and answers the markers with the
/// places they stand in.
fn plant(body: &mut Value, but: &[&str]) -> Vec<(String, String)> {
    plant_words(body, but, "z planted")
}

/// The same with markers that end in this.
fn plant_words(body: &mut Value, but: &[&str], end: &str) -> Vec<(String, String)> {
    fn walk(value: &mut Value, path: &str, name: &str, (but, end): (&[&str], &str), out: &mut Vec<(String, String)>) {
        match value {
            Value::String(text) if !but.contains(&name) => {
                let marker = format!("zq{}{end}", out.len());
                marker.clone_into(text);
                out.push((marker, path.to_owned()));
            }
            Value::Array(all) => {
                for (at, value) in all.iter_mut().enumerate() {
                    walk(value, &format!("{path}/{at}"), name, (but, end), out);
                }
            }
            Value::Object(all) => {
                let is_bytes = all.get("type").is_none_or(|kind| kind != "text");
                for (name, value) in all.iter_mut() {
                    if is_bytes && BYTES.contains(&name.as_str()) && value.is_string() {
                        continue;
                    }
                    walk(value, &format!("{path}/{name}"), name, (but, end), out);
                }
            }
            _ => {}
        }
    }
    let mut out = Vec::new();
    walk(body, "", "", (but, end), &mut out);
    out
}
