//! Why code is not prepared.

/// Why code was not prepared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unprepared {
    /// It is cut off or malformed.
    #[error("{0}")]
    Malformed(String),
    /// It is valid, and more of it than any tool makes.
    #[error("{0}")]
    Beyond(&'static str),
}

impl From<wasmparser::BinaryReaderError> for Unprepared {
    fn from(error: wasmparser::BinaryReaderError) -> Self {
        Self::Malformed(error.to_string())
    }
}
