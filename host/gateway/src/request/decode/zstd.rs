//! Zstandard (RFC 8878), fed piece by piece: a decoder that wants whole blocks is given them one at a time.

use std::io::Read as _;

use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::ahead::ShownAhead;
use super::malformed::NotOfCoding;
use super::needs::{BlockHead, Needs, TABLES, head_length};
use super::workspace::DecodeMemory;

/// The largest window that a sender may ask room for, in bytes (RFC 9659 section 3).
const WINDOW: u64 = 8 << 20;
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
    /// What the decoder's buffers have grown to.
    needs: Needs,
    workspace: DecodeMemory,
    /// What is counted there.
    taken: usize,
    /// What a block comes to is given at once.
    ahead: Option<ShownAhead>,
}

impl Zstd {
    /// What one takes before anything has come.
    pub(super) const LEAST: usize = TABLES;

    /// A decoder in a workspace where [`Self::LEAST`] is counted.
    pub(super) fn new(workspace: DecodeMemory, is_stream: bool) -> Self {
        let (next, held, needs, ahead) =
            (Next::Frame, Vec::new(), Needs::default(), is_stream.then(ShownAhead::default));
        let taken = Self::LEAST;
        Self { decoder: decoder(), next, held, frames: 0, is_checked: false, needs, workspace, taken, ahead }
    }

    /// Whether a frame has begun.
    pub(super) fn has_begun(&self) -> bool {
        self.frames > 0
    }

    /// Bytes of the frame at hand that are kept although they were given.
    pub(super) fn kept(&self) -> usize {
        self.ahead.as_ref().map_or(0, ShownAhead::given)
    }

    /// Whether what has come ends where a frame ends.
    pub(super) fn is_whole(&self) -> bool {
        self.frames > 0
            && self.next == Next::Frame
            && self.held.is_empty()
            && self.ahead.as_ref().is_none_or(ShownAhead::is_taken)
    }

    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), NotOfCoding> {
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
            self.count()?;
            if self.held.len() == self.wanted()? {
                has_worked = self.next == Next::Block;
                self.work()?;
                given = self.drain(output)?;
            }
        }
        Ok((taken, given))
    }

    /// How long the part is of which `held` is the beginning, as far as that can tell.
    fn wanted(&self) -> Result<usize, NotOfCoding> {
        match (self.next, self.held.as_slice()) {
            (Next::Block, [a, b, c, ..]) => {
                let head = BlockHead::read([*a, *b, *c]).ok_or(NotOfCoding)?;
                let checksum = if head.is_last && self.is_checked { 4 } else { 0 };
                Ok(BlockHead::LENGTH + head.content() + checksum)
            }
            (Next::Block, _) => Ok(BlockHead::LENGTH),
            (_, [a, b, c, d, rest @ ..]) => match u32::from_le_bytes([*a, *b, *c, *d]) {
                MAGIC => Ok(rest.first().map_or(5, |descriptor| 5 + head_length(*descriptor))),
                magic if magic & !15 == SKIPPABLE => Ok(8),
                _ => Err(NotOfCoding),
            },
            _ => Ok(4),
        }
    }

    /// Takes the part that `held` is.
    fn work(&mut self) -> Result<(), NotOfCoding> {
        if self.held.len() < self.wanted()? {
            return Ok(());
        }
        if self.next == Next::Block {
            self.make_room()?;
        }
        match (self.next, self.held.as_slice()) {
            (Next::Block, held) => {
                let is_last = match &mut self.ahead {
                    Some(ahead) => ahead.decode(&mut self.decoder, &mut self.held, self.is_checked)?,
                    None => {
                        let strategy = BlockDecodingStrategy::UptoBlocks(1);
                        self.decoder.decode_blocks(held, strategy).map_err(|_| NotOfCoding)?
                    }
                };
                if is_last {
                    self.next = Next::Frame;
                }
            }
            (_, [_, _, _, _, length @ ..]) if length.len() == 4 && self.is_skippable() => {
                let length = length.try_into().map(u32::from_le_bytes).map_err(|_| NotOfCoding)?;
                self.begin()?;
                self.next = if length == 0 { Next::Frame } else { Next::Skip(length) };
            }
            (_, [_, _, _, _, descriptor, _, ..]) => {
                self.is_checked = descriptor & 4 != 0;
                // A new one, for one that is used again takes room for the whole window that a frame speaks of.
                self.decoder = decoder();
                self.decoder.reset(self.held.as_slice()).map_err(|_| NotOfCoding)?;
                self.begin()?;
                self.next = Next::Block;
                self.needs = match &mut self.ahead {
                    Some(ahead) => {
                        ahead.begin();
                        Needs::of_all()
                    }
                    None => Needs::of_frame(&self.held),
                };
            }
            _ => return Ok(()),
        }
        self.held.clear();
        Ok(())
    }

    /// Counts what decoding the block that has come will take, before it is taken.
    fn make_room(&mut self) -> Result<(), NotOfCoding> {
        let [a, b, c, content @ ..] = self.held.as_slice() else { return Err(NotOfCoding) };
        let head = BlockHead::read([*a, *b, *c]).ok_or(NotOfCoding)?;
        let content = content.get(..head.content()).ok_or(NotOfCoding)?;
        self.needs = self.needs.behind(head, content);
        self.count()
    }

    /// Counts what is taken now, or will be in a moment.
    fn count(&mut self) -> Result<(), NotOfCoding> {
        let wanted = self.needs.bytes().saturating_add(self.held.capacity());
        if wanted <= self.taken {
            self.workspace.give(self.taken - wanted);
        } else if !self.workspace.take(wanted - self.taken) {
            return Err(NotOfCoding);
        }
        self.taken = wanted;
        Ok(())
    }

    fn is_skippable(&self) -> bool {
        self.held.first().is_some_and(|byte| byte & 0xf0 == 0x50)
    }

    fn begin(&mut self) -> Result<(), NotOfCoding> {
        self.frames += 1;
        if self.frames > FRAMES { Err(NotOfCoding) } else { Ok(()) }
    }

    /// Gives what has been decoded and is not needed any more to decode the rest.
    fn drain(&mut self, output: &mut [u8]) -> Result<usize, NotOfCoding> {
        if let Some(ahead) = &mut self.ahead {
            return Ok(ahead.take(output));
        }
        if self.decoder.can_collect() == 0 {
            return Ok(0);
        }
        let given = self.decoder.read(output).map_err(|_| NotOfCoding)?;
        let is_last = self.decoder.is_finished() && self.decoder.can_collect() == 0;
        let said = self.decoder.get_checksum_from_data();
        if is_last && said.is_some() && said != self.decoder.get_calculated_checksum() {
            return Err(NotOfCoding);
        }
        Ok(given)
    }
}

/// A decoder of one frame.
fn decoder() -> Box<FrameDecoder> {
    let mut decoder = Box::new(FrameDecoder::new());
    decoder.set_max_window_size(WINDOW);
    decoder
}
