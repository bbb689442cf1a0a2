//! Arguments of a call that come in pieces, each with its place.
//!
//! Source: Vertex AI's reference, `PartialArg`.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use weir_http::json::{self, JsonKind};

use super::path::{self, PathStep};
use crate::canon::{DecodeFault, JsonText, JsonWriter, RawJson, RawMembers};
use crate::gemini::proto;

/// The most values of one call's arguments.
pub(super) const MOST_VALUES: usize = 10_000;

/// The arguments so far.
#[derive(Debug)]
pub(super) struct PartialArguments {
    root: ArgumentNode,
    values: usize,
    /// The place of a string that goes on.
    open: Option<JsonText>,
}

#[derive(Debug)]
enum ArgumentNode {
    Object(Vec<(String, ArgumentNode)>),
    List(Vec<ArgumentNode>),
    Text(Vec<JsonText>),
    Value(RawJson),
}

impl PartialArguments {
    /// What came whole, be it nothing.
    pub(super) fn of(whole: Option<RawJson>) -> Self {
        let root = whole
            .filter(|raw| raw.kind() == JsonKind::Object)
            .map_or_else(|| ArgumentNode::Object(Vec::new()), ArgumentNode::Value);
        Self { root, values: 0, open: None }
    }

    /// Puts one piece in its place.
    pub(super) fn put(&mut self, piece: &RawJson) -> Result<(), DecodeFault> {
        let due = DecodeFault::Field { field: "partialArgs.jsonPath", due: "a path to one place" };
        let mut piece = proto::as_message(piece).ok_or(due.clone())?;
        let place = piece.take_text("jsonPath").ok_or(due.clone())?;
        let goes_on = piece.take_bool("willContinue") == Some(true);
        let Some(value) = value(&mut piece) else { return Ok(()) };
        let is_same = self.open.as_ref() == Some(&place);
        let steps = path::steps(&place.text()).ok_or(due)?;
        let node = node_at(&mut self.root, &steps, &mut self.values)?;
        match (value, node) {
            (ArgumentNode::Text(mut more), ArgumentNode::Text(text)) if is_same => text.append(&mut more),
            (value, node) => *node = value,
        }
        self.open = goes_on.then_some(place);
        Ok(())
    }

    /// All of them as one object.
    pub(super) fn finish(self) -> RawJson {
        if let ArgumentNode::Value(whole) = self.root {
            return whole;
        }
        let mut out = JsonWriter::with_capacity(256);
        self.root.write(&mut out);
        out.finish_raw()
    }
}

/// The value of a piece; none if it has none.
fn value(piece: &mut RawMembers) -> Option<ArgumentNode> {
    if let Some(text) = piece.take_text("stringValue") {
        return Some(ArgumentNode::Text(vec![text]));
    }
    let plain = piece.take("numberValue").or_else(|| piece.take("boolValue"));
    let null = || piece.get("nullValue").map(|_| RawJson::NULL);
    plain.or_else(null).map(ArgumentNode::Value)
}

/// The value at a place. Lists and objects on the way are made as the steps need them.
fn node_at<'a>(
    root: &'a mut ArgumentNode,
    steps: &[PathStep],
    values: &mut usize,
) -> Result<&'a mut ArgumentNode, DecodeFault> {
    let too_many = || DecodeFault::TooMany { what: "values of arguments", most: MOST_VALUES };
    let mut node = root;
    for step in steps {
        node.open(step);
        let room = MOST_VALUES.saturating_sub(*values);
        node = match (node, step) {
            (ArgumentNode::Object(members), PathStep::Member(name)) => {
                let at = match members.iter().rposition(|(own, _)| own == name) {
                    Some(at) => at,
                    None => {
                        *values += 1;
                        members.push((name.clone(), ArgumentNode::Value(RawJson::NULL)));
                        members.len() - 1
                    }
                };
                members.get_mut(at).filter(|_| room > 0).map(|(_, node)| node).ok_or_else(too_many)?
            }
            (ArgumentNode::List(elements), PathStep::Element(at)) => {
                let missing = at.saturating_add(1).saturating_sub(elements.len());
                if missing > room {
                    return Err(too_many());
                }
                *values += missing;
                elements.extend((0..missing).map(|_| ArgumentNode::Value(RawJson::NULL)));
                elements.get_mut(*at).ok_or_else(too_many)?
            }
            // It was opened as what the step needs.
            (node, _) => node,
        };
    }
    Ok(node)
}

impl ArgumentNode {
    /// Makes it what a step leads into; what came whole is taken apart.
    fn open(&mut self, step: &PathStep) {
        match (&*self, step) {
            (Self::Object(_), PathStep::Member(_)) | (Self::List(_), PathStep::Element(_)) => {}
            (Self::Value(raw), PathStep::Member(_)) => {
                let members = raw.members();
                let name = |name| json::decode_key(name).unwrap_or_default().into_owned();
                *self =
                    Self::Object(members.iter().map(|(own, value)| (name(own), Self::Value(value.clone()))).collect());
            }
            (Self::Value(raw), PathStep::Element(_)) => {
                *self = Self::List(raw.elements().into_iter().map(Self::Value).collect());
            }
            (_, PathStep::Member(_)) => *self = Self::Object(Vec::new()),
            (_, PathStep::Element(_)) => *self = Self::List(Vec::new()),
        }
    }

    fn write(&self, out: &mut JsonWriter) {
        match self {
            Self::Object(members) => {
                out.open();
                for (name, value) in members {
                    out.name_raw(JsonText::of(name).escaped());
                    value.write(out);
                }
                out.close();
            }
            Self::List(elements) => {
                out.open_array();
                for element in elements {
                    element.write(out);
                }
                out.close_array();
            }
            Self::Text(parts) => {
                out.text(&JsonText::concat(parts));
            }
            Self::Value(raw) => {
                out.raw(raw);
            }
        }
    }
}
