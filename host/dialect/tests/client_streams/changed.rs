//! What plugins change of what they are shown.

use serde_json::Value;
use weir_dialect::WireFormat;

use crate::decide::{Deciding, Decision, for_all, has_text, holds, louder, mapped};
use crate::play::played;
use crate::source::{CLIENTS, Frame, Source, client_frames, frames, sources};

#[test]
fn a_client_reads_what_plugins_made_of_all_texts() {
    for_all(usize::MAX, |source, target| {
        for step in [1, 3, 1 << 40] {
            let rule = |_, chunk: &Value| Decision::Change(mapped(chunk.clone(), &louder));
            holds(source, target, &mut Deciding::new(step, &rule))?;
        }
        Ok(())
    });
}

#[test]
fn a_client_reads_what_plugins_made_of_one_text() {
    for_all(12_000, |source, target| {
        let count = played(source, &[&source.bytes], target, None).shown.len() as u64;
        for number in (0..count).step_by(1 + count as usize / 16) {
            let rule = |at, chunk: &Value| match at == number {
                true => Decision::Change(mapped(chunk.clone(), &louder)),
                false => Decision::Pass,
            };
            holds(source, target, &mut Deciding::new(4, &rule))?;
        }
        Ok(())
    });
}

#[test]
fn what_plugins_dropped_is_nowhere() {
    for_all(60_000, |source, target| {
        for rest in 0..3 {
            let rule = |at, chunk: &Value| match at % 3 == rest && has_text(chunk) {
                true => Decision::Drop,
                false => Decision::Pass,
            };
            holds(source, target, &mut Deciding::new(2, &rule))?;
        }
        Ok(())
    });
}

/// Members of which no text is looked at: arguments, in which letters were chosen otherwise, and what vouches for what was said.
const ASIDE: [&str; 15] = [
    "partial_json",
    "arguments",
    "args",
    "input",
    "partialArgs",
    "willContinue",
    "signature",
    "thoughtSignature",
    "encrypted_content",
    "logprobs",
    "logprobsResult",
    "obfuscation",
    "redactedContent",
    "error",
    "functionCall",
];

/// Recordings that say something else again.
const SHORTENED: [&str; 2] = ["openai_phase.1.stream", "openai_shell_container.1.stream"];

fn is_shortened(source: &Source) -> bool {
    SHORTENED.iter().any(|name| source.name.ends_with(name))
}

/// A value without regard to its letters.
fn calm(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.to_ascii_lowercase()),
        Value::Array(values) => values.iter().map(calm).collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(name, _)| !ASIDE.contains(&name.as_str()))
            .map(|(name, value)| (name.to_ascii_lowercase(), calm(value)))
            .collect(),
        other => other.clone(),
    }
}

/// Texts of several words that did not become louder.
fn quiet(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) if text.contains(' ') && *text != text.to_ascii_uppercase() => found.push(text.clone()),
        Value::Array(values) => values.iter().for_each(|value| quiet(value, found)),
        Value::Object(members) => {
            let is_input = members.get("type").and_then(Value::as_str).is_some_and(|kind| kind.contains("_call_"));
            let members = members.iter().filter(|(name, _)| !ASIDE.contains(&name.as_str()));
            members.filter(|(name, _)| !(is_input && *name == "delta")).for_each(|(_, value)| quiet(value, found));
        }
        _ => {}
    }
}

fn values(frames: &[Frame]) -> Vec<Value> {
    let data = frames.iter().filter_map(|frame| serde_json::from_slice(frame.data.as_ref()?).ok());
    data.filter(|value: &Value| {
        // A thought that was changed is vouched for by nobody.
        value.pointer("/delta/type") != Some(&"signature_delta".into())
            && value.pointer("/delta/reasoningContent/signature").is_none()
    })
    .collect()
}

/// Every text of a frame is shown, and nothing but texts is changed.
fn is_louder(source: &Source) -> Result<(), String> {
    let target = *CLIENTS.iter().find(|(client, _)| *client == source.wire).unwrap();
    let rule = |_, chunk: &Value| Decision::Change(mapped(chunk.clone(), &louder));
    let played = holds(source, target, &mut Deciding::new(1, &rule))?;
    let (is, was) =
        (values(&client_frames(target.0, target.1, &played.bytes)), values(&frames(source.wire, &[&source.bytes])));
    if is.len() != was.len() {
        return Err(format!("{}: {} frames became {}", source.name, was.len(), is.len()));
    }
    for (is, was) in is.iter().zip(&was) {
        if calm(is) != calm(was) {
            return Err(format!("{}: {was}\nbecame {is}", source.name));
        }
        let mut found = Vec::new();
        quiet(is, &mut found);
        if is.get("error").is_none() && !found.is_empty() {
            return Err(format!("{}: nobody was shown {found:?} of {was}", source.name));
        }
    }
    Ok(())
}

#[test]
fn every_text_of_a_frame_can_be_changed_and_all_else_stays() {
    let wrong: Vec<String> = sources()
        .filter(|source| source.wire != WireFormat::Chat)
        // Arguments that come in pieces with places go out whole when they are changed.
        .filter(|source| memchr::memmem::find(&source.bytes, b"partialArgs").is_none())
        // Texts that were shortened by hand, and are not shortened where they are said again.
        .filter(|source| !is_shortened(source))
        .filter_map(|source| is_louder(&source).err())
        .collect();
    crate::decide::told_of(&wrong, wrong.len());
}

#[test]
fn what_was_dropped_beside_what_is_said_is_nowhere() {
    let cited = Source::made(
        WireFormat::Messages,
        &[
            ("message_start", r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","content":[]}}"#),
            (
                "content_block_start",
                r#"{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}"#,
            ),
            (
                "content_block_delta",
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"citations_delta","citation":{"type":"char_location","cited_text":"secret words","document_title":"their title"}}}"#,
            ),
            (
                "content_block_delta",
                r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"said"}}"#,
            ),
            ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
            (
                "message_delta",
                r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":1}}"#,
            ),
            ("message_stop", r#"{"type":"message_stop"}"#),
        ],
    );
    let rule = |_, chunk: &Value| match chunk.to_string().contains("secret words") {
        true => Decision::Drop,
        false => Decision::Pass,
    };
    let played = played(&cited, &[&cited.bytes], CLIENTS[1], Some(&mut Deciding::new(1, &rule)));
    let bytes = String::from_utf8(played.bytes).unwrap();
    assert!(bytes.contains("said") && !bytes.contains("secret words") && !bytes.contains("their title"), "{bytes}");
}

#[test]
fn what_a_plugin_puts_in_is_read_wherever_it_puts_it() {
    for_all(20_000, |source, target| {
        let shown = played(source, &[&source.bytes], target, None).shown;
        let chunks: Vec<Option<Value>> = shown.iter().map(|event| serde_json::from_slice(&event.data).ok()).collect();
        let has_choice = |chunk: &Option<Value>| chunk.as_ref().is_some_and(|chunk| chunk["choices"][0].is_object());
        let all: Vec<u64> = (0..).zip(&chunks).filter(|(_, chunk)| has_choice(chunk)).map(|(at, _)| at).collect();
        let (Some(first), Some(last)) = (all.first(), all.last()) else { return Ok(()) };
        // What is said between a text and a refusal has no order.
        let refuses = chunks.iter().flatten().any(|chunk| chunk["choices"][0]["delta"]["refusal"].is_string());
        if refuses || is_shortened(source) {
            return Ok(());
        }
        let says = |at: &&u64| !chunks[**at as usize].as_ref().unwrap()["choices"][0]["delta"]["content"].is_null();
        let texts: Vec<u64> = all.iter().filter(says).copied().collect();
        for number in [*first, *texts.get(texts.len() / 2).unwrap_or(first), *last] {
            // What stands beside in what is shown to plugins moves their numbers, so that the words tell the place.
            let wanted = chunks[number as usize].clone().unwrap();
            let done = std::cell::Cell::new(false);
            let rule = |_, chunk: &Value| {
                if done.get() || *chunk != wanted {
                    return Decision::Pass;
                }
                done.set(true);
                let mut chunk = chunk.clone();
                let content = chunk["choices"][0]["delta"]["content"].as_str().unwrap_or_default().to_owned();
                chunk["choices"][0]["delta"]["content"] = format!("{content}[put in]").into();
                Decision::Change(chunk)
            };
            let played = holds(source, target, &mut Deciding::new(3, &rule))?;
            crate::allowed::holds(target, source, &played.bytes)?;
        }
        Ok(())
    });
}
