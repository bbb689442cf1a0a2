//! All text of a body, or of the events of a call, handed over at once.

use super::kind::PieceKind;
use std::sync::Arc;
use wasmtime::component::{ComponentType, Lower};

/// `types.role`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum PieceRole {
    #[component(name = "nobody")]
    Nobody,
    #[component(name = "system")]
    System,
    #[component(name = "developer")]
    Developer,
    #[component(name = "user")]
    User,
    #[component(name = "assistant")]
    Assistant,
    #[component(name = "tool")]
    Tool,
    #[component(name = "function")]
    Function,
    #[component(name = "input")]
    Input,
    #[component(name = "other")]
    Other,
}

impl From<&weir_dialect::Voice> for PieceRole {
    fn from(role: &weir_dialect::Voice) -> Self {
        match role {
            weir_dialect::Voice::None => Self::Nobody,
            weir_dialect::Voice::System => Self::System,
            weir_dialect::Voice::Developer => Self::Developer,
            weir_dialect::Voice::User => Self::User,
            weir_dialect::Voice::Assistant => Self::Assistant,
            weir_dialect::Voice::Tool => Self::Tool,
            weir_dialect::Voice::Function => Self::Function,
            weir_dialect::Voice::Input => Self::Input,
            weir_dialect::Voice::Other(_) => Self::Other,
        }
    }
}

/// `types.passage`: what is told of a piece beside its text.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub(crate) struct Passage {
    pub(crate) kind: PieceKind,
    pub(crate) role: PieceRole,
    pub(crate) choice: u32,
    pub(crate) call: Option<u32>,
    pub(crate) event: u32,
    pub(crate) group: u32,
    pub(crate) end: u32,
}

/// `types.joined-text`: all pieces at once, their texts as one.
#[derive(Debug, Clone, ComponentType, Lower)]
#[component(record)]
pub(crate) struct AllText {
    pub(crate) text: Arc<str>,
    pub(crate) passages: Arc<[Passage]>,
}

impl Default for AllText {
    fn default() -> Self {
        Self { text: Arc::from(""), passages: Arc::from([]) }
    }
}

impl AllText {
    /// All pieces of these bodies: of one, or of as many events.
    pub(crate) fn of(bodies: &[Arc<weir_dialect::Pieces>]) -> Self {
        let text = match bodies {
            [one] => Arc::clone(one.text()),
            all => Arc::from(all.iter().map(|pieces| &**pieces.text()).collect::<String>()),
        };
        let mut passages = Vec::with_capacity(bodies.iter().map(|pieces| pieces.len()).sum());
        // What stands before each body: bytes, groups, and the section that the last of them is of.
        let (mut before, mut groups, mut section) = (0, 0_u32, None);
        for (event, pieces) in (0_u32..).zip(bodies) {
            let first = pieces.get(0).map(|piece| piece.section());
            if section.is_some() && first.is_some() && first != section {
                groups = groups.saturating_add(1);
            }
            let own = pieces.iter().map(|piece| Passage {
                kind: piece.kind.into(),
                role: piece.role.into(),
                choice: piece.choice,
                call: piece.call,
                event,
                group: piece.group.saturating_add(groups),
                end: u32::try_from(before + piece.end).unwrap_or(u32::MAX),
            });
            passages.extend(own);
            before += pieces.text().len();
            groups = passages.last().map_or(0, |last| last.group);
            section =
                pieces.len().checked_sub(1).and_then(|last| pieces.get(last)).map(|piece| piece.section()).or(section);
        }
        Self { text, passages: passages.into() }
    }
}
