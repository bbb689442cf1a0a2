//! One line and what stands in it.

use bytes::{BufMut, Bytes, BytesMut};

/// One line of a stream, its end included; never blank. Cheap to clone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonLine {
    raw: Bytes,
}

impl JsonLine {
    /// The line that `raw` is, unless it is blank.
    pub(super) fn of(raw: Bytes) -> Option<Self> {
        let is_blank = raw.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
        (!is_blank).then_some(Self { raw })
    }

    /// The bytes as they came, the line's end included.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Whether its end came. Only the last piece of a stream may have none: it may have been cut there, or its sender left
    /// the end out.
    pub fn is_whole(&self) -> bool {
        self.raw.ends_with(b"\n")
    }

    /// What stands in it, without its end: a slice.
    pub fn data(&self) -> Bytes {
        let line = self.raw.strip_suffix(b"\n").unwrap_or(&self.raw);
        self.raw.slice_ref(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// The same line with the end that it lacks, if it does.
    #[must_use]
    pub fn closed(self) -> Self {
        if self.is_whole() { self } else { Self { raw: json_line(&self.raw) } }
    }
}

/// Makes a line of a JSON value. Line ends in it, which JSON has between tokens only, become spaces.
pub fn json_line(data: &[u8]) -> Bytes {
    let mut out = BytesMut::with_capacity(data.len().saturating_add(1));
    let mut rest = data;
    while let Some(at) = memchr::memchr2(b'\n', b'\r', rest) {
        let (part, behind) = rest.split_at(at);
        out.put_slice(part);
        out.put_u8(b' ');
        rest = behind.get(1..).unwrap_or_default();
    }
    out.put_slice(rest);
    out.put_u8(b'\n');
    out.freeze()
}
