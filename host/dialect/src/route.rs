//! Which path is whose, and what is called there.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

use http::Method;

use crate::dialect::{Dialect, DialectCall};

/// What a client calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiCall {
    /// The list of models, which the gateway gives by itself.
    Models,
    /// What a model is to be asked.
    Ask(DialectCall),
}

/// A path at which there is something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ApiPath {
    /// What is spoken there.
    pub dialect: Dialect,
    /// The methods that it takes, as `Allow` lists them (RFC 9110 section 10.2.1).
    pub methods: &'static str,
    call: ApiCall,
}

impl ApiPath {
    /// What is at a path; none if there is nothing. Paths match exactly, so that what the client wrote never goes upstream.
    pub fn find(path: &str) -> Option<Self> {
        let (dialect, call, methods) = match path {
            "/v1/chat/completions" => (Dialect::OpenAi, ApiCall::Ask(DialectCall::OPENAI_CHAT), "POST"),
            "/v1/embeddings" => (Dialect::OpenAi, ApiCall::Ask(DialectCall::OPENAI_EMBED), "POST"),
            "/v1/models" => (Dialect::OpenAi, ApiCall::Models, "GET, HEAD"),
            _ => return None,
        };
        Some(Self { dialect, methods, call })
    }

    /// What is called there by a method; none if it is not one of its [`methods`](Self::methods).
    pub fn call(&self, method: &Method) -> Option<ApiCall> {
        let takes = match self.call {
            ApiCall::Models => method == Method::GET || method == Method::HEAD,
            ApiCall::Ask(_) => method == Method::POST,
        };
        takes.then_some(self.call)
    }
}
