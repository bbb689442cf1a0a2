//! How content was written.

/// How the content of a turn or of a tool's result was written, where there are several ways.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContentForm {
    /// As one string.
    Text,
    /// As a list of parts.
    Parts,
    /// As one object, which says a single block.
    Object,
    /// As `null`.
    Null,
    /// Not at all.
    Absent,
}
