//! Peculiarities of chat completions, by the numbers of `QUIRKS.md`: what is made of each.

use std::borrow::Cow;

use weir_dialect::canon::{
    BlockDelta, BlockStart, ChatAnswer, ChatEvent, ContentBlock, FieldLosses, JsonText, SignatureKind, StopKind,
    StreamState, ToolUseBlock,
};
use weir_dialect::chat::{decode_answer, decode_request};
use weir_dialect::{Vendor, messages};
use weir_recorded::{Recording, is_complete, recording};

use super::{collected, context, events, json, raw, read, rules, written};

/// A recording; where the shared data are absent it may be absent as well.
fn named(provider: &str, name: &str) -> Option<&'static Recording> {
    let found = recording(provider, name);
    assert!(found.is_some() || !is_complete(), "{provider}/{name}");
    found
}

fn stream(provider: &str, name: &str) -> Option<(Vec<ChatEvent>, StreamState)> {
    named(provider, name).map(events)
}

fn whole(provider: &str, name: &str) -> Option<ChatAnswer> {
    named(provider, name).map(|one| decode_answer(&raw(&one.response_json().unwrap())).unwrap())
}

fn calls(answer: &ChatAnswer) -> Vec<&ToolUseBlock> {
    let blocks = answer.choices.iter().flat_map(|choice| &choice.blocks);
    blocks
        .filter_map(|block| match block {
            ContentBlock::ToolUse(call) => Some(call),
            _ => None,
        })
        .collect()
}

fn count(events: &[ChatEvent], is: fn(&ChatEvent) -> bool) -> usize {
    events.iter().filter(|event| is(event)).count()
}

fn stop(answer: &ChatAnswer) -> StopKind {
    answer.choices[0].stop.as_ref().unwrap().kind
}

fn text(answer: &ChatAnswer) -> String {
    let texts = answer.choices.iter().flat_map(|choice| &choice.blocks).filter_map(|block| match block {
        ContentBlock::Text(text) => Some(text.text.text()),
        _ => None,
    });
    texts.collect::<Vec<Cow<'_, str>>>().concat()
}

/// 1: a content that is null opens nothing.
#[test]
fn a_content_of_null_opens_no_text() {
    let Some((events, _)) = stream("openai", "mirascope.test_refusal.openai_gpt_4o_completions.async_stream") else {
        return;
    };
    assert!(count(&events, |event| matches!(event, ChatEvent::Open(_, BlockStart::Refusal))) == 1, "{events:?}");
    assert_eq!(count(&events, |event| matches!(event, ChatEvent::Open(_, BlockStart::Text))), 0);
}

/// 2, 8: the reason to end, and the role, more than once. 155: comment lines are nothing to the framing's reader.
#[test]
fn what_is_said_twice_is_told_once() {
    let Some((events, state)) = stream("openrouter", "rig.reasoning_tool_order_matrix.streaming_parallel") else {
        return;
    };
    assert_eq!(count(&events, |event| matches!(event, ChatEvent::Stop { .. })), 1);
    assert_eq!(count(&events, |event| matches!(event, ChatEvent::Start(_))), 1);
    assert_eq!(state, StreamState::Whole);
    // `reasoning` and `reasoning_details` say the same (16–19).
    let answer = collected(&events);
    let ContentBlock::Reasoning(thoughts) = &answer.choices[0].blocks[0] else { panic!("{answer:?}") };
    assert_eq!(thoughts.text[0].text().matches("The user wants me to").count(), 1);
    let signature = thoughts.signature.as_ref().unwrap();
    assert_eq!((signature.vendor, signature.kind), (Vendor::Anthropic, SignatureKind::Signature));
    assert_eq!(calls(&answer).iter().map(|call| call.name.text()).collect::<Vec<_>>(), ["alpha", "beta"]);
}

/// 2: a reason to end before the last call.
#[test]
fn a_call_behind_a_reason_to_end_counts() {
    let name = "openllmetryjs.should_set_function_call_attributes_in_span_for_stream_completion_when_multi";
    let Some((events, _)) = stream("together", name) else { return };
    let answer = collected(&events);
    let inputs: Vec<_> = calls(&answer).iter().map(|call| call.input.to_text().text().into_owned()).collect();
    assert!(inputs.len() == 2 && inputs[0].contains("Boston") && inputs[1].contains("Chicago"), "{inputs:?}");
    assert_eq!(stop(&answer), StopKind::ToolUse);
}

/// 3: the first call has the number 1; a client sees 0.
#[test]
fn calls_are_numbered_from_0_for_clients() {
    let Some((events, _)) = stream("anthropic", "vercel.anthropic_fallback_tool_call") else { return };
    let numbers: Vec<_> = written(&events)
        .iter()
        .filter(|event| event.data.as_ref() != b"[DONE]")
        .filter_map(|event| json(&event.data)["choices"][0]["delta"]["tool_calls"][0]["index"].as_u64())
        .collect();
    assert!(!numbers.is_empty() && numbers.iter().all(|number| *number == 0), "{numbers:?}");
}

/// 4, 5, 7, 14: identifier and model change and are empty at first; no role; choices without a delta.
#[test]
fn the_first_identifier_that_says_something_counts() {
    let Some((events, _)) = stream("azure-openai", "ddtrace.azure_chat_completion_streamed") else { return };
    let ChatEvent::Start(start) = &events[0] else { panic!("{events:?}") };
    assert_eq!(start.id.as_ref().unwrap().text(), "chatcmpl-BuBnK8LTKUtp70pLip5ZGv7HUzYPj");
    assert_eq!(start.model.as_ref().unwrap().text(), "gpt-4o-mini-2024-07-18");
    assert!(start.created.is_some_and(|created| created > 0));
}

/// 6, 20: never a reason to end.
#[test]
fn the_end_marker_ends_a_choice_that_gave_no_reason() {
    let Some((events, state)) = stream("snowflake", "pydantic.test_snowflake.test_snowflake_thinking_streaming") else {
        return;
    };
    assert_eq!(state, StreamState::Whole);
    assert_eq!(stop(&collected(&events)), StopKind::End);
    if let Some(answer) = whole("snowflake", "pydantic.test_snowflake.test_snowflake_thinking.1") {
        assert_eq!(answer.choices[0].stop, None, "an empty reason is none");
        assert_eq!(calls(&answer).len(), 1, "empty twins beside it are no calls");
    }
}

/// 6, 156: an error amid the stream.
#[test]
fn an_error_in_a_stream_is_a_failure_and_no_end() {
    let Some((events, state)) = stream("groq", "pydantic.test_groq.test_tool_use_failed_error_streaming.1") else {
        return;
    };
    assert_eq!(state, StreamState::Failed);
    assert_eq!(count(&events, |event| matches!(event, ChatEvent::End | ChatEvent::Stop { .. })), 0);
    let Some(ChatEvent::Failed(failure)) = events.last() else { panic!("{events:?}") };
    assert_eq!(failure.code.as_ref().unwrap().text(), "tool_use_failed");
    let told = written(&events);
    let last = json(&told.last().unwrap().data);
    assert!(last["error"]["message"].as_str().unwrap().starts_with("Tool call validation failed"), "{last}");
}

/// 9: a call whole in one event.
#[test]
fn a_call_in_one_event_opens_grows_and_closes() {
    let Some((events, _)) = stream("groq", "pydantic.test_groq.test_tool_use_failed_error_streaming.2") else { return };
    let answer = collected(&events);
    assert_eq!(calls(&answer).len(), 1);
    assert_eq!(count(&events, |event| matches!(event, ChatEvent::Delta(_, BlockDelta::Input(_)))), 1);
}

/// 10–13: what was used: alone, in every event, unasked, with the last choice.
#[test]
fn what_was_used_is_told_once_and_only_who_asks_sees_it() {
    for (provider, name) in [
        ("openai", "ddtrace.chat_completion_stream_prompt_caching_cache_read"),
        ("deepseek", "ddtrace.deepseek_streamed_cumulative_tokens"),
        ("mistral", "rig.history_roundtrip_matrix.streaming_ministral_3b_raw_parallel_tool"),
        ("moonshot", "vercel.moonshotai_stream"),
    ] {
        let Some((events, _)) = stream(provider, name) else { continue };
        let used = collected(&events).usage.unwrap();
        assert!(used.is_whole(), "{provider}: {used:?}");
        let told = written(&events);
        let usages: Vec<_> = told
            .iter()
            .filter(|event| event.data.as_ref() != b"[DONE]")
            .map(|event| json(&event.data))
            .filter(|event| !event["usage"].is_null())
            .collect();
        assert_eq!(usages.len(), 1, "{provider}");
        assert_eq!(usages[0]["choices"], serde_json::json!([]));
        assert_eq!(usages[0]["usage"]["prompt_tokens"].as_u64(), used.input, "{provider}");
        let mut hidden = context();
        hidden.include_usage = false;
        let mut encoder = weir_dialect::chat::ChatWireEncoder::new(hidden);
        let mut out = Vec::new();
        for event in events {
            use weir_dialect::canon::EventEncoder as _;
            encoder.put(event, &mut out, &mut FieldLosses::default());
        }
        let shown = out.iter().any(|event| String::from_utf8_lossy(&event.data).contains("\"usage\""));
        assert!(!shown, "{provider}");
    }
}

/// 15: a content that is a list, with thoughts in it.
#[test]
fn thoughts_in_a_content_are_thoughts() {
    let Some(one) = named("mistral", "pydantic.test_mistral.test_mistral_model_thinking_part") else { return };
    let answer = decode_answer(&raw(&one.response_json().unwrap())).unwrap();
    let kinds: Vec<_> = answer.choices[0]
        .blocks
        .iter()
        .map(|block| match block {
            ContentBlock::Reasoning(_) => "thoughts",
            ContentBlock::Text(_) => "text",
            _ => "else",
        })
        .collect();
    assert_eq!(kinds, ["thoughts", "text"]);
}

/// 21: `eos` ends, and text is read of `delta`, not of `text` beside it.
#[test]
fn an_end_by_another_word_is_one() {
    let Some((events, _)) = stream("together", "openllmetryjs.should_set_attributes_in_span_for_streaming_chat") else {
        return;
    };
    let answer = collected(&events);
    assert_eq!(stop(&answer), StopKind::End);
    assert!(text(&answer).starts_with("Sure"));
    assert_eq!(text(&answer).matches("Sure").count(), 1);
}

/// 22: an event without `object`, or with an empty one, is one all the same.
#[test]
fn an_event_needs_no_word_for_what_it_is() {
    let name = "rig.streaming_tools.raw_followup_uses_tool_result_without_new_tool_calls.1";
    let Some((events, state)) = stream("github-copilot", name) else { return };
    assert_eq!(state, StreamState::Whole);
    assert_eq!(calls(&collected(&events)).len(), 1);
}

/// 23, 27: tokens of reasoning beside those that were written.
#[test]
fn tokens_of_reasoning_count_as_written() {
    let Some(answer) = whole("xai", "vercel.xai_text") else { return };
    let used = answer.usage.unwrap();
    assert_eq!((used.input, used.output, used.total, used.reasoning), (Some(12), Some(322), Some(334), Some(320)));
}

/// 24, 25: calls without a number, with an identifier that only this provider's grammar has.
#[test]
fn a_call_without_a_number_has_its_place_in_the_list() {
    if let Some((events, state)) = stream("mistral", "vercel.mistral_tool_call.stream") {
        assert_eq!(state, StreamState::Whole);
        let answer = collected(&events);
        assert_eq!(calls(&answer).len(), 1);
        assert!(calls(&answer)[0].id.as_ref().is_some_and(|id| id.text().len() == 9));
        assert_eq!(collected(&read(&written(&events)).0).choices, answer.choices);
    }
    let name = "pydantic.test_multimodal_tool_returns.test_multimodal_tool_return_matrix_tool_return_conte.1";
    let Some(answer) = whole("mistral", name) else { return };
    assert!(calls(&answer)[0].id.as_ref().is_some_and(|id| id.text().len() == 9));
}

/// 26: calls with the reason `stop`.
#[test]
fn calls_are_waited_for_whatever_the_reason_says() {
    let name = "mirascope.test_structured_output_resume_cross_model.tool.openai_gpt_4o_completions";
    let Some(answer) = whole("openai", name) else { return };
    assert_eq!(stop(&answer), StopKind::ToolUse);
    let anthropic = json(&messages::encode_answer(&answer, &context(), &mut FieldLosses::default()));
    assert_eq!(anthropic["stop_reason"], "tool_use");
}

/// 154: no end marker.
#[test]
fn a_stream_without_its_end_marker_is_whole_by_its_reasons() {
    for (provider, name) in [
        ("gpustack", "rubyllm.chat_streaming_responses_gpustack_qwen3_supports_streaming_responses"),
        ("perplexity", "rubyllm.chat_streaming_responses_perplexity_sonar_supports_streaming_responses"),
    ] {
        let Some((events, state)) = stream(provider, name) else { continue };
        assert_eq!(state, StreamState::Whole, "{provider}");
        assert_eq!(written(&events).last().unwrap().data.as_ref(), b"[DONE]", "{provider}");
    }
}

/// Perplexity tells the message so far in every event, and what is new beside it.
#[test]
fn text_is_not_read_twice_where_an_event_repeats_the_message() {
    let name = "rubyllm.chat_streaming_responses_perplexity_sonar_supports_streaming_responses";
    let Some(one) = named("perplexity", name) else { return };
    let said: String = one
        .events()
        .iter()
        .filter_map(|event| Some(event.json()?["choices"][0]["delta"]["content"].as_str()?.to_owned()))
        .collect();
    assert_eq!(text(&collected(&events(one).0)), said);
}

/// What a provider in this wire has thought comes back to it through a client of Anthropic's: signatures byte for byte.
#[test]
fn a_signature_comes_back_through_a_client_of_another_wire() {
    let Some(answer) = whole("snowflake", "pydantic.test_snowflake.test_snowflake_thinking.1") else { return };
    let Some(next) = named("snowflake", "pydantic.test_snowflake.test_snowflake_thinking.2") else { return };
    let told = json(&messages::encode_answer(&answer, &context(), &mut FieldLosses::default()));
    let played = serde_json::json!({"model": "m", "max_tokens": 9, "messages": [
        {"role": "user", "content": "?"},
        {"role": "assistant", "content": told["content"]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": told["content"][2]["id"], "content": "Sunny"}]},
    ]});
    let request = messages::decode_request(&raw(&played)).unwrap();
    let mut target = rules("m");
    target.vendor = Vendor::Anthropic;
    target.quirks.reasoning = true;
    let asked = json(&weir_dialect::chat::encode_request(&request, &target, &mut FieldLosses::default()));
    let due = &next.request_json().unwrap()["messages"][1];
    let is = &asked["messages"][1];
    assert_eq!(is["reasoning_details"][0]["signature"], due["reasoning_details"][0]["signature"], "{is}");
    assert_eq!(is["reasoning_details"][0]["text"], due["reasoning_details"][0]["text"]);
    assert_eq!(is["reasoning_details"][0]["format"], due["reasoning_details"][0]["format"]);
    assert_eq!(is["tool_calls"], due["tool_calls"]);
    assert_eq!(is["content"], due["content"]);
    // And the provider's own way of saying it is read as the same.
    let own = decode_request(&raw(&next.request_json().unwrap())).unwrap();
    let ContentBlock::Reasoning(thoughts) = &own.turns[1].blocks[0] else { panic!() };
    assert_eq!(thoughts.text, [JsonText::of("Let me get the weather for Mexico City.")]);
}
