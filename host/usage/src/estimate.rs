//! Tokens that nobody counted.

/// Bytes of text that are taken for one token where nobody counted: the usual rule of thumb for English.
pub const BYTES_PER_TOKEN: u64 = 4;

/// An estimate of the tokens in so many bytes of text: one for each [`BYTES_PER_TOKEN`] begun. Text is what a model reads or
/// writes, and not what it is wrapped in: names of members, numbers, escapes.
#[must_use]
pub fn estimate_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

#[cfg(test)]
mod tests;
