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

impl From<weir_dialect::PieceKind> for PieceKind {
    fn from(kind: weir_dialect::PieceKind) -> Self {
        match kind {
            weir_dialect::PieceKind::Text => Self::Text,
            weir_dialect::PieceKind::Arguments => Self::Arguments,
            weir_dialect::PieceKind::ToolResult => Self::ToolResult,
            weir_dialect::PieceKind::Reasoning => Self::Reasoning,
            weir_dialect::PieceKind::Refusal => Self::Refusal,
            weir_dialect::PieceKind::Description => Self::Description,
            weir_dialect::PieceKind::Other => Self::Other,
        }
    }
}
