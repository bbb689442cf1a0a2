//! The event stream of AWS: the same messages whatever pieces they arrive in, and those of a plain reader.

use bytes::Bytes;
use weir_http::event_message::{EventMessage, EventMessageError, EventMessageReader};

use crate::cut::{cut, pieces};

/// Longest messages that are tried.
const LIMITS: [usize; 4] = [1 << 20, 16, 64, 4096];
/// Bytes of a message that are neither headers nor payload.
const AROUND: usize = 16;

/// Any cutting gives the same messages, together they are the stream, a plain reader finds the same, and each can be written
/// again. The first byte says what the rest is: a stream as it is, or what messages carry, under checksums that hold.
pub fn event_message(data: &[u8]) {
    let Some((choice, data)) = data.split_first() else { return };
    let limit = LIMITS[usize::from(*choice) % LIMITS.len()];
    let (lengths, content) = cut(data);
    let stream = if *choice < 128 { sealed(content) } else { content.to_vec() };
    let (messages, error) = read(limit, &[], &stream);
    for lengths in [lengths, &[1], &[2, 3]] {
        assert_eq!(read(limit, lengths, &stream), (messages.clone(), error), "in pieces of {lengths:?}");
    }
    let together: Vec<u8> = messages.iter().flat_map(|message| message.raw().to_vec()).collect();
    assert!(stream.starts_with(&together) && (error.is_some() || together.len() == stream.len()));
    let expected = plain(&stream, limit);
    let found = messages.iter().map(|message| (message.headers().iter().count(), message.payload().to_vec()));
    assert_eq!((found.collect::<Vec<_>>(), error.is_none()), expected);
    for message in &messages {
        assert!(message.raw().len() <= limit);
        again(message);
    }
}

/// Messages of what stands in `content`: bytes of headers (u8), of payload (u8), both. What is left stands behind them.
fn sealed(mut content: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let [headers, payload, rest @ ..] = content
        && let Some((body, behind)) = rest.split_at_checked(usize::from(*headers) + usize::from(*payload))
    {
        let start = stream.len();
        stream.extend_from_slice(&u32::try_from(AROUND + body.len()).unwrap().to_be_bytes());
        stream.extend_from_slice(&u32::from(*headers).to_be_bytes());
        stream.extend_from_slice(&checksum(&stream[start..]).to_be_bytes());
        stream.extend_from_slice(body);
        stream.extend_from_slice(&checksum(&stream[start..]).to_be_bytes());
        content = behind;
    }
    stream.extend_from_slice(content);
    stream
}

fn read(limit: usize, lengths: &[u8], stream: &[u8]) -> (Vec<EventMessage>, Option<EventMessageError>) {
    let mut reader = EventMessageReader::new(limit);
    let mut messages = Vec::new();
    for piece in pieces(lengths, stream) {
        reader.push(Bytes::copy_from_slice(piece));
        loop {
            match reader.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Some(error)),
            }
        }
        assert!(reader.buffered() <= limit);
    }
    loop {
        match reader.finish() {
            Ok(Some(message)) => messages.push(message),
            Ok(None) => return (messages, None),
            Err(error) => return (messages, Some(error)),
        }
    }
}

/// What is written of a message's headers and payload is the message, but where a header has a value that is read and not
/// written: Smithy's own readers take no more than 32,767 bytes, of the 65,535 that can be said.
fn again(message: &EventMessage) {
    let headers: Vec<_> = message.headers().iter().collect();
    let written = EventMessage::new(&headers, &message.payload());
    if message.raw().len() < 32_767 {
        assert_eq!(written.as_ref(), Ok(message));
    }
    for (name, value) in headers {
        assert_eq!(message.headers().get(name), Some(value), "no name stands twice");
    }
}

/// How many headers the messages of a stream have, what they carry, and whether nothing is wrong up to its end.
fn plain(mut stream: &[u8], limit: usize) -> (Vec<(usize, Vec<u8>)>, bool) {
    let mut found = Vec::new();
    while !stream.is_empty() {
        let Some((headers, payload, rest)) = plain_message(stream, limit) else { return (found, false) };
        found.push((headers, payload));
        stream = rest;
    }
    (found, true)
}

fn plain_message(stream: &[u8], limit: usize) -> Option<(usize, Vec<u8>, &[u8])> {
    let word = |at: usize| Some(u32::from_be_bytes(stream.get(at..at + 4)?.try_into().unwrap()));
    let (total, headers) = (word(0)? as usize, word(4)? as usize);
    if word(8)? != checksum(&stream[..8]) || total > limit || headers > 128 * 1024 || total < AROUND + headers {
        return None;
    }
    let message = stream.get(..total)?;
    if word(total - 4)? != checksum(&message[..total - 4]) {
        return None;
    }
    let count = plain_headers(&message[12..12 + headers])?;
    Some((count, message[12 + headers..total - 4].to_vec(), &stream[total..]))
}

/// How many headers there are, if they are good and each has a name of its own.
fn plain_headers(block: &[u8]) -> Option<usize> {
    let (mut at, mut names) = (0, Vec::new());
    while at < block.len() {
        let length = usize::from(block[at]);
        let name = std::str::from_utf8(block.get(at + 1..at + 1 + length)?).ok()?;
        at += 1 + length;
        let kind = *block.get(at)?;
        at += 1;
        let length = match kind {
            0 | 1 => 0,
            2 => 1,
            3 => 2,
            4 => 4,
            5 | 8 => 8,
            6 | 7 => 2 + usize::from(u16::from_be_bytes(block.get(at..at + 2)?.try_into().unwrap())),
            9 => 16,
            _ => return None,
        };
        let value = block.get(at..at + length)?;
        if kind == 7 && std::str::from_utf8(&value[2..]).is_err() {
            return None;
        }
        at += length;
        if name.is_empty() || names.contains(&name) {
            return None;
        }
        names.push(name);
    }
    (names.len() <= 64).then_some(names.len())
}

/// CRC-32 bit by bit.
fn checksum(bytes: &[u8]) -> u32 {
    let mut sum = u32::MAX;
    for byte in bytes {
        sum ^= u32::from(*byte);
        for _ in 0..8 {
            sum = (sum >> 1) ^ if sum & 1 == 1 { 0xedb8_8320 } else { 0 };
        }
    }
    !sum
}
