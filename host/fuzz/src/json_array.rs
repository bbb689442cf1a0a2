//! A stream that is one JSON array: the same elements whatever pieces they arrive in, and those of `serde_json`.

use bytes::Bytes;
use serde_json::Value;
use weir_http::json_array::{JsonArrayError, JsonArrayReader, JsonArrayWriter};

use crate::cut::{cut, pieces};
use crate::oracle;

/// Longest elements that are tried.
const LIMITS: [usize; 4] = [1 << 20, 4, 16, 64];

/// How a stream was read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Read {
    elements: Vec<Bytes>,
    error: Option<JsonArrayError>,
    alone: bool,
    whole: bool,
}

/// Any cutting gives the same elements; an array of objects is taken where `serde_json` takes one, but for half a surrogate
/// pair, with the same elements; and what is written of them is read again.
pub fn json_array(data: &[u8]) {
    let Some((limit, data)) = data.split_first() else { return };
    let limit = LIMITS[usize::from(*limit) % LIMITS.len()];
    let (lengths, stream) = cut(data);
    let all = read(limit, &[], stream);
    for lengths in [lengths, &[1], &[2, 3]] {
        assert_eq!(read(limit, lengths, stream), all, "in pieces of {lengths:?}");
    }
    assert_eq!(all.whole, all.error.is_none());
    assert!(all.elements.iter().all(|element| element.len() <= limit));
    if limit == LIMITS[0] && !oracle::is_reserved(stream) {
        is_what_stands_there(&all, stream);
    }
    if !all.alone {
        is_read_again(&all.elements);
    }
}

fn read(limit: usize, lengths: &[u8], stream: &[u8]) -> Read {
    let mut reader = JsonArrayReader::new(limit);
    let mut elements = Vec::new();
    let error = take(&mut reader, &mut elements, limit, lengths, stream).err();
    Read { elements, error, alone: reader.is_alone(), whole: reader.is_whole() }
}

fn take(
    reader: &mut JsonArrayReader,
    elements: &mut Vec<Bytes>,
    limit: usize,
    lengths: &[u8],
    stream: &[u8],
) -> Result<(), JsonArrayError> {
    for piece in pieces(lengths, stream) {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(element) = reader.next()? {
            elements.push(element);
        }
        assert!(reader.buffered() <= limit);
    }
    while let Some(element) = reader.finish()? {
        elements.push(element);
    }
    Ok(())
}

fn is_what_stands_there(all: &Read, stream: &[u8]) {
    let theirs = match oracle::value(stream) {
        Some(Value::Array(elements)) if elements.iter().all(Value::is_object) => Some((elements, false)),
        Some(object @ Value::Object(_)) => Some((vec![object], true)),
        _ => None,
    };
    let Some((theirs, alone)) = theirs else {
        // An array one level deeper than `serde_json` goes is taken by its elements.
        let differs =
            oracle::may_have_half_a_pair(stream) || stream.iter().filter(|byte| b"[{".contains(byte)).count() > 127;
        return assert!(all.error.is_some() || differs, "taken, and serde_json does not");
    };
    assert_eq!((all.error, all.alone), (None, alone), "serde_json takes it");
    let ours: Vec<_> = all.elements.iter().map(|element| oracle::value(element).unwrap()).collect();
    assert_eq!(ours, theirs);
}

fn is_read_again(elements: &[Bytes]) {
    let mut writer = JsonArrayWriter::default();
    let mut written: Vec<u8> = elements.iter().flat_map(|element| writer.element(element)).collect();
    written.extend_from_slice(&writer.end());
    let again = read(LIMITS[0], &[], &written);
    assert_eq!((again.elements.as_slice(), again.error, again.alone), (elements, None, false));
}
