//! What a value is by where it stands: of which kind its text is, and what of it is none.
//!
//! Nothing goes by a name alone: what is known of a member is known of the place that the dialect has it in
//! ([`members`](super::members)). Whatever is in a value that is somebody's own, all of it is text ([`BodyArea::Free`]).

use super::super::texts::BodyShape;
use super::found::TextPieceKind;
use super::members::meaning;
use super::opaque;
use super::place::{BodyArea, MemberMeaning, NonTextRule};

/// A value's place, what its strings are, and when not.
#[derive(Debug, Clone, Copy)]
pub(super) struct Area {
    pub(super) place: BodyArea,
    pub(super) kind: TextPieceKind,
    pub(super) rule: NonTextRule,
    /// Text is what belongs here: a number is none.
    pub(super) due: bool,
}

impl Area {
    /// The body as a whole.
    pub(super) fn body(shape: BodyShape) -> Self {
        let place = match shape {
            BodyShape::ChatRequest => BodyArea::Chat,
            BodyShape::EmbeddingsRequest => BodyArea::Embed,
            BodyShape::ChatResponse | BodyShape::Chunk => BodyArea::Answer,
            BodyShape::EmbeddingsResponse => BodyArea::Vectors,
            BodyShape::Error(_) => return Self::of(BodyArea::Error, TextPieceKind::Text),
        };
        Self::of(place, TextPieceKind::Other)
    }

    fn of(place: BodyArea, kind: TextPieceKind) -> Self {
        Self { place, kind, rule: NonTextRule::Show, due: false }
    }

    /// The same as an object that is stepped into: rules are about strings and lists of them.
    pub(super) fn opened(self) -> Self {
        Self { rule: NonTextRule::Show, due: false, ..self }
    }

    /// The same as a list that is stepped into: in what is somebody's own, numbers belong into lists as well as texts.
    pub(super) fn listed(self) -> Self {
        Self { due: self.due && self.place != BodyArea::Free, ..self }
    }

    /// Whether a number that is no text by its place is read as one here, if it is long.
    pub(super) fn has_numbers(self) -> bool {
        matches!(self.place, BodyArea::Free | BodyArea::Schema | BodyArea::Error) && !self.is_no_text()
    }

    /// Whether the place is one of a word or of bytes.
    fn is_no_text(self) -> bool {
        !matches!(self.rule, NonTextRule::Show | NonTextRule::Long)
    }

    /// Whether the names of members are their author's own, and are read as the rest is.
    pub(super) fn has_own_names(self) -> bool {
        matches!(self.place, BodyArea::Names | BodyArea::Free)
    }

    /// Whether the dialect has a member of this name here, or the name says nothing that a figure does not.
    pub(super) fn knows(self, name: &[u8]) -> bool {
        opaque::is_word(name)
            && (self.place == BodyArea::Figures || meaning(name, self.place) != MemberMeaning::Unknown)
    }

    /// What the member of an object here is.
    pub(super) fn member(self, name: &[u8]) -> Self {
        match self.place {
            BodyArea::Error => Self::of(BodyArea::Error, self.kind),
            BodyArea::Names if self.kind == TextPieceKind::Description => {
                Self::of(BodyArea::Schema, TextPieceKind::Description)
            }
            BodyArea::Names => Self { rule: NonTextRule::Long, ..Self::of(BodyArea::Free, self.kind) },
            BodyArea::Free => self.of_free(name),
            _ => self.of_known(name),
        }
    }

    /// A member of what is somebody's own. Where nobody said of which kind it is, its name says it.
    fn of_free(self, name: &[u8]) -> Self {
        use TextPieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text};
        let kind = match (self.kind, meaning(name, BodyArea::Free)) {
            (Other, MemberMeaning::Said) => Text,
            (Other, MemberMeaning::Refusal) => Refusal,
            (Other, MemberMeaning::Arguments) => Arguments,
            (Other, MemberMeaning::Description) => Description,
            (Other, MemberMeaning::Reasoning) => Reasoning,
            (Text | Refusal, _) => Other,
            (kind, _) => kind,
        };
        Self { rule: NonTextRule::Long, ..Self::of(BodyArea::Free, kind) }
    }

    fn of_known(self, name: &[u8]) -> Self {
        use TextPieceKind::{Arguments, Description, Other, Reasoning, Refusal, Text, ToolResult};
        let kind = match self.kind {
            kind @ (Arguments | Description | Reasoning) => kind,
            Text | ToolResult | Refusal | Other => Other,
        };
        let free = |rule| Self { rule, ..Self::of(BodyArea::Free, kind) };
        let due = |place, kind| Self { due: true, ..Self::of(place, kind) };
        match meaning(name, self.place) {
            MemberMeaning::Said if self.place == BodyArea::Detail => due(BodyArea::Detail, kind),
            MemberMeaning::Said => due(BodyArea::Part, if kind == Other { Text } else { kind }),
            MemberMeaning::Refusal => due(BodyArea::Part, Refusal),
            MemberMeaning::Arguments => due(BodyArea::Free, Arguments),
            MemberMeaning::Description => due(BodyArea::Free, Description),
            MemberMeaning::Reasoning => due(BodyArea::Detail, Reasoning),
            MemberMeaning::Named => due(BodyArea::Free, Other),
            MemberMeaning::Calls => Self::of(BodyArea::Call, Other),
            MemberMeaning::Function => Self::of(BodyArea::Function, Other),
            MemberMeaning::Message => Self::of(BodyArea::Message, Text),
            MemberMeaning::Choice => Self::of(BodyArea::Choice, Other),
            MemberMeaning::Logprobs => Self::of(BodyArea::Logprobs, Other),
            MemberMeaning::Parts => Self::of(BodyArea::Part, Text),
            MemberMeaning::Input => Self::of(BodyArea::Input, Text),
            MemberMeaning::Vectors => Self::of(BodyArea::Vector, Other),
            MemberMeaning::Figures => Self::of(BodyArea::Figures, Other),
            MemberMeaning::Settings => Self::of(BodyArea::Settings, kind),
            MemberMeaning::Note => Self::of(BodyArea::Note, Other),
            MemberMeaning::Tool => Self::of(BodyArea::Tool, Description),
            MemberMeaning::ToolWord => Self { rule: NonTextRule::Word, ..Self::of(BodyArea::Tool, Description) },
            MemberMeaning::Schema => Self::of(BodyArea::Schema, Description),
            MemberMeaning::Schemas => Self::of(BodyArea::Names, Description),
            MemberMeaning::Chosen => Self::of(BodyArea::Names, Other),
            MemberMeaning::Media => Self { rule: NonTextRule::Address, ..Self::of(BodyArea::Media, kind) },
            MemberMeaning::Address => free(NonTextRule::Address),
            MemberMeaning::File => free(NonTextRule::File),
            MemberMeaning::Sound => free(NonTextRule::Sound),
            MemberMeaning::Word => free(NonTextRule::Word),
            MemberMeaning::Format => free(NonTextRule::Format),
            MemberMeaning::SchemaType => free(NonTextRule::SchemaType),
            MemberMeaning::Encoded => free(NonTextRule::Encoded),
            // What is within figures are figures.
            MemberMeaning::Unknown if self.place == BodyArea::Figures => Self::of(BodyArea::Figures, Other),
            MemberMeaning::Unknown => free(NonTextRule::Long),
        }
    }
}
