//! `$ref`, for wires that know none: what it names is written where it stands.

use std::borrow::Cow;

use crate::canon::{JsonText, RawJson, RawMembers};

/// How many references may lead from one to the next.
const MOST_REFERENCES: usize = 16;
/// How many times its own size a schema may grow by.
const MOST_GROWTH: usize = 8;
/// …and what every schema may grow by, in bytes.
const LEAST_GROWTH: usize = 1_024;

/// The references of one schema, and how much of them may still be written.
#[derive(Debug)]
pub(super) struct References {
    root: RawJson,
    left: usize,
    open: usize,
}

impl References {
    /// Those of a schema.
    pub(super) fn of(root: &RawJson) -> Self {
        Self { root: root.clone(), left: root.bytes().len().saturating_mul(MOST_GROWTH) + LEAST_GROWTH, open: 0 }
    }

    /// Enters what a reference names; none if it names nothing here, or too much. Whoever entered leaves.
    pub(super) fn enter(&mut self, reference: &JsonText) -> Option<RawJson> {
        let target = self.target(&reference.text())?;
        self.left = self.left.checked_sub(target.bytes().len())?;
        if self.open >= MOST_REFERENCES {
            return None;
        }
        self.open += 1;
        Some(target)
    }

    /// Leaves so many of them.
    pub(super) fn leave(&mut self, entered: usize) {
        self.open = self.open.saturating_sub(entered);
    }

    /// By a fragment that is a JSON pointer (RFC 6901 section 6).
    fn target(&self, reference: &str) -> Option<RawJson> {
        let pointer = reference.strip_prefix('#')?;
        let mut at = self.root.clone();
        for step in pointer.split('/').skip(1) {
            let step = unescaped(step);
            let in_list = step.parse::<usize>().ok().and_then(|number| at.elements().get(number).cloned());
            at = in_list.or_else(|| at.members().get(&step).cloned())?;
        }
        Some(at)
    }
}

fn unescaped(step: &str) -> Cow<'_, str> {
    if step.contains('~') { Cow::Owned(step.replace("~1", "/").replace("~0", "~")) } else { Cow::Borrowed(step) }
}

/// Members of two schemas that both hold: those of the first before those of the second.
pub(super) fn merged(first: &RawMembers, second: &RawMembers) -> RawMembers {
    let mut all = first.clone();
    for (name, value) in second.iter() {
        let name_text = String::from_utf8_lossy(name);
        if first.get(&name_text).is_none() {
            all.push_raw(bytes::Bytes::copy_from_slice(name), value.clone());
        }
    }
    all
}
