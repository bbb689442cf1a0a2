//! Hashes and keys: SHA-256 and HMAC of it.

use ring::digest::{self, SHA256};
use ring::hmac::{self, HMAC_SHA256};

/// What every credential ends with.
pub(crate) const TERMINATOR: &str = "aws4_request";
/// The service that everything here is about.
pub(crate) const SERVICE: &str = "bedrock";
/// The scheme's name, in the header and in what is signed.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// A hash in 64 hexadecimal digits, in lower case.
pub(crate) fn hash(bytes: &[u8]) -> String {
    hex(digest::digest(&SHA256, bytes).as_ref())
}

/// Bytes as hexadecimal digits, in lower case.
pub(crate) fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0')).collect()
}

/// The 32 bytes that 64 hexadecimal digits in lower case stand for.
pub(crate) fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

/// The key of a day, a region and the service. Four HMACs, which is little beside the hash of a body: none is kept.
pub(crate) fn signing_key(secret: &str, day: &str, region: &str) -> hmac::Key {
    let first = hmac::Key::new(HMAC_SHA256, format!("AWS4{secret}").as_bytes());
    [day, region, SERVICE, TERMINATOR]
        .iter()
        .fold(first, |key, part| hmac::Key::new(HMAC_SHA256, hmac::sign(&key, part.as_bytes()).as_ref()))
}

/// The text whose HMAC is the signature.
pub(crate) fn string_to_sign(time: &str, day: &str, region: &str, canonical: &[u8]) -> String {
    format!("{ALGORITHM}\n{time}\n{day}/{region}/{SERVICE}/{TERMINATOR}\n{}", hash(canonical))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::{hex, signing_key, unhex};

    #[test]
    fn hexadecimal_digits_are_read_as_they_are_written_and_in_lower_case_only() {
        let bytes: [u8; 32] = std::array::from_fn(|at| u8::try_from(at * 8 + 7).unwrap());
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        for wrong in [hex(&bytes).to_uppercase(), hex(&bytes[1..]), format!("{}g", &hex(&bytes)[1..]), String::new()] {
            assert_eq!(unhex(&wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_is_one_of_its_day_and_region_and_shows_nothing_of_itself() {
        let key = signing_key("s3cret", "20260131", "eu-central-1");
        let sign = |key: &ring::hmac::Key| hex(ring::hmac::sign(key, b"x").as_ref());
        assert_eq!(sign(&key), sign(&signing_key("s3cret", "20260131", "eu-central-1")));
        for other in [
            signing_key("s3cres", "20260131", "eu-central-1"),
            signing_key("s3cret", "20260201", "eu-central-1"),
            signing_key("s3cret", "20260131", "eu-central-2"),
        ] {
            assert_ne!(sign(&key), sign(&other));
        }
        assert!(!format!("{key:?}").contains("s3cret"));
    }
}
