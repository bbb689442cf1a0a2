//! Why a component is not taken apart.

/// Why a component is called as a component.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Indirect {
    /// It is malformed; compiling it will say how.
    #[error("it cannot be read: {0}")]
    Malformed(String),
    /// It consists of several modules, or is joined together in a way of its own.
    #[error("it is not one module in the usual wiring: {0}")]
    Wiring(&'static str),
    /// Its module needs something that only the component layer gives.
    #[error("its module {0}")]
    Module(&'static str),
    /// It imports what only the component layer offers.
    #[error("it imports {0}")]
    Import(String),
}

impl From<wasmparser::BinaryReaderError> for Indirect {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// That it is joined together in a way of its own.
pub(super) fn unusual<T>(what: &'static str) -> Result<T, Indirect> {
    Err(Indirect::Wiring(what))
}
