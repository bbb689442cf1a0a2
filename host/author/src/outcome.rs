//! What a tool came to.

/// What a tool has to say, and whether it found everything good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolOutcome {
    /// For standard output.
    pub text: String,
    /// Whether to exit with 0.
    pub good: bool,
}
