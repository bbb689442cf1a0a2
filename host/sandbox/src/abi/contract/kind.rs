//! What kinds of text there are.

use wasmtime::component::{ComponentType, Lower};

/// `types.piece-kind`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ComponentType, Lower)]
#[component(enum)]
#[repr(u8)]
pub(crate) enum PieceKind {
    #[component(name = "text")]
    Text,
    #[component(name = "arguments")]
    Arguments,
    #[component(name = "tool-result")]
    ToolResult,
    #[component(name = "reasoning")]
    Reasoning,
    #[component(name = "refusal")]
    Refusal,
    #[component(name = "description")]
    Description,
    #[component(name = "other")]
    Other,
}

impl From<weir_dialect::TextPieceKind> for PieceKind {
    fn from(kind: weir_dialect::TextPieceKind) -> Self {
        match kind {
            weir_dialect::TextPieceKind::Text => Self::Text,
            weir_dialect::TextPieceKind::Arguments => Self::Arguments,
            weir_dialect::TextPieceKind::ToolResult => Self::ToolResult,
            weir_dialect::TextPieceKind::Reasoning => Self::Reasoning,
            weir_dialect::TextPieceKind::Refusal => Self::Refusal,
            weir_dialect::TextPieceKind::Description => Self::Description,
            weir_dialect::TextPieceKind::Other => Self::Other,
        }
    }
}
