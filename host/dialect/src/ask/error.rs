//! Why a request's body could not be read.

use weir_http::json::{JsonKind, JsonSyntaxError};

use crate::canon::DecodeFault;

/// Why a request's body could not be read: always the client's to mend, with status 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// Not JSON, or not UTF-8.
    #[error("the body is not valid JSON: {0}")]
    NotJson(JsonSyntaxError),
    /// Arrays and objects within one another beyond what is read.
    #[error("the body is nested more than {} levels deep at byte {at}", weir_http::json::MAX_DEPTH)]
    TooDeep {
        /// Offset of the bracket that is one too many.
        at: usize,
    },
    /// JSON, but not an object.
    #[error("the body must be a JSON object, not {}", found.phrase())]
    NotAnObject {
        /// What it is.
        found: JsonKind,
    },
    /// A parameter that must be there is not.
    #[error("the parameter `{param}` is missing")]
    Missing {
        /// Its name.
        param: &'static str,
    },
    /// A parameter has a value of the wrong type.
    #[error("`{param}` must be {expected}, not {}", found.phrase())]
    WrongType {
        /// Its name.
        param: &'static str,
        /// What it must be.
        expected: &'static str,
        /// What it is.
        found: JsonKind,
    },
    /// `model` is the empty string.
    #[error("`{param}` must not be empty")]
    Empty {
        /// Its name.
        param: &'static str,
    },
    /// A string that is compared holds half a surrogate pair, which is no text.
    #[error("`{param}` holds an escape that is half of a surrogate pair")]
    NotText {
        /// Its name.
        param: &'static str,
    },
    /// A parameter stands twice: which one the upstream would read nobody knows.
    #[error("the parameter `{param}` stands more than once; send it once")]
    Duplicate {
        /// Its name.
        param: &'static str,
    },
    /// A name stands twice in one object, be it one that the gateway does not read: plugins may see the one of the two and the
    /// upstream the other.
    #[error("an object has two members of one name, the second at byte {at}; send one of them")]
    Repeated {
        /// Offset of the second of them.
        at: usize,
    },
    /// A name that differs from a parameter's in case only: some upstreams would take it for that parameter.
    #[error("`{found}` is not a parameter; write `{param}`")]
    LookAlike {
        /// The parameter that it looks like.
        param: &'static str,
        /// As it stands in the body.
        found: Box<str>,
    },
    /// It is none of its wire.
    #[error("{0}")]
    Undecodable(#[from] DecodeFault),
}

impl ReadError {
    pub(super) fn wrong<T>(param: &'static str, expected: &'static str, found: JsonKind) -> Result<T, Self> {
        Err(Self::WrongType { param, expected, found })
    }

    /// The parameter at fault, for `error.param` of the answer.
    pub fn param(&self) -> Option<&'static str> {
        match self {
            Self::NotJson(_) | Self::TooDeep { .. } | Self::NotAnObject { .. } | Self::Repeated { .. } => None,
            Self::Missing { param }
            | Self::WrongType { param, .. }
            | Self::Empty { param }
            | Self::NotText { param }
            | Self::Duplicate { param }
            | Self::LookAlike { param, .. } => Some(param),
            Self::Undecodable(DecodeFault::Field { field, .. }) => Some(field),
            Self::Undecodable(DecodeFault::Syntax(_) | DecodeFault::TooMany { .. } | DecodeFault::NoClient) => None,
        }
    }

    /// A stable name for programs, for `error.code` of the answer.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotJson(_) | Self::TooDeep { .. } | Self::NotAnObject { .. } => "invalid_json",
            Self::Missing { .. } => "missing_required_parameter",
            Self::WrongType { .. } => "invalid_type",
            Self::Empty { .. } | Self::NotText { .. } => "invalid_value",
            Self::Duplicate { .. } | Self::Repeated { .. } => "duplicate_parameter",
            Self::LookAlike { .. } => "unknown_parameter",
            Self::Undecodable(DecodeFault::Syntax(_)) => "invalid_json",
            Self::Undecodable(DecodeFault::Field { .. }) => "invalid_type",
            Self::Undecodable(DecodeFault::TooMany { .. } | DecodeFault::NoClient) => "invalid_value",
        }
    }
}

impl From<JsonSyntaxError> for ReadError {
    fn from(error: JsonSyntaxError) -> Self {
        match error {
            JsonSyntaxError::TooDeep { at } => Self::TooDeep { at },
            JsonSyntaxError::Duplicate { at } => Self::Repeated { at },
            JsonSyntaxError::Syntax { .. }
            | JsonSyntaxError::TooManyMembers { .. }
            | JsonSyntaxError::TooManyValues { .. }
            | JsonSyntaxError::NotUtf8 { .. }
            | JsonSyntaxError::NotObject { .. }
            | JsonSyntaxError::NotArray { .. } => Self::NotJson(error),
        }
    }
}
