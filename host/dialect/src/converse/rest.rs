//! What is left of objects within objects when what is known has been taken out: it stays where it stood, so that it is written there again.

use weir_http::json::JsonKind;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// Reads the object of this name, and puts back under its name what `read` leaves of it. None if there is no such object.
pub(super) fn within<T>(members: &mut RawMembers, name: &str, read: impl FnOnce(&mut RawMembers) -> T) -> Option<T> {
    let mut inner = members.get(name).filter(|value| value.kind() == JsonKind::Object)?.members();
    let before = inner.len();
    let found = read(&mut inner);
    if inner.len() != before {
        members.take(name);
        if !inner.is_empty() {
            members.push(name, object(&inner));
        }
    }
    Some(found)
}

/// Takes out a list that is not empty; an empty one stays as it stood.
pub(super) fn take_filled(members: &mut RawMembers, name: &str) -> Option<Vec<RawJson>> {
    members.take_as(name, |value| {
        (value.kind() == JsonKind::Array).then(|| value.elements()).filter(|elements| !elements.is_empty())
    })
}

/// The member of a block's extras that has what stood beside the member that names its kind.
pub(super) const BESIDE: &str = "beside";

/// Keeps what stood beside the member that names a block's kind.
pub(super) fn beside(extra: &mut RawMembers, members: &RawMembers) {
    if !members.is_empty() {
        extra.push(BESIDE, object(members));
    }
}

/// Members as an object.
pub(super) fn object(members: &RawMembers) -> RawJson {
    let mut out = JsonWriter::default();
    out.open().members(members).close();
    out.finish_raw()
}

/// What was left of the object of this name; none if there is no such object.
pub(super) fn left(extra: &RawMembers, name: &str) -> Option<RawMembers> {
    extra.get(name).filter(|value| value.kind() == JsonKind::Object).map(RawJson::members)
}

/// The same; nothing if there is no such object.
pub(super) fn rest(extra: &RawMembers, name: &str) -> RawMembers {
    left(extra, name).unwrap_or_default()
}

/// Writes members, but for the objects of these names, which are written with what was taken out of them.
pub(super) fn write_but(out: &mut JsonWriter, members: &RawMembers, but: &[&str]) {
    for (name, value) in members.iter() {
        if value.kind() != JsonKind::Object || !but.iter().any(|but| but.as_bytes() == name) {
            out.name_raw(name).raw(value);
        }
    }
}
