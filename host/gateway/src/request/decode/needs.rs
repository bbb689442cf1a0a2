//! What decoding a Zstandard frame takes, as its heads tell (RFC 8878): the decoder has buffers that grow with what goes
//! through them, and does not say how large they are.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The largest block, in bytes (RFC 8878 section 3.1.1.2.4).
pub(super) const BLOCK: usize = 128 << 10;
/// Bytes of the decoder itself and of its tables, of which the largest has 2,048 entries.
pub(super) const TABLES: usize = 40 << 10;
/// Bytes of a decoded sequence.
const SEQUENCE: usize = 12;

/// The head of a block (RFC 8878 section 3.1.1.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BlockHead {
    pub(super) is_last: bool,
    kind: Kind,
    /// Bytes of a raw block, of what a byte is repeated to, or of a compressed block as it comes.
    size: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Raw,
    Repeated,
    Compressed,
}

impl BlockHead {
    /// Its length in bytes.
    pub(super) const LENGTH: usize = 3;

    /// Reads one; none if it is no block, or too long a one.
    pub(super) fn read([a, b, c]: [u8; Self::LENGTH]) -> Option<Self> {
        let head = u32::from_le_bytes([a, b, c, 0]);
        let size = usize::try_from(head >> 3).ok().filter(|size| *size <= BLOCK)?;
        let kind = match head >> 1 & 3 {
            0 => Kind::Raw,
            1 => Kind::Repeated,
            2 => Kind::Compressed,
            _ => return None,
        };
        Some(Self { is_last: head & 1 == 1, kind, size })
    }

    /// Bytes that follow it.
    pub(super) fn content(&self) -> usize {
        if self.kind == Kind::Repeated { 1 } else { self.size }
    }
}

/// What the buffers of one frame's decoder have grown to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Needs {
    window: usize,
    /// No more bytes than these have been decoded.
    decoded: usize,
    ring: usize,
    content: usize,
    literals: usize,
    sequences: usize,
}

impl Needs {
    /// Those of a frame with this head, its magic number included.
    pub(super) fn of_frame(head: &[u8]) -> Self {
        Self { window: window(head).unwrap_or(usize::MAX), ..Self::default() }
    }

    /// Those of a frame of which everything is kept until its end.
    pub(super) fn of_all() -> Self {
        Self { window: usize::MAX, ..Self::default() }
    }

    /// Those behind a block of the frame.
    pub(super) fn behind(&self, head: BlockHead, content: &[u8]) -> Self {
        let mut next = *self;
        let most = match head.kind {
            Kind::Raw | Kind::Repeated => head.size,
            Kind::Compressed => self.window.min(BLOCK),
        };
        // A ring of a power of two, and one byte that is never used. What has gone out of the window is not in it any more.
        let needed = self.decoded.min(self.window).saturating_add(most).saturating_add(2);
        next.ring = self.ring.max(needed.checked_next_power_of_two().unwrap_or(usize::MAX));
        next.decoded = self.decoded.saturating_add(most);
        if head.kind == Kind::Compressed {
            let (literals, sequences) = sections(content).unwrap_or_default();
            next.content = grown(self.content, content.len());
            next.literals = grown(self.literals, literals);
            next.sequences = grown(self.sequences, sequences.saturating_mul(SEQUENCE));
        }
        next
    }

    /// Bytes of all of them together.
    pub(super) fn bytes(&self) -> usize {
        [self.ring, self.content, self.literals, self.sequences]
            .iter()
            .fold(TABLES, |sum, one| sum.saturating_add(*one))
    }
}

/// How large a buffer becomes that so much is put into: at least twice of what it was.
fn grown(before: usize, needed: usize) -> usize {
    if needed <= before { before } else { needed.max(before.saturating_mul(2)) }
}

/// How much of a frame's head is behind its descriptor (RFC 8878 section 3.1.1.1).
pub(super) fn head_length(descriptor: u8) -> usize {
    let window = usize::from(descriptor & SINGLE == 0);
    window + dictionary(descriptor) + content_size(descriptor)
}

/// The flag of a frame that is one segment: its window is its content.
const SINGLE: u8 = 0x20;

fn dictionary(descriptor: u8) -> usize {
    match descriptor & 3 {
        3 => 4,
        bytes => usize::from(bytes),
    }
}

fn content_size(descriptor: u8) -> usize {
    match descriptor >> 6 {
        0 => usize::from(descriptor & SINGLE != 0),
        size => 1 << size,
    }
}

/// The window of a frame with this head, in bytes.
fn window(head: &[u8]) -> Option<usize> {
    let descriptor = *head.get(4)?;
    let rest = head.get(5..)?;
    if descriptor & SINGLE == 0 {
        let byte = *rest.first()?;
        let base = 1_usize.checked_shl(10 + u32::from(byte >> 3))?;
        return base.checked_add(base / 8 * usize::from(byte & 7));
    }
    let size = rest.get(dictionary(descriptor)..)?.get(..content_size(descriptor))?;
    let value = size.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    // Two bytes begin where one ends.
    let value = if size.len() == 2 { value + 256 } else { value };
    usize::try_from(value).ok()
}

/// Bytes of the literals and number of the sequences of a compressed block, as it announces them (RFC 8878 section
/// 3.1.1.3).
fn sections(content: &[u8]) -> Option<(usize, usize)> {
    let first = *content.first()?;
    // Compressed literals say how long they are before and behind; others have one length.
    let (length, bits) = match (first & 3, first >> 2 & 3) {
        (0 | 1, 1) => (2, 12),
        (0 | 1, 3) => (3, 20),
        (0 | 1, _) => (1, 5),
        (_, 2) => (4, 14),
        (_, 3) => (5, 18),
        _ => (3, 10),
    };
    let head = content.get(..length)?.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte));
    let number = |shift: u32| usize::try_from(head >> shift & ((1 << bits) - 1)).unwrap_or(usize::MAX);
    let (literals, stored) = match first & 3 {
        // One bit of the format belongs to the length where that is short.
        0 | 1 => {
            let literals = number(if length == 1 { 3 } else { 4 });
            (literals, if first & 3 == 0 { literals } else { 1 })
        }
        _ => (number(4), number(4 + bits)),
    };
    let sequences = match content.get(length.checked_add(stored)?..)? {
        [255, low, high, ..] => (usize::from(*low) | usize::from(*high) << 8) + 0x7f00,
        [255, ..] => return None,
        [first, second, ..] if *first >= 128 => (usize::from(*first) - 128) << 8 | usize::from(*second),
        [first, ..] => usize::from(*first),
        [] => 0,
    };
    Some((literals, sequences))
}
