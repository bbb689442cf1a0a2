//! Specifications that are service models of botocore.

use serde_json::{Map, Value};

use super::said::{SpecFault, SpecSide, within};

/// A service: its operations and their shapes.
pub(super) struct ServiceModel {
    operations: Map<String, Value>,
    shapes: Map<String, Value>,
}

impl ServiceModel {
    pub(super) fn of(mut document: Value) -> Self {
        let mut member =
            |name: &str| document.get_mut(name).and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default();
        Self { operations: member("operations"), shapes: member("shapes") }
    }

    /// What is wrong; `None` if there is no such operation.
    pub(super) fn check(&self, side: SpecSide, operation: &str, value: &Value) -> Option<Vec<SpecFault>> {
        let shape_of = |operation: &str, side: &str| self.operations.get(operation)?.get(side)?.get("shape")?.as_str();
        let shape = match (side, operation) {
            (SpecSide::Answer, "error") => "ValidationException",
            (SpecSide::Request, _) => shape_of(operation, "input")?,
            (SpecSide::Answer, _) => shape_of(operation, "output")?,
            // What is streamed is a member of the output of the operation's other form.
            (SpecSide::Event, "Converse") => "ConverseStreamOutput",
            (SpecSide::Event, _) => return None,
        };
        let mut check = Check { shapes: &self.shapes, is_closed: side == SpecSide::Request, faults: Vec::new() };
        check.shape(shape, value, "");
        // An event is one of several, though the model does not call its shape a union.
        if side == SpecSide::Event && value.as_object().is_none_or(|event| event.len() != 1) {
            check.faults.push(SpecFault::new("", "is not one event"));
        }
        Some(check.faults)
    }
}

struct Check<'m> {
    shapes: &'m Map<String, Value>,
    /// Whether unknown members are faults.
    is_closed: bool,
    faults: Vec<SpecFault>,
}

impl<'m> Check<'m> {
    fn shape(&mut self, name: &str, value: &Value, at: &str) {
        let shape = self.shapes.get(name).unwrap_or_else(|| panic!("no shape is called {name}"));
        let told = |name: &str| shape.get(name).and_then(Value::as_str).unwrap_or_default();
        if shape.get("document") == Some(&Value::Bool(true)) {
            return;
        }
        match (told("type"), value) {
            ("structure", Value::Object(members)) => self.structure(shape, members, at),
            ("list", Value::Array(items)) => {
                self.bounds(shape, items.len(), at);
                let of = reference(shape.get("member"));
                items.iter().enumerate().for_each(|(nth, item)| self.shape(of, item, &format!("{at}/{nth}")));
            }
            ("map", Value::Object(entries)) => {
                let of = reference(shape.get("value"));
                entries.iter().for_each(|(key, entry)| self.shape(of, entry, &within(at, key)));
            }
            ("string", Value::String(text)) => {
                self.bounds(shape, text.chars().count(), at);
                let allowed = shape.get("enum").and_then(Value::as_array);
                if allowed.is_some_and(|allowed| !allowed.contains(value)) {
                    self.faults.push(SpecFault::value(at, value));
                }
            }
            ("integer" | "long", Value::Number(number)) if number.is_i64() || number.is_u64() => {}
            ("float" | "double", Value::Number(_)) | ("boolean", Value::Bool(_)) => {}
            ("blob", Value::String(text)) if text.bytes().all(is_base64) => {}
            (wanted, _) => self.faults.push(SpecFault::kind(at, value, wanted)),
        }
    }

    fn structure(&mut self, shape: &'m Value, members: &Map<String, Value>, at: &str) {
        let known = shape.get("members").and_then(Value::as_object);
        let known = |name: &str| known.and_then(|known| known.get(name));
        // What goes into the path or a field is no member of the body.
        let in_body = |member: &Value| member.get("location").is_none();
        let required = shape.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            if known(name).is_some_and(in_body) && members.get(name).is_none_or(Value::is_null) {
                self.faults.push(SpecFault::missing(at, name));
            }
        }
        let mut of_union = 0;
        for (name, value) in members {
            match known(name).filter(|member| in_body(member)) {
                Some(_) if value.is_null() && !self.is_closed => {}
                Some(member) => {
                    of_union += 1;
                    self.shape(reference(Some(member)), value, &within(at, name));
                }
                None if self.is_closed => self.faults.push(SpecFault::unknown(at, name)),
                None => {}
            }
        }
        if shape.get("union") == Some(&Value::Bool(true)) && of_union != 1 {
            self.faults.push(SpecFault::new(at, format!("has {of_union} members of a union, not one")));
        }
    }

    fn bounds(&mut self, shape: &Value, len: usize, at: &str) {
        let bound = |name: &str| shape.get(name).and_then(Value::as_u64).and_then(|bound| usize::try_from(bound).ok());
        if bound("min").is_some_and(|min| len < min) || bound("max").is_some_and(|max| len > max) {
            self.faults.push(SpecFault::new(at, format!("has a length of {len}, which is out of bounds")));
        }
    }
}

fn reference(of: Option<&Value>) -> &str {
    of.and_then(|of| of.get("shape")).and_then(Value::as_str).unwrap_or_default()
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=')
}
