//! `serde_json` as another reader of the same JSON, and what it cannot read by right.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A name that `serde_json` keeps for itself: an object that has it is read as a number there.
const RESERVED: &[u8] = b"$serde_json::private";

/// What `serde_json` makes of a text; none if it takes it for no JSON.
pub(crate) fn value(bytes: &[u8]) -> Option<Value> {
    serde_json::from_slice(bytes).ok()
}

/// Whether `serde_json` would read something of its own into it.
pub(crate) fn is_reserved(bytes: &[u8]) -> bool {
    // An escape could hide it.
    bytes.windows(RESERVED.len()).any(|window| window == RESERVED)
        || bytes.windows(6).any(|window| window == br"\u0024")
}

/// Whether half a surrogate pair may be escaped somewhere in it, which RFC 8259 section 8.2 lets stand and no `str` can hold.
pub(crate) fn may_have_half_a_pair(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|window| window.eq_ignore_ascii_case(br"\ud"))
}

/// Whether no object in a text, which is JSON, has two members of one name.
pub(crate) fn is_unique(bytes: &[u8]) -> bool {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    Unique.deserialize(&mut reader).is_ok()
}

/// Reads any value, and fails at a name that stands twice in one object.
struct Unique;

impl<'de> DeserializeSeed<'de> for Unique {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Unique {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without a name that stands twice")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        while all.next_element_seed(Unique)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut all: A) -> Result<(), A::Error> {
        let mut names = HashSet::new();
        while let Some(name) = all.next_key::<String>()? {
            if !names.insert(name) {
                return Err(A::Error::custom("twice"));
            }
            all.next_value_seed(Unique)?;
        }
        Ok(())
    }
}
