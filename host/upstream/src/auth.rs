//! What is put on a request as the last thing before it is sent, where that is more than headers that stay the same.

mod access_tokens;
mod token_exchange;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::Request;
use http::header::AUTHORIZATION;
use weir_config::ProviderConfig;
use weir_sigv4::{SigningIdentity, sign};

use crate::error::{AttemptError, UpstreamError};
use access_tokens::AccessTokens;
use token_exchange::TokenExchange;

/// How a provider is told who asks.
#[derive(Debug)]
pub(crate) enum AuthScheme {
    /// By headers that stay the same, which are among those that go with every request.
    Headers,
    /// By a signature over the request, made anew for each attempt (AWS).
    Signature(SigningIdentity),
    /// By a token that is exchanged for a service account's key, and holds for an hour (Google).
    Token(Arc<AccessTokens>),
}

impl AuthScheme {
    /// What a provider wants. Nothing is dialled.
    ///
    /// # Errors
    /// [`UpstreamError::Credentials`]: the service account's key is none, or no way to exchange it can be set up.
    pub(crate) fn of(provider: &ProviderConfig) -> Result<Self, UpstreamError> {
        let cloud = &provider.cloud;
        if let Some(account) = &cloud.credentials {
            let exchange = TokenExchange::new(account, provider.ca_file.as_ref())
                .map_err(|why| UpstreamError::Credentials { provider: provider.name.clone(), why })?;
            return Ok(Self::Token(Arc::new(AccessTokens::new(&provider.name, exchange))));
        }
        match (&cloud.access_key_id, &cloud.secret_access_key) {
            (Some(id), Some(secret)) => Ok(Self::Signature(SigningIdentity {
                access_key_id: id.expose().into(),
                secret_access_key: secret.expose().into(),
                session_token: cloud.session_token.as_ref().map(|token| token.expose().into()),
                region: cloud.region.as_str().into(),
            })),
            _ => Ok(Self::Headers),
        }
    }

    /// Whether a request lacks something yet.
    pub(crate) fn is_of_each_request(&self) -> bool {
        !matches!(self, Self::Headers)
    }

    /// Puts it on a request, to which nothing is done any more then. Where a token is not there yet, it is waited for, at most
    /// `within`.
    ///
    /// # Errors
    /// [`AttemptError::NoCredential`].
    pub(crate) async fn authorise(
        &self,
        request: &mut Request<Bytes>,
        host: &str,
        within: Duration,
    ) -> Result<(), AttemptError> {
        match self {
            Self::Headers => Ok(()),
            Self::Signature(identity) => {
                sign(request, host, identity, SystemTime::now()).map_err(|_| AttemptError::NoCredential)
            }
            Self::Token(tokens) => {
                let token = tokens.get(within).await.ok_or(AttemptError::NoCredential)?;
                request.headers_mut().insert(AUTHORIZATION, token);
                Ok(())
            }
        }
    }

    /// Whether a text holds what nobody else may see of it.
    pub(crate) fn is_secret_in(&self, text: &[u8]) -> bool {
        let is_there = |secret: &[u8]| secret.len() >= 8 && memchr::memmem::find(text, secret).is_some();
        match self {
            Self::Headers => false,
            Self::Signature(identity) => {
                let secrets = [Some(&identity.secret_access_key), identity.session_token.as_ref()];
                secrets.into_iter().flatten().any(|secret| is_there(secret.as_bytes()))
            }
            Self::Token(tokens) => tokens.now().is_some_and(|token| is_there(&token)),
        }
    }

    /// Why nobody can be told who asks, in words for the operator.
    pub(crate) fn trouble(&self) -> Option<String> {
        match self {
            Self::Headers | Self::Signature(_) => None,
            Self::Token(tokens) => tokens.trouble(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
