use bytes::Bytes;
use proptest::prelude::*;

use super::*;

type Read = (Vec<EventMessage>, Option<EventMessageError>);

/// All messages of a stream that arrives in these chunks, and the error that ended it.
fn read(chunks: &[&[u8]], limit: usize) -> Read {
    let mut reader = EventMessageReader::new(limit);
    let mut messages = Vec::new();
    let mut take = |step: Result<Option<EventMessage>, EventMessageError>| match step {
        Ok(Some(message)) => {
            messages.push(message);
            Ok(true)
        }
        Ok(None) => Ok(false),
        Err(error) => Err(error),
    };
    let mut error = None;
    for chunk in chunks {
        reader.push(Bytes::copy_from_slice(chunk));
        while error.is_none() && take(reader.next()).unwrap_or_else(|why| error.replace(why).is_some()) {}
        assert!(reader.buffered() <= limit.max(12), "no more than one message is held");
    }
    while error.is_none() && take(reader.finish()).unwrap_or_else(|why| error.replace(why).is_some()) {}
    assert_eq!(reader.buffered(), 0);
    if let Some(error) = error {
        reader.push(Bytes::from_static(b"more"));
        assert_eq!((reader.next(), reader.finish(), reader.buffered()), (Err(error), Err(error), 0), "for good");
    }
    (messages, error)
}

fn delta() -> EventMessage {
    EventMessage::event("contentBlockDelta", br#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#).unwrap()
}

/// Bytes under a prelude and checksums that hold, whatever is in them.
fn message(headers: &[u8], payload: &[u8]) -> Vec<u8> {
    let total = u32::try_from(16 + headers.len() + payload.len()).unwrap();
    let mut raw = lengths(total, u32::try_from(headers.len()).unwrap());
    raw.extend_from_slice(headers);
    raw.extend_from_slice(payload);
    raw.extend_from_slice(&crc32fast::hash(&raw).to_be_bytes());
    raw
}

fn lengths(total: u32, headers: u32) -> Vec<u8> {
    let mut raw = [total.to_be_bytes(), headers.to_be_bytes()].concat();
    raw.extend_from_slice(&crc32fast::hash(&raw).to_be_bytes());
    raw
}

#[test]
fn a_message_with_another_payload_has_its_own_headers() {
    let headers = [(":event-type", EventHeaderValue::Text("a")), ("x", EventHeaderValue::Int(7))];
    let one = EventMessage::new(&headers, b"{}").unwrap();
    let other = one.with_payload(b"{\"text\":\"longer\"}").unwrap();
    assert_eq!(other, EventMessage::new(&headers, b"{\"text\":\"longer\"}").unwrap());
    assert_eq!(other.with_payload(b"{}").unwrap().raw(), one.raw());
}

#[test]
fn a_message_says_what_it_is_and_carries() {
    let event = delta();
    assert_eq!(event.event_type(), Some("contentBlockDelta"));
    assert_eq!(event.message_type(), Some("event"));
    assert_eq!((event.content_type(), event.exception_type()), (Some("application/json"), None));
    assert_eq!(event.payload(), &br#"{"contentBlockIndex":0,"delta":{"text":"Hi"}}"#[..]);
    let exception = EventMessage::exception("throttlingException", b"{}").unwrap();
    assert_eq!((exception.exception_type(), exception.event_type()), (Some("throttlingException"), None));
    assert_eq!((exception.message_type(), exception.payload()), (Some("exception"), Bytes::from_static(b"{}")));
    let named = EventMessage::new(&[(":event-type", EventHeaderValue::Int(7))], b"").unwrap();
    assert_eq!((named.event_type(), named.headers().get(":event-type")), (None, Some(EventHeaderValue::Int(7))));
    assert_eq!(named.headers().get(":Event-Type"), None);
}

#[test]
fn the_layout_is_that_of_the_specification() {
    let made = EventMessage::new(&[("ab", EventHeaderValue::Short(-2))], b"xyz").unwrap();
    let mut expected = b"\0\0\0\x19\0\0\0\x06".to_vec();
    expected.extend_from_slice(&0xe1b1_8faf_u32.to_be_bytes());
    expected.extend_from_slice(b"\x02ab\x03\xff\xfexyz");
    expected.extend_from_slice(&0x5f70_0b26_u32.to_be_bytes());
    assert_eq!(made.raw(), &expected);
}

#[test]
fn messages_within_one_chunk_are_slices_of_it() {
    let one = delta();
    let chunk = Bytes::from([one.raw(), one.raw(), &one.raw()[..20]].concat());
    let within = |part: &Bytes| {
        let (outer, inner) = (chunk.as_ptr() as usize, part.as_ptr() as usize);
        inner >= outer && inner + part.len() <= outer + chunk.len()
    };
    let mut reader = EventMessageReader::new(1000);
    reader.push(chunk.clone());
    for _ in 0..2 {
        let message = reader.next().unwrap().unwrap();
        assert_eq!(message, one);
        assert!(within(message.raw()) && within(&message.payload()));
    }
    assert_eq!((reader.next(), reader.buffered()), (Ok(None), 20));
    reader.push(one.raw().slice(20..));
    assert_eq!(reader.next(), Ok(Some(one)));
}

#[test]
fn a_message_is_given_out_as_soon_as_its_last_byte_is_there() {
    let one = delta();
    let (last, rest) = one.raw().split_last().unwrap();
    let mut reader = EventMessageReader::new(1000);
    for byte in rest {
        reader.push(Bytes::copy_from_slice(&[*byte]));
        assert_eq!(reader.next(), Ok(None));
    }
    reader.push(Bytes::copy_from_slice(&[*last]));
    assert_eq!(reader.next(), Ok(Some(one)));
}

#[test]
fn chunks_pushed_before_the_last_was_read_are_not_lost() {
    let one = delta();
    let mut reader = EventMessageReader::new(1000);
    for part in [one.raw().slice(..5), one.raw().slice(5..), one.raw().clone()] {
        reader.push(part);
    }
    assert_eq!((reader.next(), reader.next()), (Ok(Some(one.clone())), Ok(Some(one))));
    assert_eq!((reader.next(), reader.finish()), (Ok(None), Ok(None)));
}

#[test]
fn no_byte_can_be_changed_unnoticed() {
    let one = delta();
    for at in 0..one.raw().len() {
        for bit in 0..8 {
            let mut raw = one.raw().to_vec();
            raw[at] ^= 1 << bit;
            let (messages, error) = read(&[&raw], 1000);
            assert!(messages.is_empty(), "bit {bit} of byte {at}");
            let expected = if at < 12 { EventMessageError::LengthsChecksum } else { EventMessageError::Checksum };
            assert_eq!(error, Some(expected), "bit {bit} of byte {at}");
        }
    }
}

#[test]
fn a_stream_that_ends_within_a_message_was_cut() {
    let one = delta();
    let two = [one.raw().as_ref(), one.raw()].concat();
    for end in 0..=two.len() {
        let (messages, error) = read(&[&two[..end]], 1000);
        let expected = (!end.is_multiple_of(one.raw().len())).then_some(EventMessageError::Cut);
        assert_eq!((messages.len(), error), (end / one.raw().len(), expected), "cut at {end}");
    }
}

#[test]
fn a_message_longer_than_the_limit_is_refused_before_its_bytes_come_and_one_at_the_limit_passes() {
    let one = delta();
    let length = one.raw().len();
    assert_eq!(read(&[one.raw()], length), (vec![one.clone()], None));
    for total in [u32::try_from(length).unwrap(), 1 << 20, u32::MAX] {
        let mut reader = EventMessageReader::new(length - 1);
        reader.push(Bytes::from(lengths(total, 0)));
        let error = EventMessageError::TooLarge { limit: length - 1 };
        assert_eq!((reader.next(), reader.buffered()), (Err(error), 0));
    }
}

#[test]
fn what_a_message_says_of_its_length_takes_no_memory() {
    let mut reader = EventMessageReader::new(1 << 30);
    reader.push(Bytes::from(lengths(1 << 30, 16)));
    assert_eq!((reader.next(), reader.buffered()), (Ok(None), 12));
    reader.push(Bytes::from_static(b"x"));
    assert_eq!((reader.next(), reader.buffered()), (Ok(None), 13));
    assert!(reader.room() <= 8 * 1024, "room for {} bytes for 13", reader.room());
}

#[test]
fn lengths_that_contradict_each_other_are_refused() {
    for (total, headers) in [(0, 0), (11, 0), (15, 0), (16, 1), (100, 85), (100, u32::MAX), (1 << 20, 131_073)] {
        let error = EventMessageError::Lengths { total, headers };
        assert_eq!(read(&[&lengths(total, headers)], 1 << 20), (vec![], Some(error)), "{total} and {headers}");
    }
    assert_eq!(read(&[&message(b"", b"")], 16).0.len(), 1);
}

#[test]
fn headers_that_are_malformed_are_refused() {
    let cases: [&[u8]; 14] = [
        b"\x00\x00",
        b"\x01",
        b"\x02a",
        b"\x01a",
        b"\x01a\x0a",
        b"\x01a\xff",
        b"\x01\xff\x00",
        b"\x01a\x02",
        b"\x01a\x03\0",
        b"\x01a\x05\0\0\0\0\0\0\0",
        b"\x01a\x09\0\0\0",
        b"\x01a\x07\0",
        b"\x01a\x07\0\x02x",
        b"\x01a\x07\0\x01\xff",
    ];
    for headers in cases {
        let (messages, error) = read(&[&message(headers, b"{}")], 1000);
        assert_eq!((messages.len(), error), (0, Some(EventMessageError::Header)), "{headers:?}");
    }
    let twice = message(b"\x01a\x00\x01b\x00\x01a\x01", b"");
    assert_eq!(read(&[&twice], 1000).1, Some(EventMessageError::HeaderTwice));
    let many: Vec<u8> = (0..65).flat_map(|number| [1, b'!' + number, 0]).collect();
    assert_eq!(read(&[&message(&many, b"")], 1000).1, Some(EventMessageError::TooManyHeaders { limit: 64 }));
    assert_eq!(read(&[&message(&many[3..], b"")], 1000).0[0].headers().iter().count(), 64);
}

#[test]
fn what_no_reader_would_take_is_not_written() {
    let long = "x".repeat(32_768);
    let text = |text| EventHeaderValue::Text(text);
    let refused = |headers: &[(&str, EventHeaderValue<'_>)]| EventMessage::new(headers, b"").unwrap_err();
    assert_eq!(refused(&[("", EventHeaderValue::Bool(true))]), EventMessageError::Header);
    assert_eq!(refused(&[(&long[..256], EventHeaderValue::Bool(true))]), EventMessageError::Header);
    assert_eq!(refused(&[("a", text(&long))]), EventMessageError::Header);
    assert_eq!(refused(&[("a", EventHeaderValue::Bytes(long.as_bytes()))]), EventMessageError::Header);
    assert_eq!(refused(&[("a", text("")), ("a", text(""))]), EventMessageError::HeaderTwice);
    let names = ["a", "b", "c", "d", "e"];
    let headers: Vec<_> = names.iter().map(|name| (*name, text(&long[1..]))).collect();
    assert!(matches!(refused(&headers), EventMessageError::Lengths { headers: 163_860, .. }));
    assert!(EventMessage::new(&headers[..3], b"").is_ok());
    assert!(EventMessage::new(&[(&long[..255], EventHeaderValue::Uuid([7; 16]))], b"").is_ok());
}

fn value() -> impl Strategy<Value = (u8, i64, Vec<u8>, String)> {
    (0_u8..10, any::<i64>(), prop::collection::vec(any::<u8>(), 0..20), ".{0,12}")
}

fn header<'a>((kind, number, bytes, text): &'a (u8, i64, Vec<u8>, String)) -> EventHeaderValue<'a> {
    match kind {
        0 => EventHeaderValue::Bool(true),
        1 => EventHeaderValue::Bool(false),
        2 => EventHeaderValue::Byte(*number as i8),
        3 => EventHeaderValue::Short(*number as i16),
        4 => EventHeaderValue::Int(*number as i32),
        5 => EventHeaderValue::Long(*number),
        6 => EventHeaderValue::Bytes(bytes),
        7 => EventHeaderValue::Text(text),
        8 => EventHeaderValue::Timestamp(*number),
        _ => EventHeaderValue::Uuid(std::array::from_fn(|at| bytes.get(at).copied().unwrap_or_default())),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_was_written_is_read_however_it_is_cut(
        said in prop::collection::vec((prop::collection::vec(value(), 0..6), prop::collection::vec(any::<u8>(), 0..60)), 0..5),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in 16_usize..200,
    ) {
        let names = ["a", ":event-type", "ü", "b-c", "d", "e"];
        let mut written = Vec::new();
        for (values, payload) in &said {
            let headers: Vec<_> = names.iter().copied().zip(values.iter().map(header)).collect();
            let message = EventMessage::new(&headers, payload).unwrap();
            prop_assert_eq!(message.headers().iter().collect::<Vec<_>>(), headers);
            prop_assert_eq!(&message.payload(), payload);
            written.push(message);
        }
        let stream: Vec<u8> = written.iter().flat_map(|message| message.raw().to_vec()).collect();
        prop_assert_eq!(read(&[&stream], 10_000), (written, None));
        let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        cuts.extend([0, stream.len()]);
        cuts.sort_unstable();
        let chunks: Vec<_> = cuts.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let bytewise: Vec<_> = stream.chunks(1).collect();
        for limit in [limit, 10_000] {
            let whole = read(&[&stream], limit);
            prop_assert_eq!(&read(&chunks, limit), &whole);
            prop_assert_eq!(&read(&bytewise, limit), &whole);
        }
    }

    #[test]
    fn any_bytes_are_read_alike_however_they_are_cut(headers in prop::collection::vec(0_u8..12, 0..20), stream in prop::collection::vec(any::<u8>(), 0..40)) {
        for stream in [stream.clone(), message(&headers, &stream)] {
            let bytewise: Vec<_> = stream.chunks(1).collect();
            prop_assert_eq!(read(&bytewise, 64), read(&[&stream], 64));
        }
    }
}
