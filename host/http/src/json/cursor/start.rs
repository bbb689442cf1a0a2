//! Where a cursor begins, and what it minds on its way.

use super::Cursor;
use crate::json::names::MemberNames;
use crate::json::scan;
use crate::json::trace::{Passed, Trace};
use crate::json::{JsonSyntaxError, MAX_DEPTH, Span};

impl<'a> Cursor<'a> {
    /// A cursor at the start of a text that nobody has checked yet.
    ///
    /// # Errors
    /// [`JsonSyntaxError::NotUtf8`] if any part of the text is not.
    pub fn new(bytes: &'a [u8]) -> Result<Self, JsonSyntaxError> {
        std::str::from_utf8(bytes).map_err(|error| JsonSyntaxError::NotUtf8 { at: error.valid_up_to() })?;
        Ok(Self {
            bytes,
            at: 0,
            plain: !scan::has_control(bytes),
            depth: 0,
            objects: 0,
            fresh: false,
            names: MemberNames::ANY,
            trace: Trace::OFF,
        })
    }

    /// A cursor at a value of a text that was checked before. The text ends for it where the span does.
    pub fn within(bytes: &'a [u8], span: Span) -> Self {
        let bytes = bytes.get(..span.end).unwrap_or(bytes);
        Self {
            bytes,
            at: span.start,
            plain: true,
            depth: 0,
            objects: 0,
            fresh: false,
            names: MemberNames::ANY,
            trace: Trace::OFF,
        }
    }

    /// A cursor before a member of an object, as if it had just stepped into that object: `at` is the offset of the
    /// member's name. What lies before it is neither looked at nor checked, so this is for callers that can tell by what
    /// follows whether they were right.
    ///
    /// # Errors
    /// [`JsonSyntaxError::NotUtf8`] if what follows is not.
    pub fn at_member(bytes: &'a [u8], at: usize) -> Result<Self, JsonSyntaxError> {
        let rest = bytes.get(at..).unwrap_or_default();
        std::str::from_utf8(rest).map_err(|error| JsonSyntaxError::NotUtf8 { at: at + error.valid_up_to() })?;
        Ok(Self {
            bytes,
            at,
            plain: !scan::has_control(rest),
            depth: 1,
            objects: 1,
            fresh: true,
            names: MemberNames::ANY,
            trace: Trace::OFF,
        })
    }

    /// The same cursor, for a text that is to stand `depth` levels deep within another: that much less nesting is
    /// accepted.
    #[must_use]
    pub fn at_depth(mut self, depth: u32) -> Self {
        self.depth = depth.min(MAX_DEPTH);
        self
    }

    /// The same cursor, before its first step, which takes no object in which two members have one name, and none that lies
    /// within more than [`MAX_MEMBERS`](crate::json::MAX_MEMBERS) members: [`JsonSyntaxError::Duplicate`] comes where such an object
    /// ends. For texts that somebody else reads as well, who may keep the other one of the two.
    #[must_use]
    pub fn unique(self) -> Self {
        Self { names: MemberNames::unique(), ..self }
    }

    /// The same cursor, before its first step, which keeps where the strings and numbers stand that it passes.
    #[must_use]
    pub fn traced(self) -> Self {
        Self { trace: Trace::on(), ..self }
    }

    /// What a [`traced`](Self::traced) cursor has passed, in the order in which it stands.
    pub fn into_trace(self) -> Vec<Passed> {
        self.trace.into_passed()
    }
}
