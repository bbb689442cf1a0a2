//! Events and the whole answer are one another.

use bytes::Bytes;
use proptest::prelude::*;
use weir_usage::Usage;

use super::*;
use crate::wire::{Vendor, WireFormat};

fn raw(text: &str) -> RawJson {
    RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()
}

fn collected(events: impl IntoIterator<Item = ChatEvent>) -> ChatAnswer {
    let mut collector = EventCollector::new(WireFormat::Chat);
    events.into_iter().for_each(|event| collector.put(event));
    collector.finish().unwrap()
}

fn at(choice: u32, block: u32) -> BlockPlace {
    BlockPlace { choice, block }
}

#[test]
fn calls_that_are_told_side_by_side_and_choices_in_any_order_are_each_whole() {
    let call = |id: &str| BlockStart::ToolUse {
        id: Some(JsonText::of(id)),
        item: None,
        name: JsonText::of("f"),
        custom: false,
    };
    let input = |text: &str| BlockDelta::Input(JsonText::of(text));
    let stop = ChatStop { kind: StopKind::ToolUse, word: JsonText::of("tool_calls"), sequence: None, details: None };
    let answer = collected([
        ChatEvent::Start(Box::default()),
        ChatEvent::Open(at(1, 0), BlockStart::Text),
        ChatEvent::Delta(at(1, 0), BlockDelta::Text(JsonText::of("so"))),
        ChatEvent::Open(at(0, 0), call("1")),
        ChatEvent::Open(at(0, 1), call("2")),
        ChatEvent::Delta(at(0, 0), input("{")),
        ChatEvent::Delta(at(0, 1), input("[")),
        ChatEvent::Delta(at(0, 0), input("}")),
        ChatEvent::Usage(Usage { input: Some(1), output: Some(1), ..Usage::default() }),
        ChatEvent::Usage(Usage { output: Some(2), ..Usage::default() }),
        ChatEvent::Stop { choice: 0, stop: stop.clone() },
        ChatEvent::End,
    ]);
    assert_eq!(answer.choices.iter().map(|choice| choice.index).collect::<Vec<_>>(), [0, 1]);
    let inputs = answer.choices[0].blocks.iter().map(|block| match block {
        ContentBlock::ToolUse(call) => call.input.to_text(),
        _ => panic!(),
    });
    assert_eq!(inputs.collect::<Vec<_>>(), [JsonText::of("{}"), JsonText::of("[")]);
    assert_eq!(answer.choices[0].stop, Some(stop));
    assert_eq!(answer.usage, Some(Usage { input: Some(1), output: Some(2), ..Usage::default() }));
}

#[test]
fn probabilities_of_many_events_are_one_list() {
    let delta = |text: &str| ChatEvent::Delta(at(0, 0), BlockDelta::Logprobs(raw(text)));
    let answer = collected([
        ChatEvent::Open(at(0, 0), BlockStart::Text),
        delta(r#"{"content":[1],"refusal":null}"#),
        delta("[7]"),
        delta(r#"{"content":[2,3],"refusal":null}"#),
        delta("[8,9]"),
    ]);
    assert_eq!(answer.choices[0].logprobs, Some(raw(r#"{"content":[1,2,3],"refusal":null}"#)));
    let ContentBlock::Text(text) = &answer.choices[0].blocks[0] else { panic!() };
    assert_eq!(text.logprobs, Some(raw("[7,8,9]")));
}

#[test]
fn a_failure_is_no_answer() {
    let mut collector = EventCollector::new(WireFormat::Chat);
    let failure = ApiFailure { message: JsonText::of("no"), kind: None, code: None, param: None };
    collector.put(ChatEvent::Open(at(0, 0), BlockStart::Text));
    collector.put(ChatEvent::Delta(at(0, 0), BlockDelta::Text(JsonText::of("four"))));
    assert_eq!(collector.held(), 6);
    collector.put(ChatEvent::Failed(Box::new(failure.clone())));
    assert_eq!(*collector.finish().unwrap_err(), failure);
}

#[test]
fn a_question_that_was_blocked_ends_as_filtered() {
    let blocked = ChatAnswer { blocked: Some(JsonText::of("SAFETY")), ..ChatAnswer::new(WireFormat::GenerateContent) };
    let answer = collected(EventReplay::of(blocked));
    let stop = answer.choices[0].stop.as_ref().unwrap();
    assert_eq!((stop.kind, stop.word.clone()), (StopKind::Filtered, JsonText::of("SAFETY")));
}

fn text() -> impl Strategy<Value = JsonText> {
    "[a-z\"\\\\ü]{1,8}".prop_map(|text| JsonText::of(&text))
}

fn signature() -> impl Strategy<Value = ThoughtSignature> {
    let vendor = prop_oneof![Just(Vendor::Anthropic), Just(Vendor::OpenAi)];
    (vendor, text()).prop_map(|(vendor, value)| ThoughtSignature { vendor, kind: SignatureKind::Signature, value })
}

fn note() -> CitationNote {
    CitationNote {
        kind: CitationKind::Url,
        title: None,
        url: Some(JsonText::of("https://a.example")),
        quote: None,
        start: Some(0),
        end: Some(1),
        wire: WireFormat::Chat,
        raw: raw(r#"{"type":"url_citation"}"#),
    }
}

fn block() -> impl Strategy<Value = ContentBlock> {
    let said = (text(), any::<bool>(), any::<bool>()).prop_map(|(text, cited, probable)| TextBlock {
        citations: if cited { vec![note(), note()] } else { Vec::new() },
        logprobs: probable.then(|| raw(r#"[{"token":"a"}]"#)),
        ..TextBlock::of(text)
    });
    let thoughts = (
        proptest::option::of(text()),
        prop::collection::vec(text(), 0..3),
        proptest::option::of(signature()),
        proptest::option::of(text()),
    );
    let call = (proptest::option::of(text()), text(), text(), any::<bool>(), proptest::option::of(signature()));
    prop_oneof![
        said.prop_map(ContentBlock::Text),
        text().prop_map(|text| ContentBlock::Refusal(TextBlock::of(text))),
        thoughts.prop_map(|(text, summary, signature, id)| {
            let text = text.into_iter().collect();
            ContentBlock::Reasoning(ReasoningBlock { id, text, summary, signature, ..ReasoningBlock::default() })
        }),
        call.prop_map(|(id, name, input, custom, signature)| {
            let input = if custom { ToolInput::Text(input) } else { ToolInput::Json(raw(r#"{"a":1}"#)) };
            ContentBlock::ToolUse(ToolUseBlock { custom, signature, ..ToolUseBlock::of(id, name, input) })
        }),
        text().prop_map(|text| ContentBlock::Other(OtherBlock { kind: "x".into(), raw: RawJson::of_text(&text) })),
    ]
}

fn answer() -> impl Strategy<Value = ChatAnswer> {
    let choices = prop::collection::vec((prop::collection::vec(block(), 0..4), any::<bool>()), 1..3);
    (choices, proptest::option::of(text()), proptest::option::of(0_u64..9)).prop_map(|(choices, id, used)| {
        let mut answer = ChatAnswer::new(WireFormat::Chat);
        (answer.id, answer.created) = (id, used);
        answer.usage = used.map(|count| Usage { input: Some(count), ..Usage::default() });
        for (index, (blocks, probable)) in (0..).zip(choices) {
            let stop = ChatStop { kind: StopKind::End, word: JsonText::of("stop"), sequence: None, details: None };
            let logprobs = (probable && !blocks.is_empty()).then(|| raw(r#"{"content":[1]}"#));
            let choice = ChatChoice { index, blocks, stop: Some(stop), logprobs, ..ChatChoice::default() };
            answer.choices.push(choice);
        }
        answer
    })
}

proptest! {
    #[test]
    fn an_answer_that_is_told_as_a_stream_is_the_same_when_collected(answer in answer()) {
        let events: Vec<_> = EventReplay::of(answer.clone()).collect();
        prop_assert_eq!(&collected(events.clone()), &answer);
        // And the other way round: what is told again of what was collected is the same stream.
        prop_assert_eq!(EventReplay::of(collected(events.clone())).collect::<Vec<_>>(), events);
    }
}
