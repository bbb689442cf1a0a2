//! Where blocks are written: messages that open with their first block, so that none is empty, and neighbours of one speaker are
//! one.

use crate::canon::JsonWriter;

/// A list of messages, or of blocks alone.
#[derive(Debug)]
pub(crate) struct BlockSink {
    out: JsonWriter,
    /// Who speaks next; none for blocks alone.
    role: Option<&'static str>,
    open: Option<&'static str>,
}

impl BlockSink {
    /// For blocks alone, into this list that is open.
    pub(crate) fn of_blocks(out: JsonWriter) -> Self {
        Self { out, role: None, open: None }
    }

    /// Who speaks from here on.
    pub(crate) fn speak(&mut self, role: &'static str) {
        self.role = Some(role);
    }

    /// The writer, where the next block belongs.
    pub(crate) fn begin(&mut self) -> &mut JsonWriter {
        if let Some(role) = self.role.filter(|role| self.open != Some(role)) {
            self.end_message();
            self.out.open().name("role").string(role).name("content").open_array();
            self.open = Some(role);
        }
        &mut self.out
    }

    /// The writer, when the last block is written.
    pub(crate) fn finish(mut self) -> JsonWriter {
        self.end_message();
        self.out
    }

    fn end_message(&mut self) {
        if self.open.take().is_some() {
            self.out.close_array().close();
        }
    }
}
