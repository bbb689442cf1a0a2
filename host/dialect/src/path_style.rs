//! Where a model is asked at those who have another place for it than the dialect's own.

use std::borrow::Cow;

use crate::dialect::{DialectCall, Operation};
use crate::wire::{WireFormat, segment};

/// How a provider writes the paths below its base URL.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum PathStyle {
    /// As its wire has them.
    #[default]
    Own,
    /// Azure OpenAI's: the model is a deployment's name, and stands in the path, behind which every request says the version of
    /// the API that it means.
    Deployments {
        /// `api-version`, of characters that mean nothing in a query.
        api_version: Box<str>,
    },
}

impl PathStyle {
    /// Where a chat goes, below the base URL: to this model, for a stream or not.
    #[must_use]
    pub fn chat(&self, wire: WireFormat, model: &str, streaming: bool) -> Cow<'static, str> {
        match self {
            Self::Own => wire.path(model, streaming),
            // These have no deployment in their path: the body names it.
            Self::Deployments { .. } if wire == WireFormat::Responses => Cow::Borrowed("/openai/v1/responses"),
            Self::Deployments { api_version } => deployment(model, &wire.path(model, streaming), api_version),
        }
    }

    /// Where embeddings are asked for, below the base URL.
    #[must_use]
    pub fn embed(&self, dialect: crate::Dialect, model: &str) -> Cow<'static, str> {
        let own = DialectCall { dialect, operation: Operation::Embed }.target(model);
        match self {
            Self::Own => own,
            Self::Deployments { api_version } => deployment(model, &own, api_version),
        }
    }
}

/// Azure OpenAI's reference, "Data plane inference".
fn deployment(model: &str, path: &str, api_version: &str) -> Cow<'static, str> {
    Cow::Owned(format!("/openai/deployments/{}{path}?api-version={api_version}", segment(model)))
}

#[cfg(test)]
mod tests;
