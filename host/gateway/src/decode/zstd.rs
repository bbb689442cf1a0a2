//! Zstandard (RFC 8878), fed piece by piece: a decoder that wants whole blocks is given them one at a time.

use std::io::Read as _;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::engine::Malformed;

/// The largest window that a sender may ask room for, in bytes (RFC 9659 section 3).
const WINDOW: u64 = 8 << 20;
/// The largest block, in bytes (RFC 8878 section 3.1.1.2.4).
const BLOCK: usize = 128 << 10;
/// A body may be several frames, one behind the other; each costs some time to begin.
const FRAMES: usize = 1_000;
const MAGIC: u32 = 0xfd2f_b528;
const SKIPPABLE: u32 = 0x184d_2a50;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    Frame,
    /// So many bytes of a frame that means nothing.
    Skip(u32),
    Block,
}

/// The decoding of one body.
pub(super) struct Zstd {
    decoder: Box<FrameDecoder>,
    next: Next,
    /// What has come of a frame's head or of a block.
    held: Vec<u8>,
    frames: usize,
    /// The frame ends with a checksum.
    is_checked: bool,
}

impl Zstd {
    pub(super) fn new() -> Self {
        let mut decoder = Box::new(FrameDecoder::new());
        decoder.set_max_window_size(WINDOW);
        Self { decoder, next: Next::Frame, held: Vec::new(), frames: 0, is_checked: false }
    }

    /// Whether what has come ends where a frame ends.
    pub(super) fn is_whole(&self) -> bool {
        self.frames > 0 && self.next == Next::Frame && self.held.is_empty()
    }

    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), Malformed> {
        let mut given = self.drain(output)?;
        let mut taken = 0;
        // What is there goes out before more is made of it, and a block is enough for once.
        let mut has_worked = false;
        while given == 0 && !has_worked && taken < input.len() {
            let rest = input.get(taken..).unwrap_or_default();
            if let Next::Skip(left) = self.next {
                let skipped = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                taken += skipped;
                let left = left.saturating_sub(u32::try_from(skipped).unwrap_or(u32::MAX));
                self.next = if left == 0 { Next::Frame } else { Next::Skip(left) };
                continue;
            }
            let wanted = self.wanted()?.saturating_sub(self.held.len()).min(rest.len());
            self.held.extend_from_slice(rest.get(..wanted).unwrap_or_default());
            taken += wanted;
            if self.held.len() == self.wanted()? {
                has_worked = self.next == Next::Block;
                self.work()?;
                given = self.drain(output)?;
            }
        }
        Ok((taken, given))
    }

    /// How long the part is of which `held` is the beginning, as far as that can tell.
    fn wanted(&self) -> Result<usize, Malformed> {
        match (self.next, self.held.as_slice()) {
            (Next::Block, [a, b, c, ..]) => {
                let head = u32::from_le_bytes([*a, *b, *c, 0]);
                let size = usize::try_from(head >> 3).unwrap_or(usize::MAX);
                let content = match head >> 1 & 3 {
                    0 | 2 if size <= BLOCK => size,
                    1 if size <= BLOCK => 1,
                    _ => return Err(Malformed),
                };
                let checksum = if head & 1 == 1 && self.is_checked { 4 } else { 0 };
                Ok(3 + content + checksum)
            }
            (Next::Block, _) => Ok(3),
            (_, [a, b, c, d, rest @ ..]) => match u32::from_le_bytes([*a, *b, *c, *d]) {
                MAGIC => Ok(rest.first().map_or(5, |descriptor| 5 + head_length(*descriptor))),
                magic if magic & !15 == SKIPPABLE => Ok(8),
                _ => Err(Malformed),
            },
            _ => Ok(4),
        }
    }

    /// Takes the part that `held` is.
    fn work(&mut self) -> Result<(), Malformed> {
        if self.held.len() < self.wanted()? {
            return Ok(());
        }
        match (self.next, self.held.as_slice()) {
            (Next::Block, held) => {
                let strategy = BlockDecodingStrategy::UptoBlocks(1);
                if self.decoder.decode_blocks(held, strategy).map_err(|_| Malformed)? {
                    self.next = Next::Frame;
                }
            }
            (_, [_, _, _, _, length @ ..]) if length.len() == 4 && self.is_skippable() => {
                let length = length.try_into().map(u32::from_le_bytes).map_err(|_| Malformed)?;
                self.begin()?;
                self.next = if length == 0 { Next::Frame } else { Next::Skip(length) };
            }
            (_, [_, _, _, _, descriptor, _, ..]) => {
                self.is_checked = descriptor & 4 != 0;
                self.decoder.reset(self.held.as_slice()).map_err(|_| Malformed)?;
                self.begin()?;
                self.next = Next::Block;
            }
            _ => return Ok(()),
        }
        self.held.clear();
        Ok(())
    }

    fn is_skippable(&self) -> bool {
        self.held.first().is_some_and(|byte| byte & 0xf0 == 0x50)
    }

    fn begin(&mut self) -> Result<(), Malformed> {
        self.frames += 1;
        if self.frames > FRAMES { Err(Malformed) } else { Ok(()) }
    }

    /// Gives what has been decoded and is not needed any more to decode the rest.
    fn drain(&mut self, output: &mut [u8]) -> Result<usize, Malformed> {
        if self.decoder.can_collect() == 0 {
            return Ok(0);
        }
        let given = self.decoder.read(output).map_err(|_| Malformed)?;
        let is_last = self.decoder.is_finished() && self.decoder.can_collect() == 0;
        let said = self.decoder.get_checksum_from_data();
        if is_last && said.is_some() && said != self.decoder.get_calculated_checksum() {
            return Err(Malformed);
        }
        Ok(given)
    }
}

/// How much of a frame's head is behind its descriptor (RFC 8878 section 3.1.1.1).
fn head_length(descriptor: u8) -> usize {
    let is_single = descriptor & 0x20 != 0;
    let window = usize::from(!is_single);
    let dictionary = match descriptor & 3 {
        3 => 4,
        bytes => usize::from(bytes),
    };
    let content = match descriptor >> 6 {
        0 => usize::from(is_single),
        size => 1 << size,
    };
    window + dictionary + content
}
