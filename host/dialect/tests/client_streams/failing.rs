//! Streams that end badly.

use serde_json::Value;
use weir_dialect::canon::{ChatEvent, StreamState};
use weir_dialect::errors::{kind_of, own};
use weir_dialect::view::{ClientFraming, ClientStream};
use weir_dialect::{ApiError, ApiErrorKind, WireFormat};

use crate::play::{played, take};
use crate::source::{CLIENTS, Source, client_frames, context, frames, told};

const START: (&str, &str) = (
    "message_start",
    r#"{"type":"message_start","message":{"id":"msg_1","model":"claude","content":[],"usage":{"input_tokens":3}}}"#,
);
const TEXT: (&str, &str) =
    ("content_block_delta", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"half"}}"#);
const ERROR: (&str, &str) =
    ("error", r#"{"type":"error","error":{"type":"overloaded_error","message":"too much to do"}}"#);

#[test]
fn a_failure_of_the_providers_is_told_in_the_clients_words() {
    let source = Source::made(WireFormat::Messages, &[START, TEXT, ERROR]);
    for (client, framing) in CLIENTS {
        let played = played(&source, &[&source.bytes], (client, framing), None);
        assert_eq!(played.state, StreamState::Failed);
        let (events, state) = told(client, client.vendor(), &client_frames(client, framing, &played.bytes));
        assert_eq!(state, StreamState::Failed, "{client:?}");
        let message = events.iter().find_map(|event| match event {
            ChatEvent::Failed(failure) => Some(failure.message.text().into_owned()),
            _ => None,
        });
        assert_eq!(message.as_deref(), Some("too much to do"), "{client:?}");
    }
}

#[test]
fn a_stream_that_breaks_off_has_no_end() {
    let source = Source::made(WireFormat::Messages, &[START, TEXT]);
    for (client, framing) in CLIENTS {
        let played = played(&source, &[&source.bytes], (client, framing), None);
        assert_eq!(played.state, StreamState::Broken);
        let text = String::from_utf8_lossy(&played.bytes);
        assert!(text.contains("half"), "{client:?}: {text}");
        assert!(!text.ends_with(']'), "{text}");
        if framing != ClientFraming::JsonArray {
            let (_, state) = told(client, client.vendor(), &client_frames(client, framing, &played.bytes));
            assert_eq!(state, StreamState::Broken, "{client:?}");
        }
    }
}

#[test]
fn what_the_gateway_itself_has_to_tell_is_an_event_of_the_clients() {
    let source = Source::made(WireFormat::Messages, &[START, TEXT]);
    let error = ApiError { code: "cut", kind: ApiErrorKind::Timeout, message: "it took too long", param: None };
    for (client, framing) in CLIENTS {
        let mut stream = ClientStream::new(source.pair(client), framing, context(), false);
        let (mut shown, mut out) = (Vec::new(), Vec::new());
        for frame in frames(source.wire, &[&source.bytes]) {
            take(&mut stream, &frame, &mut shown);
        }
        stream.release(shown.len() as u64, &mut out);
        let failure = own(&error);
        out.push(stream.failed(504, kind_of(504, &failure), &failure));
        let mut bytes = out.concat();
        if framing == ClientFraming::JsonArray {
            bytes.push(b']');
        }
        let frames = client_frames(client, framing, &bytes);
        let (_, state) = told(client, client.vendor(), &frames);
        assert_eq!(state, StreamState::Failed, "{client:?}");
        if client == WireFormat::Responses {
            let numbers: Vec<Value> = frames
                .iter()
                .map(|frame| serde_json::from_slice::<Value>(frame.data.as_ref().unwrap()).unwrap())
                .map(|data| data["sequence_number"].clone())
                .collect();
            assert_eq!(numbers, (0..numbers.len()).map(Value::from).collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_client_is_told_that_its_stream_is_alive_where_its_framing_can() {
    let source = Source::made(WireFormat::Converse, &[]);
    let alive: Vec<String> = CLIENTS
        .into_iter()
        .map(|(client, framing)| ClientStream::new(source.pair(client), framing, context(), false).keep_alive())
        .map(|bytes| String::from_utf8(bytes.to_vec()).unwrap())
        .collect();
    assert_eq!(alive, [":\n\n", "event: ping\ndata: {\"type\": \"ping\"}\n\n", "", "", ""]);
    // Google's library for Python takes a comment for an event that it cannot read.
    let pair = source.pair(WireFormat::GenerateContent);
    assert!(ClientStream::new(pair, ClientFraming::Sse, context(), false).keep_alive().is_empty());
}
