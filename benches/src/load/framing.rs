//! How the body of an HTTP/1.1 answer ends (RFC 9112, sections 6 and 7).

use std::mem::MaybeUninit;

use memchr::memchr;

use super::failure::LoadFailure;

/// More header fields than any gateway sends.
const FIELDS: usize = 128;
/// The longest line of a chunked body that is still taken for one: a size with its extensions, or a trailer.
const LINE: usize = 8 << 10;

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct LoadHead {
    pub(crate) status: u16,
    /// The length of the head itself.
    pub(crate) length: usize,
    pub(crate) body: LoadBody,
    /// Whether another request may follow on this connection.
    pub(crate) reusable: bool,
}

/// What is still to come of a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum LoadBody {
    Length(u64),
    Chunked(Chunks),
    UntilClose,
}

/// A body in chunks.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Chunks {
    at: At,
    /// What has come of the line that we are in.
    line: Vec<u8>,
}

/// Where in a chunked body we are.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    Size,
    /// Bytes of data that are left.
    Data(u64),
    /// At the line's end behind the data.
    End,
    /// Behind the last chunk: fields up to an empty line.
    Trailer,
    Over,
}

impl LoadHead {
    /// The head of an answer, if it is complete. Interim ones (100, 103) are heads without a body.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Option<Self>, LoadFailure> {
        let mut fields = [const { MaybeUninit::uninit() }; FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let config = httparse::ParserConfig::default();
        let parsed = config.parse_response_with_uninit_headers(&mut response, bytes, &mut fields);
        let length = match parsed.map_err(|_| LoadFailure::Protocol)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial => return Ok(None),
        };
        let status = response.code.ok_or(LoadFailure::Protocol)?;
        let mut body = if matches!(status, 100..=199 | 204 | 304) { LoadBody::Length(0) } else { LoadBody::UntilClose };
        let (framed, mut reusable) = (body == LoadBody::Length(0), response.version == Some(1));
        for field in response.headers.iter() {
            let is = |name: &str| field.name.eq_ignore_ascii_case(name);
            let value = field.value.trim_ascii();
            if is("connection") && value.eq_ignore_ascii_case(b"close") {
                reusable = false;
            } else if is("transfer-encoding") && !framed {
                body = LoadBody::Chunked(Chunks::default());
            } else if is("content-length") && body == LoadBody::UntilClose {
                let number = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                body = LoadBody::Length(number.ok_or(LoadFailure::Protocol)?);
            }
        }
        reusable &= body != LoadBody::UntilClose;
        Ok(Some(Self { status, length, body, reusable }))
    }
}

impl LoadBody {
    /// Takes bytes of the connection and gives those of the body; `true` at its end.
    pub(crate) fn take(&mut self, mut bytes: &[u8], mut give: impl FnMut(&[u8])) -> Result<bool, LoadFailure> {
        match self {
            Self::UntilClose => {
                give(bytes);
                return Ok(false);
            }
            Self::Length(left) => {
                let data = counted(&mut bytes, left);
                give(data);
                if *left > 0 {
                    return Ok(false);
                }
            }
            Self::Chunked(chunks) => {
                while chunks.at != At::Over {
                    if bytes.is_empty() {
                        return Ok(false);
                    }
                    chunks.step(&mut bytes, &mut give)?;
                }
            }
        }
        // Nothing was asked that could be answered by more.
        if bytes.is_empty() { Ok(true) } else { Err(LoadFailure::Protocol) }
    }

    /// Whether a body that ends here, with its connection, is complete.
    pub(crate) fn may_end(&self) -> bool {
        *self == Self::UntilClose
    }
}

impl Chunks {
    fn step(&mut self, bytes: &mut &[u8], give: &mut impl FnMut(&[u8])) -> Result<(), LoadFailure> {
        if let At::Data(left) = &mut self.at {
            give(counted(bytes, left));
            if *left == 0 {
                self.at = At::End;
            }
            return Ok(());
        }
        if !complete(&mut self.line, bytes)? {
            return Ok(());
        }
        self.at = match (self.at, self.line.is_empty()) {
            (At::Size, _) => match size(&self.line)? {
                0 => At::Trailer,
                size => At::Data(size),
            },
            (At::End, true) => At::Size,
            (At::End, false) => return Err(LoadFailure::Protocol),
            (At::Trailer, false) => At::Trailer,
            (At::Trailer, true) | (At::Data(_) | At::Over, _) => At::Over,
        };
        self.line.clear();
        Ok(())
    }
}

/// At most `left` bytes, which are then no longer left.
fn counted<'a>(bytes: &mut &'a [u8], left: &mut u64) -> &'a [u8] {
    let most = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
    let (data, rest) = bytes.split_at(most);
    *bytes = rest;
    *left -= u64::try_from(most).unwrap_or(*left);
    data
}

/// Moves a line over, without its end; `false` if the end has not yet come.
fn complete(line: &mut Vec<u8>, bytes: &mut &[u8]) -> Result<bool, LoadFailure> {
    let end = memchr(b'\n', bytes);
    let (head, rest) = bytes.split_at(end.map_or(bytes.len(), |end| end + 1));
    *bytes = rest;
    line.extend_from_slice(head);
    if line.len() > LINE {
        return Err(LoadFailure::Protocol);
    }
    if end.is_none() {
        return Ok(false);
    }
    line.pop();
    line.pop_if(|last| *last == b'\r');
    Ok(true)
}

/// The hexadecimal size, before any extension.
fn size(line: &[u8]) -> Result<u64, LoadFailure> {
    let digits = line.split(|byte| *byte == b';').next().unwrap_or_default().trim_ascii();
    let digits = std::str::from_utf8(digits).map_err(|_| LoadFailure::Protocol)?;
    u64::from_str_radix(digits, 16).map_err(|_| LoadFailure::Protocol)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
