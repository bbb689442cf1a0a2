//! Members of an object: what is known is taken out of them, and what is left stays with whom it came.

use bytes::Bytes;
use weir_http::json;

use super::{JsonText, RawJson};

/// Members of an object, in order. A reader takes out what it knows; what is left is what the canonical form has no place for,
/// and belongs to the wire that it came from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawMembers(Vec<RawMember>);

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct RawMember {
    /// As it stands between its quotes.
    name: Bytes,
    value: RawJson,
    /// Nobody misses it elsewhere.
    quiet: bool,
}

impl RawMembers {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The value of a name, be it `null`; of several of one name the last.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&RawJson> {
        self.0.iter().rfind(|member| member.is(name)).map(|member| &member.value)
    }

    /// Takes out the value of a name, and with it all others of that name. `null` stays, and is none: what nobody said is left
    /// as it was said.
    pub fn take(&mut self, name: &str) -> Option<RawJson> {
        let at = self.0.iter().rposition(|member| member.is(name)).filter(|at| self.said(*at))?;
        let value = self.0.remove(at).value;
        self.0.retain(|member| !member.is(name));
        Some(value)
    }

    /// Takes out a string; another kind of value stays.
    pub fn take_text(&mut self, name: &str) -> Option<JsonText> {
        self.take_as(name, RawJson::text)
    }

    /// Takes out a whole number; another kind of value stays.
    pub fn take_unsigned(&mut self, name: &str) -> Option<u64> {
        self.take_as(name, RawJson::unsigned)
    }

    /// Takes out a boolean; another kind of value stays.
    pub fn take_bool(&mut self, name: &str) -> Option<bool> {
        self.take_as(name, RawJson::is_true)
    }

    /// Takes out an object, by its members; another kind of value stays.
    pub fn take_members(&mut self, name: &str) -> Option<RawMembers> {
        self.take_as(name, |raw| (raw.kind() == json::JsonKind::Object).then(|| raw.members()))
    }

    /// Takes out an array, by its elements; another kind of value stays.
    pub fn take_elements(&mut self, name: &str) -> Option<Vec<RawJson>> {
        self.take_as(name, |raw| (raw.kind() == json::JsonKind::Array).then(|| raw.elements()))
    }

    /// Takes out a value that is something to whoever asks; another one stays.
    pub fn take_as<T>(&mut self, name: &str, read: impl FnOnce(&RawJson) -> Option<T>) -> Option<T> {
        let value = read(self.get(name)?)?;
        self.0.retain(|member| !member.is(name));
        Some(value)
    }

    /// Puts one behind the others.
    pub fn push(&mut self, name: &str, value: RawJson) {
        let mut token = Vec::with_capacity(name.len() + 2);
        json::escape_into(&mut token, name);
        let token = Bytes::from(token);
        self.push_raw(token.slice(1..token.len() - 1), value);
    }

    /// The same, by a name as it stands between quotes.
    pub(crate) fn push_raw(&mut self, name: Bytes, value: RawJson) {
        self.0.push(RawMember { name, value, quiet: false });
    }

    /// Keeps a member for its own wire alone: what it says goes without saying elsewhere, or is said by the canonical form, so
    /// that leaving it out there is no loss.
    pub fn hush(&mut self, name: &str) {
        for member in self.0.iter_mut().filter(|member| member.is(name)) {
            member.quiet = true;
        }
    }

    /// Those that are missed where only the other wire has them.
    pub(super) fn missed(&self) -> impl Iterator<Item = (&[u8], &RawJson)> {
        self.0.iter().filter(|member| !member.quiet).map(|member| (member.name.as_ref(), &member.value))
    }

    /// All that there are: the name as it stands between its quotes, and the value.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &RawJson)> {
        self.0.iter().map(|member| (member.name.as_ref(), &member.value))
    }

    fn said(&self, at: usize) -> bool {
        self.0.get(at).is_some_and(|member| !member.value.is_null())
    }
}

impl RawJson {
    /// The members of an object, in order; none of any other value.
    #[must_use]
    pub fn members(&self) -> RawMembers {
        let mut members = RawMembers::default();
        // It was checked.
        let _ = json::members_of(self.bytes(), self.span(), |name, span, _| {
            members.push_raw(self.bytes().slice_ref(name.raw()), self.part(span));
        });
        members
    }
}

impl RawMember {
    fn is(&self, name: &str) -> bool {
        match memchr::memchr(b'\\', &self.name) {
            None => self.name == name.as_bytes(),
            Some(_) => json::decode_key(&self.name).is_some_and(|own| own == name),
        }
    }
}
