//! Calls beside one another, several answers at once, and what is kept meanwhile.

use bytes::Bytes;
use serde_json::Value;
use weir_dialect::WireFormat;
use weir_dialect::view::ClientStream;

use crate::decide::{Deciding, Decision, holds, louder, mapped};
use crate::play::take;
use crate::source::{CLIENTS, Source, context, frames, sources};

/// Two calls whose arguments come by turns.
fn parallel() -> [Source; 2] {
    let messages = [
        ("message_start", r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","content":[]}}"#),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"a","name":"one","input":{}}}"#,
        ),
        (
            "content_block_start",
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"b","name":"two","input":{}}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"so\":"}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"io\":"}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"\"oo\"}"}}"#,
        ),
        (
            "content_block_delta",
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\"ii\"}"}}"#,
        ),
        ("content_block_stop", r#"{"type":"content_block_stop","index":0}"#),
        ("content_block_stop", r#"{"type":"content_block_stop","index":1}"#),
        ("message_delta", r#"{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":1}}"#),
        ("message_stop", r#"{"type":"message_stop"}"#),
    ];
    let converse = [
        ("messageStart", r#"{"role":"assistant"}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":0,"start":{"toolUse":{"toolUseId":"a","name":"one"}}}"#),
        ("contentBlockStart", r#"{"contentBlockIndex":1,"start":{"toolUse":{"toolUseId":"b","name":"two"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"{\"so\":1"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\"io\":2"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":1,"delta":{"toolUse":{"input":"}"}}}"#),
        ("contentBlockDelta", r#"{"contentBlockIndex":0,"delta":{"toolUse":{"input":"}"}}}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":1}"#),
        ("contentBlockStop", r#"{"contentBlockIndex":0}"#),
        ("messageStop", r#"{"stopReason":"tool_use"}"#),
        ("metadata", r#"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3},"metrics":{"latencyMs":1}}"#),
    ];
    [Source::made(WireFormat::Messages, &messages), Source::made(WireFormat::Converse, &converse)]
}

/// Two answers whose texts come by turns, and together.
fn candidates() -> Source {
    let event = |texts: &[(u32, &str)], end: &str| {
        let one = |(index, text): &(u32, &str)| {
            format!(r#"{{"content":{{"parts":[{{"text":"{text}"}}],"role":"model"}},"index":{index}{end}}}"#)
        };
        let all: Vec<String> = texts.iter().map(one).collect();
        format!(r#"{{"candidates":[{}],"modelVersion":"gemini"}}"#, all.join(","))
    };
    let all = [
        event(&[(0, "first")], ""),
        event(&[(1, "second")], ""),
        event(&[(0, " one"), (1, " other")], ""),
        event(&[(1, " end"), (0, " last")], r#","finishReason":"STOP""#),
    ];
    let all: Vec<(&str, &str)> = all.iter().map(|data| ("", data.as_str())).collect();
    Source::made(WireFormat::GenerateContent, &all)
}

#[test]
fn calls_and_answers_that_come_by_turns_are_changed_each_by_itself() {
    for source in parallel().into_iter().chain([candidates()]) {
        for target in CLIENTS {
            for step in [1, 2, 1 << 40] {
                for rest in 0..4 {
                    let rule = |at, chunk: &Value| match at % 4 == rest {
                        true => Decision::Change(mapped(chunk.clone(), &louder)),
                        false => Decision::Pass,
                    };
                    holds(&source, target, &mut Deciding::new(step, &rule)).unwrap();
                }
            }
        }
    }
}

#[test]
fn text_at_the_end_of_one_answer_goes_out_with_that_answer() {
    let source = candidates();
    for target in &CLIENTS[2..4] {
        let rule = |_, chunk: &Value| {
            let mut chunk = chunk.clone();
            let choice = &mut chunk["choices"][0];
            if choice["finish_reason"].is_null() {
                return Decision::Pass;
            }
            choice["delta"]["content"] = format!("!{}", choice["index"]).into();
            Decision::Change(chunk)
        };
        let mut hook = Deciding::new(1, &rule);
        holds(&source, *target, &mut hook).unwrap();
        let due = hook.due(&source).0;
        assert_eq!((due[0].text.as_str(), due[1].text.as_str()), ("first one last!0", "second other end!1"));
    }
}

#[test]
fn what_is_kept_of_a_stream_is_what_waits_and_what_is_said_again() {
    for source in sources().filter(|source| source.bytes.len() > 20_000) {
        for (client, framing) in CLIENTS {
            let mut stream = ClientStream::new(source.pair(client), framing, context(), true);
            let (mut out, mut number, mut passed) = (Vec::<Bytes>::new(), 0, 0);
            for frame in frames(source.wire, &[&source.bytes]) {
                let mut shown = Vec::new();
                take(&mut stream, &frame, &mut shown);
                passed += frame.raw.len();
                assert!(stream.held() > 0, "{}: what waits is counted", source.name);
                for _ in shown {
                    stream.passed(number);
                    number += 1;
                }
                stream.release(number, &mut out);
                // What was said so far, once as it came and once for the client's encoder, and a frame.
                assert!(stream.held() <= 4 * passed + 4_096, "{}: {} of {passed}", source.name, stream.held());
            }
            if client == WireFormat::Messages && source.wire == client {
                stream.finish(true, &mut Vec::new());
                stream.release(u64::MAX, &mut out);
                assert_eq!(stream.held(), 0, "{}", source.name);
            }
        }
    }
}
