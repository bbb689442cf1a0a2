//! Streams of others, read and written again: two that are always there, which the reader of botocore 1.43.11 reads alike,
//! and what real providers sent, of which `shared/data/recordings` is read in any folder above the workspace, if it is there.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};

use bytes::Bytes;
use serde_json::Value;
use weir_http::event_message::{EventHeaderValue, EventMessage, EventMessageReader};
use weir_http::json_lines::{JsonLinesReader, json_line};

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(here().join("tests/fixtures/event_messages").join(name)).unwrap()
}

/// The recordings whose names end so.
fn recordings(end: &str) -> Vec<PathBuf> {
    let folders = here().ancestors().map(|folder| folder.join("shared/data/recordings"));
    let Some(folder) = folders.into_iter().find(|folder| folder.is_dir()) else {
        eprintln!("skipped: there is no shared/data/recordings in a folder above {}", here().display());
        return Vec::new();
    };
    let within = |folder: &Path| -> Vec<PathBuf> {
        let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().path()).collect()
    };
    let files =
        within(&folder).into_iter().flat_map(|provider| within(&provider)).flat_map(|endpoint| within(&endpoint));
    let found: Vec<_> = files.filter(|file| file.to_str().is_some_and(|name| name.ends_with(end))).collect();
    assert!(!found.is_empty(), "{} has nothing that ends with {end}", folder.display());
    found
}

/// The messages of a stream that arrives in pieces of this length.
fn messages(stream: &[u8], length: usize) -> Vec<EventMessage> {
    let mut reader = EventMessageReader::new(1 << 20);
    let mut messages = Vec::new();
    for piece in stream.chunks(length) {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(message) = reader.next().unwrap() {
            messages.push(message);
        }
    }
    assert_eq!(reader.finish(), Ok(None));
    messages
}

/// Reads a stream, and writes it again from what was read.
fn frames_are_what_they_were(stream: &[u8], name: &str) -> Vec<EventMessage> {
    let all = messages(stream, stream.len());
    for length in [1, 7, 100] {
        assert_eq!(messages(stream, length), all, "{name} in pieces of {length}");
    }
    for end in (0..stream.len()).step_by(stream.len() / 500 + 1) {
        let (front, behind) = stream.split_at(end);
        let mut reader = EventMessageReader::new(1 << 20);
        let mut read = Vec::new();
        for part in [front, behind] {
            reader.push(Bytes::copy_from_slice(part));
            read.extend(std::iter::from_fn(|| reader.next().unwrap()));
        }
        assert_eq!(read, all, "{name} cut at {end}");
    }
    let mut written = Vec::new();
    for message in &all {
        let headers: Vec<_> = message.headers().iter().collect();
        let again = EventMessage::new(&headers, &message.payload()).unwrap();
        assert_eq!(again, *message, "{name}");
        written.extend_from_slice(again.raw());
    }
    assert_eq!(written, stream, "{name}");
    all
}

#[test]
fn a_stream_of_converse_is_read_and_written_byte_for_byte() {
    let stream = fixture("converse.bin");
    let all = frames_are_what_they_were(&stream, "converse.bin");
    let kinds: Vec<_> = all.iter().filter_map(EventMessage::event_type).collect();
    assert_eq!(kinds, ["messageStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"]);
    assert_eq!(all[1].payload(), r#"{"contentBlockIndex":0,"delta":{"text":"Grüße"}}"#);
    let last = &all[5];
    assert_eq!((last.exception_type(), last.message_type()), (Some("throttlingException"), Some("exception")));
    // What is written without naming headers has those of Bedrock.
    for message in &all {
        let made = match message.event_type() {
            Some(kind) => EventMessage::event(kind, &message.payload()),
            None => EventMessage::exception(message.exception_type().unwrap(), &message.payload()),
        };
        assert_eq!(made.as_ref(), Ok(message));
    }
}

#[test]
fn headers_of_every_type_are_read_and_written_byte_for_byte() {
    let stream = fixture("every-type.bin");
    let all = frames_are_what_they_were(&stream, "every-type.bin");
    assert_eq!(all.len(), 3);
    let headers: Vec<_> = all[0].headers().iter().collect();
    let expected = [
        ("t", EventHeaderValue::Bool(true)),
        ("f", EventHeaderValue::Bool(false)),
        ("byte", EventHeaderValue::Byte(-2)),
        ("short", EventHeaderValue::Short(-300)),
        ("int", EventHeaderValue::Int(-70_000)),
        ("long", EventHeaderValue::Long(-5_000_000_000)),
        ("bytes", EventHeaderValue::Bytes(b"\0\xff\x80")),
        ("text", EventHeaderValue::Text("ä€")),
        ("time", EventHeaderValue::Timestamp(1_764_522_000_000)),
        ("uuid", EventHeaderValue::Uuid(std::array::from_fn(|at| at as u8))),
    ];
    assert_eq!(headers, expected);
    assert_eq!(all[0].payload(), "{\"a\":1}");
    assert_eq!((all[1].headers().iter().count(), all[1].payload()), (0, Bytes::new()));
    assert_eq!((all[2].headers().text("empty"), all[2].headers().text("none")), (Some(""), None));
}

#[test]
fn recorded_event_messages_are_read_and_written_byte_for_byte() {
    for recording in recordings(".stream.bin") {
        let name = recording.to_str().unwrap();
        let all = frames_are_what_they_were(&fs::read(&recording).unwrap(), name);
        let told = fs::read_to_string(name.replace(".stream.bin", ".events.jsonl")).unwrap();
        let told: Vec<Value> = told.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(all.len(), told.len(), "{name}");
        for (message, told) in all.iter().zip(told) {
            for (header, value) in message.headers().iter() {
                assert_eq!(told["headers"][header].as_str().map(EventHeaderValue::Text), Some(value), "{name}");
            }
            assert_eq!(told["headers"].as_object().unwrap().len(), message.headers().iter().count(), "{name}");
            assert_eq!(serde_json::from_slice::<Value>(&message.payload()).unwrap(), told["payload"], "{name}");
        }
    }
}

#[test]
fn recorded_lines_of_json_are_read_and_written_byte_for_byte() {
    for recording in recordings(".stream.ndjson") {
        let stream = fs::read(&recording).unwrap();
        for length in [1, 100, stream.len()] {
            let mut reader = JsonLinesReader::new(1 << 20);
            let mut written = Vec::new();
            for piece in stream.chunks(length) {
                reader.push(Bytes::copy_from_slice(piece));
                while let Some(line) = reader.next().unwrap() {
                    assert!(serde_json::from_slice::<Value>(&line.data()).is_ok_and(|value| value.is_object()));
                    assert_eq!(json_line(&line.data()), line.raw());
                    written.extend_from_slice(line.raw());
                }
            }
            let left = reader.finish().unwrap();
            written.extend(left.iter().flat_map(|line| line.raw().to_vec()));
            assert_eq!(written, stream, "{} in pieces of {length}", recording.display());
        }
    }
}
