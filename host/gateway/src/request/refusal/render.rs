//! How a refusal is shown to the client, before an answer has begun and within a stream.

use super::Refusal;
use super::table::Retry;
use crate::request::decode::CODINGS;
use crate::request::rate_headers::add_rate;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue};
use weir_dialect::{ApiError, Dialect};
use weir_tenancy::{Denied, Rate};

impl Refusal {
    /// The body of the answer, in the client's dialect.
    pub(crate) fn body(&self, dialect: Dialect) -> Bytes {
        self.told(|error| dialect.render(error))
    }

    /// The event that ends a stream whose head has gone out already.
    pub(crate) fn event(&self, dialect: Dialect) -> Bytes {
        self.told(|error| dialect.render_event(error))
    }

    fn told(&self, render: impl FnOnce(&ApiError<'_>) -> Bytes) -> Bytes {
        let info = self.info();
        render(&ApiError { code: info.code, kind: info.kind, message: &self.to_string(), param: self.param() })
    }

    /// Adds what the table says about the answer's head, after so many attempts.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap, attempts: u32) {
        const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
        const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.info().retry {
            Retry::Unsaid => {}
            Retry::Spent if attempts == 0 => {}
            Retry::Spent => {
                headers.insert(SHOULD_RETRY, HeaderValue::from_static("false"));
            }
            Retry::After(wait) => {
                let ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX).max(1);
                headers.insert(RETRY_AFTER, HeaderValue::from(ms.div_ceil(1000)));
                headers.insert(RETRY_AFTER_MS, HeaderValue::from(ms));
            }
        }
        if let Self::MethodNotAllowed(methods) = self {
            headers.insert(ALLOW, HeaderValue::from_static(methods));
        }
        if let Self::EncodedBody(_) = self {
            headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(CODINGS));
        }
        if let Self::Denied(Denied::RateLimited { limit, reset, .. }) = self {
            add_rate(headers, &Rate { limit: *limit, remaining: 0, reset: *reset });
        }
        if let Self::Denied(Denied::MissingKey | Denied::MalformedKey | Denied::UnknownKey) = self {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
        }
    }

    /// Which field of the request is meant, if one is.
    fn param(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) => error.param(),
            Self::ModelNotFound(_) => Some("model"),
            _ => None,
        }
    }
}
