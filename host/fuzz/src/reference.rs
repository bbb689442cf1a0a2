//! Simple readers of the same formats, written from their definitions alone, and slow.

/// What a body in chunks comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ChunkedEnd {
    /// It ended; what stood behind it, and its trailers, names in lower case.
    Ended { behind: Vec<u8>, trailers: Vec<(String, Vec<u8>)> },
    /// More is to come.
    Open,
    /// It is no such body.
    Malformed,
}

/// Decodes a body in chunks (RFC 9112 section 7.1), as far as it goes.
pub(crate) fn chunked(bytes: &[u8]) -> (Vec<u8>, ChunkedEnd) {
    const LINE: usize = 4096;
    let mut data = Vec::new();
    let mut rest = bytes;
    loop {
        // A line is wrong at the first byte that is wrong, whether its end has come or not.
        let line = match size_line(rest, LINE) {
            Ok(line) => line,
            Err(end) => return (data, end),
        };
        rest = &rest[line.length..];
        if line.size == 0 {
            return (data, trailers(rest));
        }
        let there = usize::try_from(line.size).unwrap_or(usize::MAX).min(rest.len());
        data.extend_from_slice(&rest[..there]);
        rest = &rest[there..];
        if (there as u64) < line.size {
            return (data, ChunkedEnd::Open);
        }
        match rest {
            [b'\r', b'\n', ..] => rest = &rest[2..],
            [] | [b'\r'] => return (data, ChunkedEnd::Open),
            _ => return (data, ChunkedEnd::Malformed),
        }
    }
}

struct SizeLine {
    size: u64,
    length: usize,
}

/// `chunk-size [ BWS ";" chunk-ext ] CRLF`. Of an extension only its end matters: the next CR, behind which an LF must come. No
/// lone LF stands in it, and a size has no sign bit.
fn size_line(bytes: &[u8], longest: usize) -> Result<SizeLine, ChunkedEnd> {
    let digits = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let mut size = 0_u128;
    for digit in &bytes[..digits] {
        size = size << 4 | u128::from(char::from(*digit).to_digit(16).unwrap());
        if size > i64::MAX as u128 {
            return Err(ChunkedEnd::Malformed);
        }
    }
    let mut at = digits;
    let mut counted = digits;
    let mut extension = false;
    loop {
        if counted > longest {
            return Err(ChunkedEnd::Malformed);
        }
        let Some(byte) = bytes.get(at) else { return Err(ChunkedEnd::Open) };
        match byte {
            _ if digits == 0 => return Err(ChunkedEnd::Malformed),
            b'\r' => break,
            b'\n' => return Err(ChunkedEnd::Malformed),
            b';' if !extension => extension = true,
            b' ' | b'\t' => counted += 1,
            _ if extension => counted += 1,
            _ => return Err(ChunkedEnd::Malformed),
        }
        at += 1;
    }
    match bytes.get(at + 1) {
        None => Err(ChunkedEnd::Open),
        Some(b'\n') => Ok(SizeLine { size: u64::try_from(size).unwrap(), length: at + 2 }),
        Some(_) => Err(ChunkedEnd::Malformed),
    }
}

/// `trailer-section CRLF`: field lines, each ended by CR LF.
fn trailers(bytes: &[u8]) -> ChunkedEnd {
    const BYTES: usize = 16 * 1024;
    const FIELDS: usize = 100;
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut at = 0;
    loop {
        let line = &bytes[at..];
        let end = line.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        if at + end.unwrap_or(line.len()) > BYTES {
            return ChunkedEnd::Malformed;
        }
        let Some(end) = end else { return ChunkedEnd::Open };
        if line[end] == b'\n' {
            return ChunkedEnd::Malformed;
        }
        match line.get(end + 1) {
            _ if end > 0 && at + end + 1 > BYTES => return ChunkedEnd::Malformed,
            None => return ChunkedEnd::Open,
            Some(b'\n') => {}
            Some(_) => return ChunkedEnd::Malformed,
        }
        if end == 0 {
            at += 2;
            break;
        }
        if at + end + 2 > BYTES {
            return ChunkedEnd::Malformed;
        }
        lines.push(&line[..end]);
        at += end + 2;
    }
    let fields: Option<Vec<_>> = lines.iter().map(|line| field(line)).collect();
    match fields {
        Some(trailers) if trailers.len() <= FIELDS => ChunkedEnd::Ended { behind: bytes[at..].to_vec(), trailers },
        _ => ChunkedEnd::Malformed,
    }
}

/// `field-name ":" OWS field-value OWS` (RFC 9112 section 5).
fn field(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    if name.is_empty() || !name.iter().all(is_token) {
        return None;
    }
    let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = value.iter().position(|byte| !is_blank(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !is_blank(byte)).map_or(start, |last| last + 1);
    let value = &value[start..end];
    let may_stand = |byte: &u8| *byte == b'\t' || (*byte >= b' ' && *byte != 0x7f);
    let name = String::from_utf8(name.to_ascii_lowercase()).ok()?;
    value.iter().all(may_stand).then(|| (name, value.to_vec()))
}

/// An event as a browser hands it out: its type as its last `event` line says, and its data.
pub(crate) type Dispatched = (Vec<u8>, Vec<u8>);

/// The events of a stream (WHATWG HTML section 9.2.6), ids and retries left out. What was not ended by a blank line is
/// thrown away. Lines end with CR LF, LF or CR.
pub(crate) fn events(bytes: &[u8]) -> Vec<Dispatched> {
    events_of_lines(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))
}

/// The same of a part of a stream, at whose beginning no byte order mark is one.
pub(crate) fn events_of_lines(bytes: &[u8]) -> Vec<Dispatched> {
    let (mut events, mut name, mut data): (Vec<Dispatched>, Vec<u8>, Option<Vec<u8>>) = Default::default();
    let mut rest = bytes;
    while let Some(end) = rest.iter().position(|byte| matches!(byte, b'\r' | b'\n')) {
        let line = &rest[..end];
        rest = if rest[end..].starts_with(b"\r\n") { &rest[end + 2..] } else { &rest[end + 1..] };
        if line.is_empty() {
            // Data that is one empty line is data.
            if let Some(data) = data.take() {
                events.push((name, data));
            }
            name = Vec::new();
            continue;
        }
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"event" => name = value.to_vec(),
            b"data" => match &mut data {
                Some(data) => {
                    data.push(b'\n');
                    data.extend_from_slice(value);
                }
                None => data = Some(value.to_vec()),
            },
            _ => {}
        }
    }
    events
}

/// The heads of an HTTP/2 connection's frames (RFC 9113 section 4.1) as type, flags, stream, length and bytes of data: those that
/// are there to their ninth byte, or of `DATA` with padding to their tenth (section 6.1).
pub(crate) fn frames(bytes: &[u8]) -> Vec<(u8, u8, u32, u32, u32)> {
    let mut frames = Vec::new();
    let mut at = 0;
    while let Some(head) = bytes.get(at..at + 9) {
        let length = u32::from(head[0]) << 16 | u32::from(head[1]) << 8 | u32::from(head[2]);
        let stream = u32::from_be_bytes([head[5] & 0x7f, head[6], head[7], head[8]]);
        let mut data = length;
        if head[3] == 0 && head[4] & 8 != 0 && length > 0 {
            let Some(padding) = bytes.get(at + 9) else { break };
            data = (length - 1).saturating_sub(u32::from(*padding));
        }
        frames.push((head[3], head[4], stream, length, data));
        at += 9 + length as usize;
    }
    frames
}
