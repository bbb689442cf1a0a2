//! What kinds of bodies there are, and the ways in which a piece of one is changed.

/// What kind of body it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Shape {
    Chat,
    Embeddings,
    /// An answer.
    Answer,
    /// An event of one.
    Event,
}

/// How a piece is changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) enum Spot {
    Value,
    /// The name of a member of the object at its pointer.
    Name(String),
    /// It repeats other text: what is at this pointer becomes null.
    Tokens(String),
}
