//! How a target's bytes say by themselves in which pieces they arrive.

/// The most lengths that pieces take in turn.
const LENGTHS: u8 = 8;

/// Takes from the front of `data` how the rest arrives: how many lengths there are, and the lengths, which pieces have in
/// turn. Without any, the rest is one piece.
pub(crate) fn cut(data: &[u8]) -> (&[u8], &[u8]) {
    let Some((count, rest)) = data.split_first() else { return (&[], &[]) };
    let count = usize::from(count % LENGTHS).min(rest.len());
    rest.split_at(count)
}

/// The pieces of `bytes` that have these lengths in turn; a length of 0 is one of 256.
pub(crate) fn pieces<'a>(lengths: &'a [u8], bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
    let mut rest = bytes;
    let mut lengths = lengths.iter().cycle();
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let length = lengths.next().map_or(rest.len(), |length| if *length == 0 { 256 } else { usize::from(*length) });
        let (piece, behind) = rest.split_at(length.min(rest.len()));
        rest = behind;
        Some(piece)
    })
}

/// The parts of `bytes` that stand between the two bytes that no text has.
pub(crate) fn parts(bytes: &[u8]) -> Vec<&[u8]> {
    const MOST: usize = 8;
    let mut parts = Vec::new();
    let mut rest = bytes;
    while parts.len() + 1 < MOST
        && let Some(at) = rest.windows(2).position(|pair| pair == b"\xff\xff")
    {
        parts.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    parts.push(rest);
    parts
}
