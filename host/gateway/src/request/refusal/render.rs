//! How a refusal is shown to the client, before an answer has begun and within a stream.

use super::Refusal;
use super::table::Retry;
use crate::request::decode::CODINGS;
use crate::request::language::ClientLanguage;
use crate::request::rate_headers::add_rate;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use weir_dialect::view::ClientStream;
use weir_dialect::{ApiError, Dialect, errors};
use weir_tenancy::{Denied, Rate};

impl Refusal {
    /// Status and body of the answer, as the client's library reads them. Where that reads a header, too, it is put among
    /// `headers`.
    pub(crate) fn told(&self, client: ClientLanguage, id: &str, headers: &mut HeaderMap) -> (StatusCode, Bytes) {
        let info = self.info();
        let message = self.to_string();
        let error = ApiError { code: info.code, kind: info.kind, message: &message, param: self.param() };
        if client.is_chat() {
            return (info.status, Dialect::OpenAi.render(&error));
        }
        let (failure, status) = (errors::own(&error), info.status.as_u16());
        let parts = errors::render(client.wire, status, errors::kind_of(status, &failure), &failure, Some(id));
        if let Some((name, value)) = parts.header {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        (StatusCode::from_u16(parts.status).unwrap_or(info.status), parts.body)
    }

    /// The event that ends a stream whose head has gone out already: the client's own, where it reads other ones than plugins.
    pub(crate) fn event(&self, client: Option<&mut ClientStream>) -> Bytes {
        let info = self.info();
        let message = self.to_string();
        let error = ApiError { code: info.code, kind: info.kind, message: &message, param: self.param() };
        let Some(client) = client else { return Dialect::OpenAi.render_event(&error) };
        let (failure, status) = (errors::own(&error), info.status.as_u16());
        client.failed(status, errors::kind_of(status, &failure), &failure)
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
