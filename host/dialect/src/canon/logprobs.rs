//! What wires say of the probability of tokens.

use weir_http::json::JsonKind;

use super::{JsonWriter, RawJson};

/// What several events say of it as one: lists one behind the other, and of objects their members so. Of what is neither, the
/// last counts.
pub(crate) fn joined(mut all: Vec<RawJson>) -> Option<RawJson> {
    all.retain(|value| !value.is_null());
    if all.len() < 2 {
        return all.pop();
    }
    let is = |kind: JsonKind| all.iter().all(|value| value.kind() == kind);
    if is(JsonKind::Array) {
        Some(list(&all))
    } else if is(JsonKind::Object) {
        Some(object(&all))
    } else {
        all.pop()
    }
}

fn list(all: &[RawJson]) -> RawJson {
    let mut out = JsonWriter::default();
    out.open_array();
    for element in all.iter().flat_map(RawJson::elements) {
        out.raw(&element);
    }
    out.close_array();
    out.finish_raw()
}

fn object(all: &[RawJson]) -> RawJson {
    let mut members: Vec<(Vec<u8>, Vec<RawJson>)> = Vec::new();
    for object in all {
        for (name, value) in object.members().iter() {
            match members.iter_mut().find(|(known, _)| known == name) {
                Some((_, values)) => values.push(value.clone()),
                None => members.push((name.to_vec(), vec![value.clone()])),
            }
        }
    }
    let mut out = JsonWriter::default();
    out.open();
    for (name, values) in members {
        out.name_raw(&name).raw(&joined(values).unwrap_or(RawJson::NULL));
    }
    out.close();
    out.finish_raw()
}
