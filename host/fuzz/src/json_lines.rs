//! JSON by lines: the same whatever pieces they arrive in, and those of a plain reader.

use bytes::Bytes;
use weir_http::json_lines::{JsonLine, JsonLinesError, JsonLinesReader, json_line};

use crate::cut::{cut, pieces};
use crate::oracle;

/// Longest lines that are tried.
const LIMITS: [usize; 4] = [1 << 20, 4, 16, 64];

/// Any cutting gives the same lines, they are those of the text, and a line made of data is one and says the same.
pub fn json_lines(data: &[u8]) {
    let Some((limit, data)) = data.split_first() else { return };
    let limit = LIMITS[usize::from(*limit) % LIMITS.len()];
    let (lengths, stream) = cut(data);
    let (lines, error) = read(limit, &[], stream);
    for lengths in [lengths, &[1], &[2, 3]] {
        assert_eq!(read(limit, lengths, stream), (lines.clone(), error), "in pieces of {lengths:?}");
    }
    let expected = plain(stream);
    let too_long = stream.split_inclusive(|byte| *byte == b'\n').any(|line| line.len() > limit);
    assert_eq!(error.is_some(), too_long);
    assert!(expected.starts_with(&lines.iter().map(|line| line.raw().to_vec()).collect::<Vec<_>>()));
    assert!(error.is_some() || expected.len() == lines.len());
    for (at, line) in lines.iter().enumerate() {
        assert!(line.is_whole() || at + 1 == lines.len(), "only the last may lack its end");
        let closed = line.clone().closed();
        assert!(closed.is_whole());
        assert_eq!(spaced(&closed.data()).trim_ascii_end(), spaced(&line.data()).trim_ascii_end());
    }
    one_line_of_data(stream);
}

/// The same with spaces for line ends.
fn spaced(bytes: &[u8]) -> Vec<u8> {
    bytes.iter().map(|byte| if b"\r\n".contains(byte) { b' ' } else { *byte }).collect()
}

fn read(limit: usize, lengths: &[u8], stream: &[u8]) -> (Vec<JsonLine>, Option<JsonLinesError>) {
    let mut reader = JsonLinesReader::new(limit);
    let mut lines = Vec::new();
    let error = take(&mut reader, &mut lines, limit, lengths, stream).err();
    (lines, error)
}

fn take(
    reader: &mut JsonLinesReader,
    lines: &mut Vec<JsonLine>,
    limit: usize,
    lengths: &[u8],
    stream: &[u8],
) -> Result<(), JsonLinesError> {
    for piece in pieces(lengths, stream) {
        reader.push(Bytes::copy_from_slice(piece));
        while let Some(line) = reader.next()? {
            lines.push(line);
        }
        assert!(reader.buffered() <= limit);
    }
    while let Some(line) = reader.finish()? {
        lines.push(line);
    }
    Ok(())
}

/// The lines of a stream, with their ends, that are not blank.
fn plain(stream: &[u8]) -> Vec<Vec<u8>> {
    let lines = stream.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    lines.filter(|line| !line.iter().all(|byte| b" \t\r\n".contains(byte))).collect()
}

/// A line made of data is one, and of JSON it is the same value.
fn one_line_of_data(data: &[u8]) {
    let made = json_line(data);
    assert_eq!(&made[..], [&spaced(data), &b"\n"[..]].concat());
    if let Some(value) = oracle::value(data) {
        assert_eq!(oracle::value(&made), Some(value));
    }
}
