//! What a Zstandard block comes to, as soon as it has come. The decoder gives what is farther back than the window, and all at a
//! frame's end, for it needs the rest to go on; but streams wait for nobody. So each block is decoded as if it were the last, and
//! what it has added is looked at without being taken. Nothing is taken before the frame's end: what is in the decoder then lies in
//! one piece, from the frame's beginning.

use std::io::{self, Write};

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::malformed::NotOfCoding;

/// The bytes of a checksum (RFC 8878 section 3.1.1).
const CHECKSUM: [u8; 4] = [0; 4];

/// What has come out of one frame.
#[derive(Debug, Default)]
pub(super) struct ShownAhead {
    /// Bytes of the frame that were looked at.
    given: usize,
    /// Those of them that nobody has taken, and how many of these somebody has.
    ready: Vec<u8>,
    taken: usize,
}

impl ShownAhead {
    /// A frame begins.
    pub(super) fn begin(&mut self) {
        self.given = 0;
    }

    /// Bytes of the frame that have come out.
    pub(super) fn given(&self) -> usize {
        self.given
    }

    /// Whether somebody has taken all that has come out.
    pub(super) fn is_taken(&self) -> bool {
        self.taken == self.ready.len()
    }

    /// Gives some of it.
    pub(super) fn take(&mut self, output: &mut [u8]) -> usize {
        let rest = self.ready.get(self.taken..).unwrap_or_default();
        let some = rest.len().min(output.len());
        if let (Some(to), Some(from)) = (output.get_mut(..some), rest.get(..some)) {
            to.copy_from_slice(from);
        }
        self.taken += some;
        if self.is_taken() {
            self.ready.clear();
            self.taken = 0;
        }
        some
    }

    /// Decodes a block with its head; whether it was the last one, and then its checksum is part of it.
    pub(super) fn decode(
        &mut self,
        decoder: &mut FrameDecoder,
        block: &mut Vec<u8>,
        is_checked: bool,
    ) -> Result<bool, NotOfCoding> {
        let first = block.first_mut().ok_or(NotOfCoding)?;
        let is_last = *first & 1 == 1;
        *first |= 1;
        if is_checked && !is_last {
            block.extend_from_slice(&CHECKSUM);
        }
        let strategy = BlockDecodingStrategy::UptoBlocks(1);
        decoder.decode_blocks(block.as_slice(), strategy).map_err(|_| NotOfCoding)?;
        let all = decoder.can_collect();
        let mut look = DecodedLook { skip: self.given, shown: 0, ready: &mut self.ready, takes: is_last };
        // What is not taken stays in the decoder.
        decoder.collect_to_writer(&mut look).map_err(|_| NotOfCoding)?;
        if look.shown != all {
            return Err(NotOfCoding);
        }
        self.given = all;
        let (said, known) = (decoder.get_checksum_from_data(), decoder.get_calculated_checksum());
        if is_last && is_checked && said != known { Err(NotOfCoding) } else { Ok(is_last) }
    }
}

/// Looks at what is in a decoder, and takes it or not.
struct DecodedLook<'a> {
    /// Bytes that were looked at before.
    skip: usize,
    shown: usize,
    ready: &'a mut Vec<u8>,
    takes: bool,
}

impl Write for DecodedLook<'_> {
    fn write(&mut self, shown: &[u8]) -> io::Result<usize> {
        let old = self.skip.min(shown.len());
        self.skip -= old;
        self.shown += shown.len();
        self.ready.extend_from_slice(shown.get(old..).unwrap_or_default());
        Ok(if self.takes { shown.len() } else { 0 })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
