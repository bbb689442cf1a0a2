//! Text that was put where there is none, and goes on with what comes next in its place.

use super::says::{SaidPart, SaidPlace};
use crate::canon::JsonText;

/// Texts that wait for their places.
#[derive(Debug, Default)]
pub(super) struct CarriedTexts {
    texts: Vec<CarriedText>,
    bytes: usize,
}

#[derive(Debug)]
struct CarriedText {
    choice: u32,
    place: SaidPlace,
    text: JsonText,
}

impl CarriedTexts {
    /// Keeps what a part says, if it is a text that can stand elsewhere.
    pub(super) fn keep(&mut self, part: &SaidPart) {
        let is_text = match part.place {
            SaidPlace::Content | SaidPlace::Refusal | SaidPlace::Thoughts | SaidPlace::Input(_) => true,
            SaidPlace::Name(_) | SaidPlace::Tokens | SaidPlace::Note | SaidPlace::Own => false,
        };
        if let Some(text) = part.text().filter(|_| is_text) {
            self.bytes += text.token().len();
            self.texts.push(CarriedText { choice: part.choice, place: part.place, text });
        }
    }

    /// Takes out what waits for a place, in order.
    pub(super) fn take(&mut self, choice: u32, place: SaidPlace, out: &mut Vec<JsonText>) {
        let bytes = &mut self.bytes;
        self.texts.retain(|carried| {
            let is_here = carried.choice == choice && carried.place == place;
            if is_here {
                *bytes = bytes.saturating_sub(carried.text.token().len());
                out.push(carried.text.clone());
            }
            !is_here
        });
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Bytes that are kept.
    pub(super) fn held(&self) -> usize {
        self.bytes
    }
}
