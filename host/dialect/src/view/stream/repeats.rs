//! Texts of a stream that says them again: what of them came, and what went out.

use bytes::Bytes;

use super::splices::FrameSplices;
use super::spots::{EventSpots, SpotKey, SpotKind};
use crate::canon::{JsonText, RawJson};

/// The texts so far.
#[derive(Debug, Default)]
pub(super) struct RepeatedTexts {
    texts: Vec<RepeatedText>,
    /// Some did not go out as they came.
    differ: bool,
    bytes: usize,
}

/// A text, as it stands between quotes.
struct RepeatedText {
    key: SpotKey,
    came: Vec<u8>,
    /// None as long as it is the same.
    went: Option<Vec<u8>>,
}

impl RepeatedTexts {
    /// A piece of a text came, and this went out in its place; none if that is the same.
    pub(super) fn say(&mut self, key: SpotKey, came: &JsonText, went: Option<&JsonText>) {
        let at = self.texts.iter().rposition(|text| text.key == key).unwrap_or_else(|| {
            self.texts.push(RepeatedText { key, came: Vec::new(), went: None });
            self.texts.len() - 1
        });
        let Some(text) = self.texts.get_mut(at) else { return };
        if went.is_some() && text.went.is_none() {
            text.went = Some(text.came.clone());
            self.bytes += text.came.len();
            self.differ = true;
        }
        text.came.extend_from_slice(came.escaped());
        self.bytes += came.escaped().len();
        if let Some(all) = &mut text.went {
            let went = went.unwrap_or(came).escaped();
            all.extend_from_slice(went);
            self.bytes += went.len();
        }
    }

    /// Whether some did not go out as they came.
    pub(super) fn differ(&self) -> bool {
        self.differ
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }

    /// Puts what went out in the place of what an event says again, and leaves out what is true of other text alone.
    pub(super) fn put(&self, spots: &EventSpots, splices: &mut FrameSplices) {
        for spot in spots.texts.iter().filter(|spot| spot.whole) {
            if let Some(text) = self.went(spot.key, &spot.text) {
                splices.replace(spot.text.token(), text.token().clone());
            }
        }
        for spot in spots.logprobs.iter().filter(|spot| self.is_other(|key| key == spot.key)) {
            splices.replace(spot.value.bytes(), Bytes::from_static(b"[]"));
        }
        let thinks = |key: SpotKey| matches!(key.kind, SpotKind::Thought | SpotKind::Summary);
        for spot in spots.encrypted.iter().filter(|spot| self.is_other(|key| key.item == spot.key.item && thinks(key)))
        {
            splices.replace(spot.value.bytes(), Bytes::from_static(b"null"));
        }
        if let Some(all) = spots.all.as_ref().filter(|_| self.is_other(|key| key.kind == SpotKind::Text)) {
            let texts = self.texts.iter().filter(|text| text.key.kind == SpotKind::Text);
            let texts: Vec<&[u8]> = texts.map(|text| text.went.as_ref().unwrap_or(&text.came).as_slice()).collect();
            splices.replace(all.token(), quoted(&texts.concat()));
        }
    }

    fn is_other(&self, is: impl Fn(SpotKey) -> bool) -> bool {
        self.texts.iter().any(|text| text.went.is_some() && is(text.key))
    }

    /// What went out of a text that is said again; none if that is the same. Its numbers say which one it is; but in the last event
    /// some leave items out.
    fn went(&self, key: SpotKey, said: &JsonText) -> Option<JsonText> {
        let own = self.texts.iter().rfind(|text| text.key == key);
        let found = own.filter(|text| text.says(said)).or_else(|| {
            let others = || self.texts.iter().filter(|text| text.key.kind == key.kind && text.went.is_some());
            others().find(|text| text.says(said)).or(own)
        });
        let went = quoted(found?.went.as_ref()?);
        RawJson::checked(went).text()
    }
}

impl RepeatedText {
    fn says(&self, said: &JsonText) -> bool {
        if self.came == said.escaped() {
            return true;
        }
        let is_escaped = |bytes: &[u8]| memchr::memchr(b'\\', bytes).is_some();
        (is_escaped(&self.came) || is_escaped(said.escaped()))
            && RawJson::checked(quoted(&self.came)).text().is_some_and(|came| came.text() == said.text())
    }
}

fn quoted(escaped: &[u8]) -> Bytes {
    [b"\"", escaped, b"\""].concat().into()
}

/// What somebody said is nothing for logs.
impl std::fmt::Debug for RepeatedText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RepeatedText({:?}, {} bytes)", self.key, self.came.len())
    }
}
