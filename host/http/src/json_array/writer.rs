//! Makes a stream that is one array.

use bytes::{BufMut, Bytes, BytesMut};

/// Writes an array element by element: what it gives out, one after the other, is the stream.
#[derive(Debug, Default)]
pub struct JsonArrayWriter {
    begun: bool,
}

impl JsonArrayWriter {
    /// The next element, which is `data` as it is, behind the opening bracket or a comma.
    pub fn element(&mut self, data: &[u8]) -> Bytes {
        // As Gemini does: who reads by lines finds no two elements in one.
        let lead: &[u8] = if self.begun { b",\r\n" } else { b"[" };
        self.begun = true;
        let mut out = BytesMut::with_capacity(lead.len().saturating_add(data.len()));
        out.put_slice(lead);
        out.put_slice(data);
        out.freeze()
    }

    /// What closes the array. An array that is not closed was cut, so this is for a good end only.
    pub fn end(self) -> Bytes {
        Bytes::from_static(if self.begun { b"\r\n]" } else { b"[]" })
    }
}
