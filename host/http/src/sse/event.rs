//! One event and what stands in it.

use bytes::{BufMut, Bytes, BytesMut};

/// One event of a stream: its raw bytes, line ends included. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SseEvent {
    raw: Bytes,
    whole: bool,
}

impl SseEvent {
    pub(super) fn new(raw: Bytes, whole: bool) -> Self {
        Self { raw, whole }
    }

    /// An event of this data, which [`data_event`] writes, and this name, which is a plain word. Without either it is a
    /// comment: a sign of life.
    #[must_use]
    pub fn made(name: Option<&str>, data: &[u8]) -> Self {
        debug_assert!(name.is_none_or(|name| is_word(name.as_bytes())));
        let raw = match name {
            None if data.is_empty() => Bytes::from_static(b":\n\n"),
            None => data_event(data),
            Some(name) => {
                let data = data_event(data);
                let mut raw = BytesMut::with_capacity(name.len() + 8 + data.len());
                raw.put_slice(b"event: ");
                raw.put_slice(name.as_bytes());
                raw.put_u8(b'\n');
                raw.put_slice(&data);
                raw.freeze()
            }
        };
        Self { raw, whole: true }
    }

    /// The bytes as they came, the blank line at the end included.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether it came to its end: a blank line, or of a comment between events its line's end. Only the last piece of a
    /// stream may not have.
    pub fn is_whole(&self) -> bool {
        self.whole
    }

    /// The values of its `data` lines, joined by LF: a slice if there is one line, empty if there is none.
    pub fn data(&self) -> Bytes {
        let mut lines = self.fields().filter(|(name, _)| *name == b"data").map(|(_, value)| value);
        let Some(first) = lines.next() else { return Bytes::new() };
        let Some(second) = lines.next() else { return self.raw.slice_ref(first) };
        let mut joined = BytesMut::with_capacity(self.raw.len());
        joined.put_slice(first);
        for line in std::iter::once(second).chain(lines) {
            joined.put_u8(b'\n');
            joined.put_slice(line);
        }
        joined.freeze()
    }

    /// The data of an event that is one `data` line and nothing else, as nearly all of a model's stream are; none for
    /// every other one. Where it answers, [`data`](Self::data) would answer the same.
    pub fn only_data(&self) -> Option<Bytes> {
        let line = self.raw.strip_suffix(b"\n\n").or_else(|| self.raw.strip_suffix(b"\r\n\r\n"))?;
        let value = line.strip_prefix(b"data:")?;
        let value = value.strip_prefix(b" ").unwrap_or(value);
        memchr::memchr2(b'\n', b'\r', value).is_none().then(|| self.raw.slice_ref(value))
    }

    /// The value of its last `event` line; none if there is none or it is not UTF-8.
    pub fn name(&self) -> Option<&str> {
        let value = self.fields().filter(|(name, _)| *name == b"event").last()?.1;
        std::str::from_utf8(value).ok()
    }

    /// Whether it has neither a `data` nor an `event` line: comments, blank lines, `id` and `retry`. Nothing a client
    /// would show its user; a sign of life.
    pub fn is_comment(&self) -> bool {
        !self.fields().any(|(name, _)| name == b"data" || name == b"event")
    }

    /// Whether no field stands in it at all: comments and blank lines only.
    pub fn is_blank(&self) -> bool {
        self.fields().next().is_none()
    }

    /// The same event with nothing in it that a reader who keeps to the specification would not hand out, and no text but its
    /// data: its `data` lines, and of `event`, `id` and `retry` what is a plain word. Comments and unknown fields go, for lax
    /// readers take ` data:` or `DATA:` for data. A bare comment, a sign of life, where nothing is left
    /// (WHATWG HTML, 9.2.6 "Interpreting an event stream").
    #[must_use]
    pub fn plain(&self) -> Self {
        let mut raw = BytesMut::with_capacity(self.raw.len());
        for (name, value) in self.fields() {
            match name {
                b"data" => {}
                b"event" | b"id" | b"retry" if is_word(value) => {}
                _ => continue,
            }
            raw.put_slice(name);
            raw.put_slice(b": ");
            raw.put_slice(value);
            raw.put_u8(b'\n');
        }
        raw.put_slice(if raw.is_empty() { b":\n\n" } else { b"\n" });
        Self { raw: raw.freeze(), whole: true }
    }

    /// The same event with the blank line that it lacks, if it does.
    #[must_use]
    pub fn closed(self) -> Self {
        if self.whole {
            return self;
        }
        let mut raw = BytesMut::with_capacity(self.raw.len() + 2);
        raw.put_slice(&self.raw);
        // An LF behind a lone CR would belong to it.
        raw.put_slice(if self.raw.ends_with(b"\n") { b"\n" } else { b"\n\n" });
        Self { raw: raw.freeze(), whole: true }
    }

    /// Field lines as (name, value); comments and blank lines left out.
    fn fields(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        Lines { rest: &self.raw }.filter(|line| !line.is_empty() && !line.starts_with(b":")).map(|line| {
            let Some(colon) = memchr::memchr(b':', line) else { return (line, [].as_slice()) };
            let (name, value) = line.split_at(colon);
            let value = value.get(1..).unwrap_or_default();
            (name, value.strip_prefix(b" ").unwrap_or(value))
        })
    }
}

/// Bytes of an event's name or identifier that is a plain word.
const WORD: usize = 64;

/// Whether it names something and says nothing: letters, digits, and what joins them in names.
fn is_word(value: &[u8]) -> bool {
    value.len() <= WORD && value.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// Makes an event of data: `data: …` for each line of it, then a blank line. CR and CRLF are line ends as LF is, for a
/// reader takes them so; they come out as LF.
pub fn data_event(data: &[u8]) -> Bytes {
    let ends = memchr::memchr2_iter(b'\n', b'\r', data).count();
    let mut out = BytesMut::with_capacity(data.len() + 8 + ends * 7);
    // `Lines` does not show an empty last line; data that ends with a line end, or is empty, has one.
    let mut lines = Lines { rest: data };
    for line in lines.by_ref() {
        out.put_slice(b"data: ");
        out.put_slice(line);
        out.put_u8(b'\n');
    }
    if data.is_empty() || data.ends_with(b"\n") || data.ends_with(b"\r") {
        out.put_slice(b"data: \n");
    }
    out.put_u8(b'\n');
    out.freeze()
}

/// Lines ended by LF, CRLF or CR, without their ends.
struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        let end = memchr::memchr2(b'\n', b'\r', self.rest).unwrap_or(self.rest.len());
        let (line, tail) = self.rest.split_at(end);
        self.rest = tail.strip_prefix(b"\r\n").or_else(|| tail.get(1..)).unwrap_or_default();
        Some(line)
    }
}
