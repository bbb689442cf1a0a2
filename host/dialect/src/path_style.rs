//! Where a model is asked at those who have another place for it than the dialect's own.

use std::borrow::Cow;

use bytes::Bytes;
use weir_http::json;

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
    /// Vertex AI's: below a project and a location, by the model's vendor.
    Publishers {
        /// The project's id, of characters that mean nothing in a path.
        project: Box<str>,
        /// Where it is asked; likewise.
        location: Box<str>,
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
            // Of the newer API, which has the deployment within the body and no version of its own.
            Self::Deployments { .. } if wire == WireFormat::Responses => Cow::Borrowed("/openai/v1/responses"),
            Self::Deployments { api_version } => deployment(model, &wire.path(model, streaming), api_version),
            Self::Publishers { project, location } => {
                let (vendor, method) = match (wire, streaming) {
                    (WireFormat::Messages, false) => ("anthropic", "rawPredict"),
                    (WireFormat::Messages, true) => ("anthropic", "streamRawPredict"),
                    (_, false) => ("google", "generateContent"),
                    (_, true) => ("google", "streamGenerateContent?alt=sse"),
                };
                // The part behind `@` is a version, which Google's own clients write as it is.
                let model = segment(model).replace("%40", "@");
                let place = format!("/v1/projects/{project}/locations/{location}");
                Cow::Owned(format!("{place}/publishers/{vendor}/models/{model}:{method}"))
            }
        }
    }

    /// Where embeddings are asked for, below the base URL.
    #[must_use]
    pub fn embed(&self, dialect: crate::Dialect, model: &str) -> Cow<'static, str> {
        let own = DialectCall { dialect, operation: Operation::Embed }.target(model);
        match self {
            Self::Own | Self::Publishers { .. } => own,
            Self::Deployments { api_version } => deployment(model, &own, api_version),
        }
    }
}

impl PathStyle {
    /// The body as it is told there, where the path has said a part of it: Anthropic's messages on Vertex AI have no model, and the
    /// version of the API within them.
    #[must_use]
    pub fn body(&self, wire: WireFormat, body: Bytes) -> Bytes {
        match (self, wire) {
            (Self::Publishers { .. }, WireFormat::Messages) => raw_predict(&body).map_or(body, Bytes::from),
            _ => body,
        }
    }
}

/// Anthropic's API reference, "Claude on Vertex AI".
const VERTEX_VERSION: &str = "vertex-2023-10-16";

/// A request of Anthropic's as Vertex AI takes it; none if it is no object. What it does not have to change stays byte for byte.
fn raw_predict(body: &[u8]) -> Option<Vec<u8>> {
    let mut told = Vec::with_capacity(body.len() + 48);
    told.extend_from_slice(b"{\"anthropic_version\":\"");
    told.extend_from_slice(VERTEX_VERSION.as_bytes());
    told.push(b'"');
    json::members(body, |name, span, _| {
        if name != "model" && name != "anthropic_version" {
            told.extend_from_slice(b",\"");
            told.extend_from_slice(name.raw());
            told.extend_from_slice(b"\":");
            told.extend_from_slice(body.get(span.start..span.end).unwrap_or_default());
        }
    })
    .ok()?;
    told.push(b'}');
    Some(told)
}

/// Azure OpenAI's reference, "Data plane inference".
fn deployment(model: &str, path: &str, api_version: &str) -> Cow<'static, str> {
    Cow::Owned(format!("/openai/deployments/{}{path}?api-version={api_version}", segment(model)))
}

#[cfg(test)]
mod tests;
