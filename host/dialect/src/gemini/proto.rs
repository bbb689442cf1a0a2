//! Objects as Google reads them: JSON of protocol buffers.
//!
//! Source: the protocol buffers' mapping to JSON, by which a parser takes a field's name in lowerCamelCase and as the `.proto`
//! has it, and `null` for what nobody said. What is written is in lowerCamelCase.

use bytes::Bytes;
use weir_http::json::JsonKind;

use crate::canon::{JsonText, JsonWriter, RawJson, RawMembers};

/// The members of a message, their names in lowerCamelCase. Not for what is anybody's own, such as arguments and schemas.
pub(super) fn members(message: &RawJson) -> RawMembers {
    let members = message.members();
    if !members.iter().any(|(name, _)| is_snake(name)) {
        return members;
    }
    let mut all = RawMembers::default();
    for (name, value) in members.iter() {
        all.push_raw(if is_snake(name) { camel(name) } else { Bytes::copy_from_slice(name) }, value.clone());
    }
    all
}

/// Takes out a message, by its members; another kind of value stays.
pub(super) fn take_message(members: &mut RawMembers, name: &str) -> Option<RawMembers> {
    members.take_as(name, as_message)
}

/// The members of a message; none of any other value.
pub(super) fn as_message(raw: &RawJson) -> Option<RawMembers> {
    (raw.kind() == JsonKind::Object).then(|| self::members(raw))
}

/// Takes out a list of strings that are something; another kind of value stays.
pub(super) fn take_texts(members: &mut RawMembers, name: &str) -> Option<Vec<JsonText>> {
    members.take_as(name, |raw| {
        let elements = Some(raw).filter(|raw| raw.kind() == JsonKind::Array)?.elements();
        elements.iter().map(RawJson::text).collect::<Option<Vec<_>>>().filter(|texts| !texts.is_empty())
    })
}

/// Puts members behind the others as one message, if there are any: what is left of a message that was taken out.
pub(super) fn put_back(members: &mut RawMembers, name: &str, left: &RawMembers) {
    if !left.is_empty() {
        members.push(name, of_members(left));
    }
}

/// The same where nobody misses it elsewhere.
pub(super) fn put_quietly(members: &mut RawMembers, name: &str, value: RawJson) {
    members.push(name, value);
    members.hush(name);
}

/// Members as one message.
pub(super) fn of_members(members: &RawMembers) -> RawJson {
    let mut out = JsonWriter::default();
    out.open().members(members).close();
    out.finish_raw()
}

/// Members as they stand, but for those of these names.
pub(super) fn write_but(out: &mut JsonWriter, members: &RawMembers, but: &[&str]) {
    for (name, value) in members.iter() {
        if !but.iter().any(|other| other.as_bytes() == name) {
            out.name_raw(name).raw(value);
        }
    }
}

/// What was put back of a message.
pub(super) fn left_of(members: &RawMembers, name: &str) -> RawMembers {
    members.get(name).map(RawJson::members).unwrap_or_default()
}

/// A field's name as a `.proto` has it, of several words: not what begins or ends with `_` or has it twice, for which there is
/// no other name.
fn is_snake(name: &[u8]) -> bool {
    let is_word =
        |word: &[u8]| !word.is_empty() && word.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    memchr::memchr(b'_', name).is_some() && name.split(|byte| *byte == b'_').all(is_word)
}

fn camel(name: &[u8]) -> Bytes {
    let mut out = Vec::with_capacity(name.len());
    for (at, word) in name.split(|byte| *byte == b'_').enumerate() {
        match word.split_first() {
            Some((first, rest)) if at > 0 => {
                out.push(first.to_ascii_uppercase());
                out.extend_from_slice(rest);
            }
            _ => out.extend_from_slice(word),
        }
    }
    out.into()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_fields_are_read_in_both_spellings_and_others_stay() {
        let raw =
            RawJson::parse(Bytes::from_static(br#"{"inline_data":1,"fileUri":2,"_x":3,"a__b":4,"A_b":5}"#)).unwrap();
        let names: Vec<_> = members(&raw).iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect();
        assert_eq!(names, ["inlineData", "fileUri", "_x", "a__b", "A_b"]);
    }
}
