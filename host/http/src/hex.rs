//! Hexadecimal digits in lower case: sizes of chunks (RFC 9112 section 7.1), ids, JSON's escapes.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The digit of a number's lowest four bits.
#[inline]
fn lowest(number: u64) -> u8 {
    DIGITS.get((number & 15) as usize).copied().unwrap_or(b'0')
}

/// Writes the low digits of a number, as many as there is room for, with leading zeros.
#[inline]
pub fn fill(room: &mut [u8], mut number: u64) {
    for digit in room.iter_mut().rev() {
        *digit = lowest(number);
        number >>= 4;
    }
}

/// A number's digits without leading zeros, written into the end of `room`; of zero one.
#[inline]
pub fn digits(mut number: u64, room: &mut [u8; 16]) -> &[u8] {
    let mut first = room.len();
    for (at, digit) in room.iter_mut().enumerate().rev() {
        *digit = lowest(number);
        first = at;
        number >>= 4;
        if number == 0 {
            break;
        }
    }
    room.get(first..).unwrap_or_default()
}
