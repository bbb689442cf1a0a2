//! What a walk has found: all texts of a body one behind the other, and what is told of each.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use weir_http::json;

/// What a piece of text is to whoever reads it (`types.piece-kind` in the contract of plugins).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TextPieceKind {
    /// What is said.
    Text,
    /// What a tool is called with.
    Arguments,
    /// What a tool has answered.
    ToolResult,
    /// What a model thinks before it answers.
    Reasoning,
    /// Why a model does not answer.
    Refusal,
    /// What a model is told of tools and of the form of its answer.
    Description,
    /// Any other text.
    Other,
}

/// Who says something (`types.role` in the contract of plugins).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Voice {
    /// It stands in no message.
    None,
    /// `system`.
    System,
    /// `developer`.
    Developer,
    /// `user`.
    User,
    /// `assistant`.
    Assistant,
    /// `tool`.
    Tool,
    /// `function`, which older clients use for what is `tool` now.
    Function,
    /// What is to be embedded.
    Input,
    /// Another one, and its name.
    Other(Arc<str>),
}

impl Voice {
    /// The role that a JSON string names; none if it is no string.
    pub(super) fn of_token(token: &[u8]) -> Option<Self> {
        Some(match token {
            br#""system""# => Self::System,
            br#""developer""# => Self::Developer,
            br#""user""# => Self::User,
            br#""assistant""# => Self::Assistant,
            br#""tool""# => Self::Tool,
            br#""function""# => Self::Function,
            _ => Self::named(json::string_lossy(token)?),
        })
    }

    fn named(name: Cow<'_, str>) -> Self {
        match &*name {
            "" => Self::None,
            "system" => Self::System,
            "developer" => Self::Developer,
            "user" => Self::User,
            "assistant" => Self::Assistant,
            "tool" => Self::Tool,
            "function" => Self::Function,
            "input" => Self::Input,
            name => Self::Other(name.into()),
        }
    }

    /// Its name; empty where there is none.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::None => "",
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Function => "function",
            Self::Input => "input",
            Self::Other(name) => name,
        }
    }
}

/// How a piece is changed; its pointer says where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum PieceSpot {
    /// It is the string at its pointer.
    Value,
    /// It is the name of a member of the object at its pointer.
    Name(Box<str>),
    /// It is what the string at its pointer has in base64 behind this.
    File(Box<str>),
    /// It repeats other text, and what is at this pointer goes when it is changed.
    Tokens(Box<str>),
}

/// What is kept of one piece.
#[derive(PartialEq, Eq)]
pub(super) struct PieceRecord {
    pub(super) kind: TextPieceKind,
    pub(super) role: Voice,
    pub(super) choice: u32,
    pub(super) call: Option<u32>,
    pub(super) group: u32,
    /// Where its text ends among all texts, and its pointer among all pointers. It begins where the one before ends.
    pub(super) text_end: usize,
    pub(super) pointer_end: usize,
    pub(super) spot: PieceSpot,
}

/// Every piece of text of a body, in order.
#[derive(Default, PartialEq, Eq)]
pub struct Pieces {
    pub(super) text: Arc<str>,
    pub(super) pointers: String,
    pub(super) all: Vec<PieceRecord>,
}

/// A piece of text (`types.piece` in the contract of plugins, which says what each field means).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextPiece<'a> {
    /// Where it stands (RFC 6901).
    pub pointer: &'a str,
    /// What it is.
    pub kind: TextPieceKind,
    /// Who says it.
    pub role: &'a Voice,
    /// The choice that it belongs to; 0 in a request.
    pub choice: u32,
    /// The tool call that it belongs to, if it belongs to one.
    pub call: Option<u32>,
    /// The same for pieces next to each other that stand in one message, one tool or whatever else the first two tokens of
    /// their pointers lead to; for all choices the same.
    pub group: u32,
    /// The text, escapes decoded; half a surrogate pair shows as U+FFFD.
    pub text: &'a str,
    /// Where the text ends in [`Pieces::text`], in bytes.
    pub end: usize,
}

impl<'a> TextPiece<'a> {
    /// What leads to that which has a [`group`](Self::group) of its own.
    #[must_use]
    pub fn section(&self) -> &'a str {
        section(self.pointer)
    }
}

/// What leads to a message, a tool or another of what is read as one: the first two tokens of a pointer. Choices are told
/// apart by their numbers.
pub(super) fn section(pointer: &str) -> &str {
    if pointer.starts_with("/choices/") {
        return "/choices";
    }
    let mut slashes = pointer.bytes().enumerate().filter(|(_, byte)| *byte == b'/');
    pointer.get(..slashes.nth(2).map_or(pointer.len(), |(at, _)| at)).unwrap_or_default()
}

impl Pieces {
    /// All texts, one behind the other.
    #[must_use]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// One of them, by its index.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<TextPiece<'_>> {
        let found = self.all.get(index)?;
        let before = index.checked_sub(1).and_then(|before| self.all.get(before));
        Some(self.piece(before, found))
    }

    /// All of them.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = TextPiece<'_>> {
        let mut before = None;
        self.all.iter().map(move |found| self.piece(before.replace(found), found))
    }

    fn piece<'a>(&'a self, before: Option<&'a PieceRecord>, found: &'a PieceRecord) -> TextPiece<'a> {
        let (text, pointer) = before.map_or((0, 0), |before| (before.text_end, before.pointer_end));
        let PieceRecord { kind, role, choice, call, group, text_end, pointer_end, .. } = found;
        TextPiece {
            pointer: self.pointers.get(pointer..*pointer_end).unwrap_or_default(),
            kind: *kind,
            role,
            choice: *choice,
            call: *call,
            group: *group,
            text: self.text.get(text..*text_end).unwrap_or_default(),
            end: *text_end,
        }
    }

    /// How one of them is changed.
    pub(in super::super) fn spot(&self, index: usize) -> Option<&PieceSpot> {
        self.all.get(index).map(|found| &found.spot)
    }
}

/// Shows how many there are, never what they say: prompts are nobody's business but the tenant's.
impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pieces").field("len", &self.len()).finish_non_exhaustive()
    }
}
