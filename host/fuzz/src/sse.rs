//! Server-sent events: the same whatever pieces they arrive in, and those that a browser hands out.

use bytes::Bytes;
use weir_http::sse::{SseError, SseEvent, SseReader, data_event};

use crate::cut::{cut, pieces};
use crate::reference;

/// Longest events that are tried.
const LIMITS: [usize; 4] = [usize::MAX, 16, 64, 4096];

/// Any cutting gives the same events; together they are the stream; and what a reader who keeps to the definition hands out
/// of them, made plain or not, is what it hands out of the stream.
pub fn sse(data: &[u8]) {
    let Some((limit, data)) = data.split_first() else { return };
    let limit = LIMITS[usize::from(*limit) % LIMITS.len()];
    let (lengths, stream) = cut(data);
    let (events, error) = read(limit, &[], stream);
    for lengths in [lengths, &[1], &[2, 3]] {
        assert_eq!(read(limit, lengths, stream), (events.clone(), error), "in pieces of {lengths:?}");
    }
    if error.is_none() {
        let together: Vec<u8> = events.iter().flat_map(|event| event.raw().to_vec()).collect();
        assert_eq!(together, stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream));
        is_what_a_browser_hands_out(&events, stream);
    }
    for event in &events {
        assert!(event.raw().len() <= limit);
        by_itself(event);
    }
    one_event_of_data(stream);
}

fn read(limit: usize, lengths: &[u8], stream: &[u8]) -> (Vec<SseEvent>, Option<SseError>) {
    let mut reader = SseReader::new(limit);
    let mut events = Vec::new();
    for piece in pieces(lengths, stream) {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(event)) => events.push(event),
                Ok(None) => break,
                Err(error) => return (events, Some(error)),
            }
        }
        assert!(reader.buffered() <= limit);
    }
    loop {
        match reader.finish() {
            Ok(Some(event)) => events.push(event),
            Ok(None) => return (events, None),
            Err(error) => return (events, Some(error)),
        }
    }
}

fn is_what_a_browser_hands_out(events: &[SseEvent], stream: &[u8]) {
    let expected = reference::events(stream);
    let whole: Vec<u8> =
        events.iter().filter(|event| event.is_whole()).flat_map(|event| event.raw().to_vec()).collect();
    assert_eq!(reference::events_of_lines(&whole), expected, "an event that is whole is one");
    let told = events.iter().filter(|event| event.is_whole() && !reference::events_of_lines(event.raw()).is_empty());
    let told: Vec<_> =
        told.map(|event| (event.name().map(|name| name.as_bytes().to_vec()), event.data().to_vec())).collect();
    let expected: Vec<_> = expected
        .into_iter()
        .map(|(name, data)| (std::str::from_utf8(&name).is_ok().then_some(name), data))
        .map(|(name, data)| (name.filter(|name| !name.is_empty()), data))
        .collect();
    let told: Vec<_> = told.into_iter().map(|(name, data)| (name.filter(|name| !name.is_empty()), data)).collect();
    assert_eq!(told, expected);
}

fn by_itself(event: &SseEvent) {
    if let Some(data) = event.only_data() {
        assert_eq!(data, event.data());
        assert_eq!(event.name(), None);
    }
    assert!(!event.is_blank() || event.is_comment());
    let closed = event.clone().closed();
    assert!(closed.is_whole());
    let handed_out = reference::events_of_lines(closed.raw());
    assert!(handed_out.len() <= 1, "one event is one event");
    assert!(!event.is_comment() || handed_out.is_empty());
    let plain = event.plain();
    assert!(plain.is_whole());
    assert_eq!(plain.data(), event.data());
    assert_eq!(plain.plain(), plain);
    let data = |events: Vec<reference::Dispatched>| events.into_iter().map(|(_, data)| data).collect::<Vec<_>>();
    assert_eq!(data(reference::events_of_lines(plain.raw())), data(handed_out));
}

/// An event made of data is one, of that data with its line ends made LF.
fn one_event_of_data(data: &[u8]) {
    let made = data_event(data);
    let mut lines = Vec::new();
    for (at, byte) in data.iter().enumerate() {
        match byte {
            b'\n' if at > 0 && data[at - 1] == b'\r' => {}
            b'\r' | b'\n' => lines.push(b'\n'),
            byte => lines.push(*byte),
        }
    }
    assert_eq!(reference::events_of_lines(&made), [(Vec::new(), lines)]);
}
