//! What a value is by where it stands.

use super::members::meaning;
use super::place::{Meaning, Place};
use super::words::{has_digit, is_word};
use crate::PieceKind;

/// When a string is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PieceRule {
    Show,
    Long,
    Word,
    Format,
    SchemaType,
    Encoded,
    Address,
}

/// A value's place, what its strings are, and when not.
#[derive(Debug, Clone, Copy)]
pub(super) struct PieceArea {
    pub(super) place: Place,
    pub(super) kind: PieceKind,
    pub(super) rule: PieceRule,
    pub(super) due: bool,
}

/// Whether the name of a member is told.
pub(super) fn shows_name(area: PieceArea, name: &str) -> bool {
    let place = area.place;
    match place {
        Place::Names | Place::Free => true,
        Place::Figures => !is_word(name),
        _ => !is_word(name) || has_digit(name) && meaning(name, place) == Meaning::Unknown,
    }
}

/// Whether numbers are read as text here where they are long.
pub(super) fn is_of_text(place: Place) -> bool {
    use Place::{Answer, Chat, Embed, Figures, Media, Note, Settings, Vector, Vectors};
    !matches!(place, Answer | Chat | Embed | Figures | Media | Note | Settings | Vector | Vectors)
}

impl PieceArea {
    pub(super) fn of(place: Place, kind: PieceKind) -> Self {
        Self { place, kind, rule: PieceRule::Show, due: false }
    }

    pub(super) fn member(self, name: &str) -> Self {
        match self.place {
            Place::Names if self.kind == PieceKind::Description => Self::of(Place::Schema, self.kind),
            Place::Names => Self { rule: PieceRule::Long, ..Self::of(Place::Free, self.kind) },
            Place::Free => self.free(name),
            _ => self.known(name),
        }
    }

    fn free(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let kind = match (self.kind, meaning(name, Place::Free)) {
            (Other, Meaning::Said) => Text,
            (Other, Meaning::Refusal) => Refusal,
            (Other, Meaning::Arguments) => Arguments,
            (Other, Meaning::Description) => Description,
            (Other, Meaning::Reasoning) => Reasoning,
            (Text | Refusal, _) => Other,
            (kind, _) => kind,
        };
        Self { rule: PieceRule::Long, ..Self::of(Place::Free, kind) }
    }

    fn known(self, name: &str) -> Self {
        use PieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let kind = if matches!(self.kind, Arguments | Description | Reasoning) { self.kind } else { Other };
        let free = |rule| Self { rule, ..Self::of(Place::Free, kind) };
        let due = |place, kind| Self { due: true, ..Self::of(place, kind) };
        match meaning(name, self.place) {
            Meaning::Said if self.place == Place::Detail => due(Place::Detail, kind),
            Meaning::Said => due(Place::Part, if kind == Other { Text } else { kind }),
            Meaning::Refusal => due(Place::Part, Refusal),
            Meaning::Arguments => due(Place::Free, Arguments),
            Meaning::Description => due(Place::Free, Description),
            Meaning::Reasoning => due(Place::Detail, Reasoning),
            Meaning::Named => due(Place::Free, Other),
            Meaning::Calls => Self::of(Place::Call, Other),
            Meaning::Function => Self::of(Place::Function, Other),
            Meaning::Message => Self::of(Place::Message, Text),
            Meaning::Choice => Self::of(Place::Choice, Other),
            Meaning::Logprobs => Self::of(Place::Logprobs, Other),
            Meaning::Parts => Self::of(Place::Part, Text),
            Meaning::Input => Self::of(Place::Input, Text),
            Meaning::Vectors => Self::of(Place::Vector, Other),
            Meaning::Figures => Self::of(Place::Figures, Other),
            Meaning::Settings => Self::of(Place::Settings, kind),
            Meaning::Note => Self::of(Place::Note, Other),
            Meaning::Tool => Self::of(Place::Tool, Description),
            Meaning::ToolWord => Self { rule: PieceRule::Word, ..Self::of(Place::Tool, Description) },
            Meaning::Schema => Self::of(Place::Schema, Description),
            Meaning::Schemas => Self::of(Place::Names, Description),
            Meaning::Chosen => Self::of(Place::Names, Other),
            Meaning::Media => Self { rule: PieceRule::Address, ..Self::of(Place::Media, kind) },
            Meaning::Address => free(PieceRule::Address),
            Meaning::Word => free(PieceRule::Word),
            Meaning::Format => free(PieceRule::Format),
            Meaning::SchemaType => free(PieceRule::SchemaType),
            Meaning::File | Meaning::Sound | Meaning::Encoded => free(PieceRule::Encoded),
            Meaning::Unknown if self.place == Place::Figures => Self::of(Place::Figures, Other),
            Meaning::Unknown => free(PieceRule::Long),
        }
    }
}
