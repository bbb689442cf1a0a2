//! Requests.

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::canon::{ChatRequest, ContentBlock, FieldLosses, SignatureKind};
use weir_dialect::translate::WirePair;
use weir_dialect::view::{MergedRequest, RequestView};
use weir_dialect::{Vendor, WireFormat};

use super::{WIRES, document, json, path, plant, plant_words, recorded, rules};
use crate::support::hold;

/// Members whose values say what the object is: with another one there it is a block of another kind, or no request.
const KINDS: [&str; 4] = ["type", "role", "model", "mode"];

/// Identifiers, which other wires have rules of their own for, and words that are spelled otherwise there.
const IDS: [&str; 7] = ["id", "tool_use_id", "toolUseId", "call_id", "item_id", "thinkingLevel", "thinking_level"];

fn view(wire: WireFormat, body: &Value) -> Result<RequestView, String> {
    RequestView::of(wire, &Bytes::from(body.to_string()), path(wire)).map_err(|fault| fault.to_string())
}

/// A request as each wire has it.
pub(super) fn everywhere(request: &ChatRequest) -> Vec<(WireFormat, Value)> {
    let all = [
        (WireFormat::Chat, Vendor::OpenAi),
        (WireFormat::Responses, Vendor::OpenAi),
        (WireFormat::Messages, Vendor::Anthropic),
        (WireFormat::GenerateContent, Vendor::Google),
        (WireFormat::Converse, Vendor::Anthropic),
    ];
    all.map(|(provider, vendor)| {
        let pair = WirePair { client: request.wire, provider, vendor };
        let model = "claude-opus-4-1";
        (provider, json(&pair.encode(request, &rules(model, vendor), &mut FieldLosses::default())))
    })
    .to_vec()
}

fn merged(view: &RequestView, changed: &Bytes) -> Result<ChatRequest, String> {
    match view.merged(changed).map_err(|fault| fault.to_string())? {
        MergedRequest::Same => Ok(view.original().clone()),
        MergedRequest::Changed(request) => Ok(*request),
    }
}

#[test]
fn what_nobody_changed_is_the_same_however_it_is_written() {
    for (name, wire) in WIRES {
        hold(&format!("{name} view same"), recorded(wire), |recording| {
            let Some(body) = recording.request_json() else { return Ok(()) };
            let view = view(wire, &body)?;
            document(view.shown());
            let again = Bytes::from(json(view.shown()).to_string());
            for shown in [view.shown(), &again] {
                match view.merged(shown) {
                    Ok(MergedRequest::Same) => {}
                    other => return Err(format!("{other:?}\n{}", String::from_utf8_lossy(view.shown()))),
                }
            }
            Ok(())
        });
    }
}

#[test]
fn every_text_of_a_request_is_shown() {
    for (name, wire) in WIRES {
        hold(&format!("{name} view complete"), recorded(wire), |recording| {
            let Some(mut body) = recording.request_json() else { return Ok(()) };
            let markers = plant(&mut body, &KINDS);
            let view = view(wire, &body)?;
            let pieces = document(view.shown()).pieces().map_err(|error| error.to_string())?;
            let missing: Vec<_> =
                markers.iter().filter(|(marker, _)| !pieces.text().contains(marker.as_str())).collect();
            if missing.is_empty() {
                return Ok(());
            }
            Err(format!("{missing:?}\n{body}\n{}", String::from_utf8_lossy(view.shown())))
        });
    }
}

/// Members of which a view does not show what is one word, by their names in any wire, each with its reason. What is shown in chat's
/// own place for it is shown there as it is to plugins of chat's clients.
const WORDS: [(&str, &str); 17] = [
    ("id", "an identifier"),
    ("call_id", "an identifier"),
    ("tool_use_id", "an identifier"),
    ("toolUseId", "an identifier"),
    ("file_id", "an identifier"),
    ("status", "how a call or its result stands"),
    ("effort", "how much is to be thought"),
    ("search_context_size", "how much is to be searched"),
    ("service_tier", "how soon it is to be served"),
    ("signature", "only the provider reads it"),
    ("thoughtSignature", "only the provider reads it"),
    ("thought_signature", "only the provider reads it"),
    ("encrypted_content", "only the provider reads it"),
    ("media_type", "what kind of bytes follow"),
    ("mimeType", "what kind of bytes follow"),
    ("mime_type", "what kind of bytes follow"),
    ("format", "what kind of bytes follow"),
];

#[test]
fn a_text_that_is_one_word_is_shown_but_where_words_are_the_wires() {
    let but: Vec<&str> = KINDS.into_iter().chain(WORDS.map(|(name, _)| name)).collect();
    for (name, wire) in WIRES {
        hold(&format!("{name} view words"), recorded(wire), |recording| {
            let Some(mut body) = recording.request_json() else { return Ok(()) };
            let markers = plant_words(&mut body, &but, "z");
            let view = view(wire, &body)?;
            let pieces = document(view.shown()).pieces().map_err(|error| error.to_string())?;
            let missing: Vec<_> =
                markers.iter().filter(|(marker, _)| !pieces.text().contains(marker.as_str())).collect();
            if missing.is_empty() { Ok(()) } else { Err(format!("{missing:?}")) }
        });
    }
}

/// A text as a file that is one, which some wires have no other way for.
fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// The request with these markers in capitals, as each wire has it. What was thought and says something else is signed no more.
pub(super) fn due(request: &ChatRequest, markers: &[&str]) -> Vec<(WireFormat, Value)> {
    let mut request = request.clone();
    for block in request.turns.iter_mut().flat_map(|turn| &mut turn.blocks) {
        if let ContentBlock::Reasoning(thought) = block {
            let says =
                |marker: &&&str| thought.text.iter().chain(&thought.summary).any(|text| text.text().contains(**marker));
            if markers.iter().any(|marker| says(&marker)) {
                thought.signature.take_if(|signature| signature.kind == SignatureKind::Signature);
            }
        }
    }
    let mut all = everywhere(&request);
    for (_, value) in &mut all {
        let mut text = value.to_string();
        for marker in markers {
            let encoded = |text: &str| base64(text.as_bytes());
            text = text.replace(marker, &marker.to_uppercase());
            text = text.replace(&encoded(marker), &encoded(&marker.to_uppercase()));
        }
        *value = serde_json::from_str(&text).unwrap();
    }
    all
}

fn differ(is: &[(WireFormat, Value)], due: &[(WireFormat, Value)]) -> Result<(), String> {
    for ((wire, is), (_, due)) in is.iter().zip(due) {
        if is != due {
            let found = weir_recorded::differences(due, is);
            return Err(format!("{wire:?}: {found:?}"));
        }
    }
    Ok(())
}

#[test]
fn what_is_changed_in_a_text_is_changed_in_its_place_and_nowhere_else() {
    for (name, wire) in WIRES {
        hold(&format!("{name} view changed"), recorded(wire), |recording| {
            let Some(mut body) = recording.request_json() else { return Ok(()) };
            let markers = plant(&mut body, &[&KINDS[..], &IDS].concat());
            let view = view(wire, &body)?;
            let mut all = document(view.shown());
            let pieces = all.pieces().unwrap();
            let mut tried = Vec::new();
            for (index, piece) in pieces.iter().enumerate() {
                let found: Vec<&str> = markers
                    .iter()
                    .map(|(marker, _)| marker.as_str())
                    .filter(|marker| piece.text.contains(*marker))
                    .collect();
                if found.is_empty() {
                    continue;
                }
                let text = found
                    .iter()
                    .fold(piece.text.to_owned(), |text, marker| text.replace(marker, &marker.to_uppercase()));
                all.set_piece(index, &text).unwrap();
                tried.extend(found.iter().copied());
                if index % 7 == recording.name.len() % 7 || pieces.len() < 40 {
                    let mut one = document(view.shown());
                    one.pieces().unwrap();
                    one.set_piece(index, &text).unwrap();
                    let merged = merged(&view, &one.bytes().unwrap())?;
                    differ(&everywhere(&merged), &due(view.original(), &found)).map_err(|why| {
                        format!(
                            "{}: {found:?}: {why}\n{body}\n{}",
                            piece.pointer,
                            String::from_utf8_lossy(view.shown())
                        )
                    })?;
                }
            }
            let merged = merged(&view, &all.bytes().unwrap())?;
            differ(&everywhere(&merged), &due(view.original(), &tried))
                .map_err(|why| format!("all: {why}\n{body}\n{}", String::from_utf8_lossy(view.shown())))
        });
    }
}
