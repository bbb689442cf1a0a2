//! Peculiarities of Converse, one by one (`QUIRKS.md`, in its order).

use serde_json::Value;
use weir_dialect::Vendor;
use weir_dialect::canon::{BlockDelta, BlockPlace, BlockStart, ChatEvent, ContentBlock, FieldLosses, StopKind};
use weir_dialect::converse::decode_request;
use weir_recorded::{Recording, recording};

use super::{answer, events, model, raw};

fn bedrock(name: &str) -> &'static Recording {
    recording("bedrock", name).unwrap_or_else(|| panic!("{name} is not there"))
}

/// All deltas of a stream that are such.
fn deltas<T>(events: &[ChatEvent], pick: impl Fn(&BlockDelta) -> Option<T>) -> Vec<T> {
    let picked = events.iter().filter_map(|event| match event {
        ChatEvent::Delta(_, delta) => pick(delta),
        _ => None,
    });
    picked.collect()
}

// Peculiarity 28.
#[test]
fn citations_of_a_stream_name_their_pages() {
    let events = events(bedrock("rubyllm.chat_web_search_with_bedrock_amazon_nova_2_lite_v1_0_streams_grounded_turns"));
    let urls = deltas(&events, |delta| match delta {
        BlockDelta::Citation(note) => note.url.as_ref().map(|url| url.text().into_owned()),
        _ => None,
    });
    assert_eq!(urls.len(), 3, "{urls:?}");
    assert_eq!(urls[0], "https://www.ruby-lang.org/en/downloads/");
}

// Peculiarities 29 and 30.
#[test]
fn a_streams_thoughts_come_with_their_signature() {
    let recording = bedrock("pydantic.test_bedrock.test_bedrock_model_thinking_part_stream");
    let events = events(recording);
    let signatures = deltas(&events, |delta| match delta {
        BlockDelta::Signature(signature) => Some((signature.vendor, signature.value.text().into_owned())),
        _ => None,
    });
    let due = recording.events().iter().find_map(|event| {
        event.json()?.pointer("/delta/reasoningContent/signature").and_then(Value::as_str).map(str::to_owned)
    });
    assert_eq!(signatures, [(Vendor::Anthropic, due.unwrap())]);
    let thoughts = deltas(&events, |delta| matches!(delta, BlockDelta::Reasoning(_)).then_some(()));
    assert!(thoughts.len() > 3);
}

// Peculiarity 31.
#[test]
fn a_tool_that_runs_at_amazon_is_no_call_of_the_clients() {
    let events = events(bedrock("pydantic.test_bedrock.test_bedrock_model_code_execution_tool_stream"));
    let opened: Vec<&BlockStart> = events
        .iter()
        .filter_map(|event| match event {
            ChatEvent::Open(_, start) => Some(start),
            _ => None,
        })
        .collect();
    let [BlockStart::ServerTool(_), BlockStart::ServerTool(_), BlockStart::ToolUse { name, .. }] = opened.as_slice()
    else {
        panic!("{opened:?}")
    };
    assert_eq!(name.text(), "final_result");
}

// Peculiarities 32 and 33; 35: a text opens with its first words.
#[test]
fn a_stream_is_whole_without_its_metadata_at_the_end() {
    let events = events(bedrock("vercel.amazon_bedrock_json_only_text_first.1"));
    let place = BlockPlace { choice: 0, block: 0 };
    assert!(matches!(&events[1], ChatEvent::Open(at, BlockStart::Text) if *at == place));
    let used = events.iter().find_map(|event| match event {
        ChatEvent::Usage(usage) => Some((usage.input, usage.output)),
        _ => None,
    });
    assert_eq!(used, Some((Some(100), Some(20))));
}

// Peculiarity 34.
#[test]
fn padding_is_nothing_that_was_said() {
    let events = events(bedrock("ddtrace.bedrock_converse_stream_prompt_caching.1"));
    assert!(!events.iter().any(|event| matches!(event, ChatEvent::Beside(..))));
    let used = events.iter().find_map(|event| match event {
        ChatEvent::Usage(usage) => Some((usage.input, usage.cache_written, usage.total)),
        _ => None,
    });
    assert_eq!(used, Some((Some(11 + 1_028), Some(1_028), Some(1_275))));
}

/// The blocks of a recorded answer.
fn blocks(name: &str) -> Vec<ContentBlock> {
    answer(bedrock(name)).choices.remove(0).blocks
}

// Peculiarity 36.
#[test]
fn a_text_with_citations_is_a_text() {
    let blocks = blocks("rubyllm.chat_citations_with_bedrock_claude_haiku_4_5_cites_text_documents_in_responses");
    let [ContentBlock::Text(text)] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert_eq!(text.text.text(), "The Ruby programming language was created by Yukihiro Matsumoto in 1993.");
    assert_eq!(text.citations[0].title.as_ref().unwrap().text(), "facts");
}

// Peculiarity 37: the next request says the thought again, signature and all, and is read as the answer was.
#[test]
fn a_thought_is_played_back_as_it_came() {
    let name = |number: u32| {
        format!("rubyllm.chat_with_extended_thinking_bedrock_claude_haiku_4_5_preserves_thinking_signatures.{number}")
    };
    let said = blocks(&name(1));
    assert!(matches!(&said[0], ContentBlock::Reasoning(thought) if thought.signature.is_some()));
    let Some(next) = recording("bedrock", &name(2)) else { return };
    let request = decode_request(&raw(next.request().unwrap()), &model(next), false).unwrap();
    assert_eq!(request.turns[1].blocks, said);
}

// Peculiarity 38.
#[test]
fn a_type_beside_a_text_is_nothing_but_a_type() {
    let blocks = blocks("vercel.amazon_bedrock_json_tool.2.whole");
    let [ContentBlock::Text(text), ContentBlock::ToolUse(_)] = blocks.as_slice() else { panic!("{blocks:?}") };
    assert!(text.extra.get("type").is_some());
    let mut losses = FieldLosses::default();
    losses.lose_extras("content", &text.extra);
    assert!(losses.is_empty());
}

// Peculiarities 39 and 40.
#[test]
fn a_guardrail_that_steps_in_is_told_with_its_trace() {
    let answer = answer(bedrock("rig.raw_provider_data.guardrail_trace_survives_into_raw_completion"));
    assert_eq!(answer.choices[0].stop.as_ref().unwrap().kind, StopKind::Guardrail);
    assert!(answer.extra.get("trace").is_some());
}

// Peculiarities 41 and 42.
#[test]
fn what_the_cache_took_is_counted_once() {
    let name = "pydantic.test_bedrock.test_bedrock_cache_point_adds_cache_control_claude_sonnet_4_5";
    let usage = answer(bedrock(name)).usage.unwrap();
    assert_eq!((usage.input, usage.cache_written, usage.total), (Some(14 + 1_503), Some(1_503), Some(1_522)));
}
