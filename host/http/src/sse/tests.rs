use bytes::Bytes;
use proptest::prelude::*;

use super::*;

/// All events of a stream that arrives in these chunks.
fn read(chunks: &[&[u8]], limit: usize) -> Result<Vec<SseEvent>, SseError> {
    let mut reader = SseReader::new(limit);
    let mut events = Vec::new();
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        while let Some(event) = reader.next()? {
            events.push(event);
        }
        assert!(reader.buffered() <= limit.max(2), "no more than one event is held");
    }
    while let Some(event) = reader.finish()? {
        events.push(event);
    }
    assert_eq!(reader.buffered(), 0);
    Ok(events)
}

fn datas(stream: &[u8]) -> Vec<String> {
    let shown = |event: &SseEvent| !event.is_comment() && event.is_whole();
    let text = |event: &SseEvent| String::from_utf8(event.data().to_vec()).unwrap();
    read(&[stream], 1 << 20).unwrap().iter().filter(|event| shown(event)).map(text).collect()
}

#[test]
fn a_plain_event_has_its_data_and_what_names_it_and_nothing_else() {
    let long = "x".repeat(65);
    let cases = [
        ("data: a\n\n", "data: a\n\n"),
        ("data:a\r\ndata\r\ndata: b\r\n\r\n", "data: a\ndata: \ndata: b\n\n"),
        (
            "event: error\n: text\nid: 7-a.b_c\nretry: 10\ndata: a\n\n",
            "event: error\nid: 7-a.b_c\nretry: 10\ndata: a\n\n",
        ),
        ("event: mail ada@example.org\nid: a b\nretry: x y\ndata: a\n\n", "data: a\n\n"),
        ("data : a\nDATA: a\n data: a\nfoo: a\na\n\n", ":\n\n"),
        ("\u{feff}\u{feff}data: a\n\n", ":\n\n"),
        (&format!("event: {long}\ndata: a\n\n"), "data: a\n\n"),
    ];
    for (given, expected) in cases {
        let event = read(&[given.as_bytes()], 10_000).unwrap().remove(0);
        assert_eq!(String::from_utf8_lossy(event.plain().raw()), *expected, "{given:?}");
        assert_eq!(event.plain().data(), event.data(), "{given:?}");
    }
}

#[test]
fn events_end_with_a_blank_line_whatever_ends_a_line() {
    for end in ["\n", "\r\n", "\r"] {
        let stream = "data: a|data: b||: note||event: x|data:c||data: [DONE]||".replace('|', end);
        let events = read(&[stream.as_bytes()], 100).unwrap();
        let shown: Vec<_> = events.iter().map(|event| (event.name(), event.data(), event.is_comment())).collect();
        assert_eq!(
            shown,
            [
                (None, Bytes::from("a\nb"), false),
                // The comment, and the blank line behind it.
                (None, Bytes::new(), true),
                (None, Bytes::new(), true),
                (Some("x"), Bytes::from("c"), false),
                (None, Bytes::from("[DONE]"), false)
            ],
            "{end:?}"
        );
        assert!(events.iter().all(SseEvent::is_whole));
    }
}

#[test]
fn fields_are_read_as_the_standard_says() {
    assert_eq!(datas(b"data:  two spaces\n\n"), [" two spaces"]);
    assert_eq!(datas(b"data\n\n"), [""]);
    assert_eq!(datas(b"data:\ndata:\n\n"), ["\n"]);
    assert_eq!(datas(b"Data: x\ndata : y\n data: z\nid: 1\ndata: ok\n\n"), ["ok"]);
    assert_eq!(datas(b":data: comment\ndata: a:b\n\n"), ["a:b"]);
    assert_eq!(datas(b"\xef\xbb\xbfdata: marked\n\n"), ["marked"]);
    assert_eq!(datas(b"data: 1\n\n\n\r\n\ndata: 2\n\n"), ["1", "2"]);
    let named = read(&[b"event: a\nevent: b\n\nevent: \xff\n\n"], 100).unwrap();
    assert_eq!((named[0].name(), named[0].is_comment()), (Some("b"), false));
    assert_eq!((named[1].name(), named[1].is_comment()), (None, false));
}

#[test]
fn events_within_one_chunk_are_slices_of_it() {
    let chunk = Bytes::from_static(b"data: one\n\ndata: two\n\nda");
    let within = |part: &Bytes| {
        let (outer, inner) = (chunk.as_ptr() as usize, part.as_ptr() as usize);
        inner >= outer && inner + part.len() <= outer + chunk.len()
    };
    let mut reader = SseReader::new(100);
    reader.push(chunk.clone());
    for text in ["one", "two"] {
        let event = reader.next().unwrap().unwrap();
        assert_eq!(event.data(), text);
        assert!(within(event.raw()) && within(&event.data()));
    }
    assert_eq!(reader.next(), Ok(None));
    assert_eq!(reader.buffered(), 2);
    reader.push(Bytes::from_static(b"ta: three\n\n"));
    assert_eq!(reader.next().unwrap().unwrap().data(), "three");
}

#[test]
fn an_event_is_given_out_as_soon_as_its_last_byte_is_there() {
    let streams = [
        "data: a\n\n",
        "data: a\r\n\r\n",
        "data: a\r\r",
        "\n",
        "data: a\n\r\n",
        "data: a\r\n\n",
        ": a\n",
        ": a\r\n",
        ":\n",
    ];
    for stream in streams {
        let mut reader = SseReader::new(100);
        let (last, rest) = stream.as_bytes().split_last().unwrap();
        for byte in rest {
            reader.push(Bytes::copy_from_slice(&[*byte]));
            assert_eq!(reader.next(), Ok(None), "{stream:?}");
        }
        reader.push(Bytes::copy_from_slice(&[*last]));
        assert_eq!(reader.next().unwrap().unwrap().raw(), stream, "{stream:?}");
    }
}

#[test]
fn a_comment_dispatches_nothing_and_does_not_wait_for_the_event_behind_it() {
    let mut reader = SseReader::new(100);
    let mut pushed = |text: &str| {
        reader.push(Bytes::copy_from_slice(text.as_bytes()));
        std::iter::from_fn(|| reader.next().unwrap()).map(|event| event.raw().clone()).collect::<Vec<_>>()
    };
    // Between events: each by itself, with one line end or with two.
    assert_eq!(pushed(": x\n"), [": x\n"]);
    assert_eq!(pushed(":\n: y\n\ndata: a\n"), [":\n", ": y\n", "\n"]);
    // Within an event: part of it, however many come.
    assert_eq!(pushed(": x\n"), Vec::<Bytes>::new());
    assert_eq!(pushed(": x\ndata: b\n\n"), ["data: a\n: x\n: x\ndata: b\n\n"]);
    assert_eq!(datas(b": x\ndata: a\n: x\ndata: b\n\n: x\n"), ["a\nb"]);
    // Also behind fields that are no data.
    assert_eq!(datas(b"event: x\n: x\nid: 1\n: x\ndata: a\n\n"), ["a"]);
    for comment in [": x\n", ": x\n\n", ": x\r\n", ": x\r", ":\n:\n"] {
        let events = read(&[comment.as_bytes()], 100).unwrap();
        assert!(events.iter().all(|event| event.is_comment() && event.is_whole()), "{comment:?}: {events:?}");
    }
    let cut = read(&[b": x"], 100).unwrap();
    assert!(cut[0].is_comment() && !cut[0].is_whole());
}

#[test]
fn the_tail_that_no_blank_line_ended_is_told_from_whole_events() {
    for (stream, whole) in [
        ("data: cut", false),
        ("data: cut\n", false),
        ("data: cut\r\n", false),
        ("data: cut\r", false),
        ("data: cut\r\n\r", true),
    ] {
        let events = read(&[stream.as_bytes()], 100).unwrap();
        assert_eq!(events.len(), 1);
        assert_eq!((events[0].is_whole(), events[0].data()), (whole, Bytes::from("cut")), "{stream:?}");
    }
    assert_eq!(read(&[b""], 100), Ok(vec![]));
    assert_eq!(read(&[b"\xef\xbb"], 100).unwrap()[0].raw(), &b"\xef\xbb"[..]);
}

#[test]
fn a_tail_can_be_given_the_blank_line_that_it_lacks() {
    for tail in ["data: a", "data: a\n", "data: a\r\n", "data: a\r", "data: a\n: x", ": x\ndata: a\nid"] {
        let closed = read(&[tail.as_bytes()], 100).unwrap().pop().unwrap().closed();
        assert!(closed.is_whole() && closed.raw().starts_with(b"data: a"), "{tail:?}");
        let again = read(&[closed.raw(), b"data: b\n\n"], 100).unwrap();
        assert_eq!(again.iter().map(SseEvent::data).collect::<Vec<_>>(), ["a", "b"], "{tail:?}");
    }
    let whole = read(&[b"data: a\n\n"], 100).unwrap().remove(0);
    assert_eq!(whole.clone().closed(), whole);
    let blank = |text: &str| read(&[text.as_bytes()], 100).unwrap().iter().all(SseEvent::is_blank);
    assert!(blank(": x\n: y\n\n\r\n: z") && !blank(": x\nid: 1") && !blank("dat"));
}

#[test]
fn an_event_over_the_limit_is_refused_for_good_and_one_at_the_limit_passes() {
    let stream = b"data: 12345\n\n";
    assert_eq!(read(&[stream], stream.len()).unwrap().len(), 1);
    let refused = Err(SseError::TooLarge { limit: stream.len() - 1 });
    assert_eq!(read(&[stream], stream.len() - 1), refused);
    let mut reader = SseReader::new(8);
    reader.push(Bytes::from_static(b"data: 123456789"));
    let error = SseError::TooLarge { limit: 8 };
    assert_eq!(reader.next(), Err(error));
    reader.push(Bytes::from_static(b"\n\ndata: 1\n\n"));
    assert_eq!((reader.next(), reader.finish(), reader.buffered()), (Err(error), Err(error), 0));
    assert_eq!(error.to_string(), "an event of the stream is longer than 8 bytes");
}

#[test]
fn chunks_pushed_before_the_last_was_read_are_not_lost() {
    let mut reader = SseReader::new(100);
    for part in ["data: a\n", "\nda", "ta: b\n\n"] {
        reader.push(Bytes::copy_from_slice(part.as_bytes()));
    }
    assert_eq!(reader.next().unwrap().unwrap().data(), "a");
    assert_eq!(reader.next().unwrap().unwrap().data(), "b");
}

#[test]
fn data_cannot_break_out_of_its_event() {
    for data in ["", "x", "a\nb", "a\r\rdata: evil", "a\r\n\r\nevent: evil", "\n", "a\n", "a\r", "[DONE]", "\n\n"] {
        let wire = data_event(data.as_bytes());
        let events = read(&[&wire], 1000).unwrap();
        assert_eq!(events.len(), 1, "{data:?}");
        let plain = data.replace("\r\n", "\n").replace('\r', "\n");
        assert_eq!((events[0].data(), events[0].name()), (Bytes::from(plain), None), "{data:?}");
    }
    assert_eq!(data_event(b"{}"), "data: {}\n\n");
}

fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "data: ",
        "data:",
        "event: x",
        ": note",
        "\n",
        "\r",
        "\r\n",
        "\n\n",
        "\r\n\r\n",
        "{\"a\":1}",
        "\u{feff}",
        "id: 1",
        "é",
    ]);
    prop::collection::vec(piece, 0..32).prop_map(|pieces| pieces.concat().into_bytes())
}

/// Blank-line framing written the slow way, straight from the standard: lines first, events from lines.
fn model(stream: &[u8]) -> Vec<String> {
    let text = String::from_utf8(stream.to_vec()).unwrap();
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n").replace('\r', "\n");
    let mut events = Vec::new();
    let mut data: Option<Vec<&str>> = None;
    for line in text.split_inclusive('\n').filter_map(|line| line.strip_suffix('\n')) {
        if line.is_empty() {
            events.extend(data.take().map(|lines| lines.join("\n")));
        } else if line == "data" {
            data.get_or_insert_default().push("");
        } else if let Some(value) = line.strip_prefix("data:") {
            data.get_or_insert_default().push(value.strip_prefix(' ').unwrap_or(value));
        }
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn any_split_gives_the_same_events_and_no_byte_is_lost(stream in stream(), cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8), limit in 1usize..80) {
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let bytewise: Vec<_> = stream.chunks(1).collect();
        for limit in [limit, 10_000] {
            let whole = read(&[&stream], limit);
            prop_assert_eq!(&read(&chunks, limit), &whole);
            prop_assert_eq!(&read(&bytewise, limit), &whole);
            if let Ok(events) = whole {
                let raw: Vec<u8> = events.iter().flat_map(|event| event.raw().to_vec()).collect();
                let content = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&stream);
                prop_assert_eq!(&raw[..], content);
            }
        }
    }

    #[test]
    fn events_are_those_of_the_standard(stream in stream()) {
        // An event without data and one whose data is empty look alike here; both are left out on both sides.
        let events = read(&[&stream], 10_000).unwrap();
        let whole = events.iter().filter(|event| event.is_whole());
        let ours: Vec<_> = whole.map(|event| String::from_utf8(event.data().to_vec()).unwrap()).filter(|data| !data.is_empty()).collect();
        let theirs: Vec<_> = model(&stream).into_iter().filter(|data| !data.is_empty()).collect();
        prop_assert_eq!(ours, theirs);
    }
}

#[test]
fn a_made_event_is_read_as_what_it_was_made_of() {
    for (name, data) in [(None, "{}"), (Some("message_stop"), r#"{"a":1}"#), (Some("ping"), ""), (None, "a\nb")] {
        let made = SseEvent::made(name, data.as_bytes());
        let mut reader = SseReader::new(1 << 10);
        reader.push(made.raw().clone());
        let read = reader.next().unwrap().unwrap();
        assert_eq!((read.name(), read.data().as_ref(), read.is_whole()), (name, data.as_bytes(), true));
        assert_eq!(read, made);
    }
    assert!(SseEvent::made(None, b"").is_blank());
}
