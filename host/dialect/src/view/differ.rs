//! What differs between a view as it was shown and as plugins left it.

use bytes::Bytes;
use weir_http::json::JsonKind;

use super::map::{SourceMap, Splice};
use super::names::own_name;
use super::same::is_same;
use crate::canon::{RawJson, RawMembers};
use crate::wire::WireFormat;

/// Finds what differs. What has its place in the body is noted as a change of that.
#[derive(Debug)]
pub(super) struct Differ<'a> {
    pub(super) wire: WireFormat,
    view: &'a Bytes,
    map: &'a SourceMap,
    pub(super) splices: Vec<Splice>,
}

/// A member that differs and whose place in the body is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MemberChange {
    /// Its name in the view.
    pub(super) name: Vec<u8>,
    /// What it is now; none if it is gone.
    pub(super) value: Option<RawJson>,
}

impl MemberChange {
    /// Its name in the wire; none if it is one of chat's own.
    pub(super) fn own_name(&self, wire: WireFormat) -> Option<String> {
        own_name(wire, &self.name).map(|name| String::from_utf8_lossy(name).into_owned())
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name.as_bytes()
    }
}

impl<'a> Differ<'a> {
    pub(super) fn new(wire: WireFormat, view: &'a Bytes, map: &'a SourceMap) -> Self {
        Self { wire, view, map, splices: Vec::new() }
    }

    /// Takes note of what differs between two values; false if not all of it has its place in the body.
    pub(super) fn value(&mut self, shown: &RawJson, changed: &RawJson) -> bool {
        if is_same(shown, changed) {
            return true;
        }
        if let Some(splice) = self.map.splice(self.view, shown, changed) {
            self.splices.push(splice);
            return true;
        }
        match (shown.kind(), changed.kind()) {
            (JsonKind::Object, JsonKind::Object) => self.members(&shown.members(), &changed.members()).is_empty(),
            (JsonKind::Array, JsonKind::Array) => {
                let (shown, changed) = (shown.elements(), changed.elements());
                let pairs = || shown.iter().zip(&changed);
                shown.len() == changed.len() && pairs().fold(true, |all, (one, other)| self.value(one, other) && all)
            }
            _ => false,
        }
    }

    /// The same of all members of two objects: those are answered that have no place in the body.
    pub(super) fn members(&mut self, shown: &RawMembers, changed: &RawMembers) -> Vec<MemberChange> {
        self.members_but(shown, changed, &[])
    }

    /// The same, but for members of these names.
    pub(super) fn members_but(&mut self, shown: &RawMembers, changed: &RawMembers, but: &[&str]) -> Vec<MemberChange> {
        let is_but = |name: &[u8]| but.iter().any(|but| but.as_bytes() == name);
        let by_name: std::collections::HashMap<&[u8], &RawJson> = changed.iter().collect();
        let before: std::collections::HashSet<&[u8]> = shown.iter().map(|(name, _)| name).collect();
        let mut out = Vec::new();
        for (name, value) in shown.iter().filter(|(name, _)| !is_but(name)) {
            let now = by_name.get(name).copied();
            if !now.is_some_and(|now| self.value(value, now)) {
                out.push(MemberChange { name: name.to_vec(), value: now.cloned() });
            }
        }
        for (name, value) in changed.iter().filter(|(name, _)| !is_but(name) && !before.contains(name)) {
            out.push(MemberChange { name: name.to_vec(), value: Some(value.clone()) });
        }
        out
    }
}
