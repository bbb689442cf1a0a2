//! Replays recorded streams in the shapes that providers send: each file in `tests/corpus/streams` begins with a
//! comment that says what is to be made of it. Every file is read whole, byte by byte, and in pieces of seven.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

use std::fs;
use std::path::Path;

use bytes::Bytes;
use weir_dialect::answer::FailedChoices;
use weir_dialect::event::{delta, with_text, without_usage};
use weir_dialect::{Decoded, Dialect, usage};
use weir_http::sse::SseReader;

/// Reads a stream in pieces of this size, and says what it held, in the words of the files' first line.
fn summary(stream: &[u8], piece: usize) -> String {
    let (mut deltas, mut errors, mut other) = (0, 0, 0);
    let (mut done, mut counts, mut text) = ("no", "none".to_owned(), String::new());
    let mut reader = SseReader::new(64 * 1024);
    let mut decoder = Dialect::OpenAi.decoder(1);
    let mut see = |data: Bytes| {
        let decoded = decoder.data(data.clone());
        match &decoded {
            Decoded::Done => done = "yes",
            Decoded::Error => errors += 1,
            Decoded::Other(_) => other += 1,
            Decoded::Comment | Decoded::Usage(..) | Decoded::Part(_) => {}
        }
        if let Some(usage) = usage::of_event(&data) {
            counts = [usage.input, usage.output, usage.cached_input, usage.reasoning]
                .map(|n| n.unwrap_or(0).to_string())
                .join("/");
            assert_eq!(usage::of_event(&without_usage(&data)), None);
        }
        if let Decoded::Part(part) = decoded
            && part.failed == FailedChoices::None
        {
            deltas += 1;
            let read = delta(&data).unwrap();
            let changed = with_text(&data, "new").unwrap();
            assert_eq!(delta(&changed).unwrap().text, "new");
            assert_eq!(usage::of_event(&changed), usage::of_event(&data));
            text.push_str(&read.text);
        }
    };
    for chunk in stream.chunks(piece) {
        reader.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = reader.next().unwrap() {
            if !event.is_comment() {
                see(event.data());
            }
        }
    }
    assert_eq!(reader.finish(), Ok(None));
    format!("deltas={deltas} usage={counts} done={done} errors={errors} other={other} text={text}")
}

#[test]
fn recorded_streams_are_read_as_they_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/streams");
    let mut count = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stream = fs::read(&path).unwrap();
        let first = std::str::from_utf8(&stream).unwrap().lines().next().unwrap();
        let expected = first.strip_prefix(": expect ").unwrap();
        for piece in [stream.len(), 1, 7] {
            assert_eq!(summary(&stream, piece), expected, "{} in pieces of {piece}", path.display());
        }
        count += 1;
    }
    assert!(count >= 6, "only {count} streams: is the corpus there?");
}
