//! Every way in which the gateway itself says no: one enum, one table.

mod attempt;
mod ledger;

use crate::request::decode::CODINGS;
use crate::request::request_id::RequestId;
use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;
use std::time::{Duration, Instant};
use weir_dialect::ReadError;
use weir_http::head::InvalidHead;
use weir_sandbox::{Fault, HookKind, Stop};
use weir_series::RareLine;
use weir_tenancy::{Denied, Rate};
use weir_upstream::status::{self, Class};

/// Who has to change something so that the request succeeds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blame {
    Client,
    Tenant,
    Plugin,
    Upstream,
    Gateway,
}

/// What a client library should do about it. The OpenAI and Anthropic libraries obey these headers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retry {
    /// As its status says.
    Unsaid,
    /// Not at all once attempts were made, for the gateway has done them all; before the first one, as its status says.
    Spent,
    /// After this long.
    After(Duration),
}

/// A request that is answered by the gateway and not by a model.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Unlawful(InvalidHead),
    #[error("there is nothing at this path: the API is at /v1/chat/completions, /v1/embeddings and /v1/models")]
    NotFound,
    #[error("this path takes {0} only")]
    MethodNotAllowed(&'static str),
    #[error(
        "this request has come through this gateway before, as its `Via` says: a provider's `base_url` leads back here, \
         or another gateway has the same `server.name`"
    )]
    Loop,
    #[error("{0}")]
    Denied(Denied),
    #[error(
        "this tenant is not served: a plugin that is meant to apply to it does not load; tell whoever runs the gateway"
    )]
    TenantClosed,
    #[error("the body's content coding `{0}` is not known here: send it plain, or as one of {CODINGS}")]
    EncodedBody(String),
    #[error("the body is not {0}, as its `content-encoding` says")]
    Mislabelled(&'static str),
    #[error("the body becomes more than {0} times as large when it is decoded")]
    BodyInflated(usize),
    #[error("the body is larger than the {0} bytes that this gateway takes")]
    BodyTooLarge(usize),
    #[error("the body did not arrive within {} s", .0.as_secs())]
    BodyTimeout(Duration),
    #[error("the body broke off or is not framed as HTTP demands")]
    BodyBroken,
    #[error("the body is not all there: what is in its content-encoding `{0}` breaks off")]
    BodyCut(&'static str),
    #[error("{0}")]
    Unreadable(ReadError),
    #[error("the model `{0}` does not exist or you do not have access to it: GET /v1/models lists yours")]
    ModelNotFound(String),
    #[error("{}", .refusal.message)]
    PluginRefused { plugin: Arc<str>, refusal: weir_sandbox::PluginRefusal },
    #[error("the plugin `{plugin}` failed at its `{}` hook, and this request may not go on without it{}", .hook.name(), more(.fault))]
    PluginFailed { plugin: Arc<str>, hook: HookKind, fault: Fault },
    #[error(
        "the plugin `{plugin}` cannot be shown what it has to look at in its `{}` hook, and this request may not go on \
         without it: {what}",
        .hook.name()
    )]
    Unshown { plugin: Arc<str>, hook: HookKind, what: String },
    #[error("a plugin rewrote the request into one that cannot be sent: {0}")]
    PluginBroke(String),
    #[error("the gateway has as many requests in flight as it takes: retry shortly")]
    Overloaded,
    #[error("the gateway is shutting down: retry shortly")]
    ShuttingDown,
    #[error("the gateway holds as many bytes of requests as it may: retry shortly")]
    RequestMemory,
    #[error("the gateway holds as many bytes of answers as it may: retry shortly")]
    ResponseMemory,
    #[error("all connections to the provider `{provider}` are in use")]
    UpstreamBusy { provider: Arc<str>, retry_after: Duration },
    #[error("the provider `{provider}` could not be reached ({kind})")]
    UpstreamUnreachable { provider: Arc<str>, kind: &'static str },
    #[error("the provider `{provider}` did not answer in time")]
    UpstreamTimeout { provider: Arc<str> },
    #[error("the provider `{provider}` answered {status}")]
    UpstreamStatus { provider: Arc<str>, status: StatusCode, retry_after: Option<Duration> },
    #[error(
        "the provider `{provider}` refused this request ({status}), and what it says cannot be shown to the plugin `{plugin}`, \
         which has to look at it: {what}"
    )]
    UpstreamUnshown { provider: Arc<str>, status: StatusCode, plugin: Arc<str>, what: String },
    #[error("the provider `{provider}` does not serve the gateway's account ({status}): tell whoever runs the gateway")]
    UpstreamCredentials { provider: Arc<str>, status: StatusCode },
    #[error("the provider `{provider}` answered with {what} in place of an answer")]
    UpstreamNoAnswer { provider: Arc<str>, what: &'static str },
    #[error("the provider `{provider}` broke off its answer")]
    UpstreamBroken { provider: Arc<str> },
    #[error("the provider `{provider}` answered with more than {limit} bytes: its {what} is past limits.{what}")]
    UpstreamTooLarge { provider: Arc<str>, what: &'static str, limit: usize },
    #[error("the provider `{provider}` answered in an encoding that it was not asked for")]
    UpstreamEncoded { provider: Arc<str> },
    #[error("the gateway lost track of this request; it is logged with its id")]
    Internal,
}

/// What a client may know of a plugin's fault: that it is not the plugin's own doing, and may pass, or that it is a matter
/// of size.
fn more(fault: &Fault) -> String {
    let is_told = fault.is_skipped() || matches!(fault, Fault::TooLarge { .. });
    if is_told { format!(": it {fault}") } else { String::new() }
}

/// Whether a hook is about the answer and not about the request.
fn is_of_answer(hook: HookKind) -> bool {
    match hook {
        HookKind::Response | HookKind::Event => true,
        HookKind::Policy | HookKind::Router | HookKind::UpstreamRequest | HookKind::Observe => false,
    }
}

/// The row of a refusal in the table.
#[derive(Debug)]
pub(crate) struct RefusalInfo<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'a str,
    /// OpenAI's `error.type`.
    pub(crate) kind: &'static str,
    pub(crate) blame: Blame,
    pub(crate) retry: Retry,
}

const INVALID: &str = "invalid_request_error";
const AUTH: &str = "authentication_error";
const RATE: &str = "rate_limit_error";
const API: &str = "api_error";

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused { plugin, refusal } => Refusal::PluginRefused { plugin, refusal },
            Stop::Failed { plugin, hook, fault: Fault::Unreadable(what) } => Refusal::Unshown { plugin, hook, what },
            Stop::Failed { plugin, hook, fault } => Refusal::PluginFailed { plugin, hook, fault },
        }
    }
}

impl Refusal {
    /// The table: status, code, type, blame and retry advice of every refusal.
    #[allow(clippy::too_many_lines)] // one row for each variant, and nothing else
    pub(crate) fn face(&self) -> RefusalInfo<'_> {
        use Blame::{Client, Gateway, Plugin, Tenant, Upstream};
        use Retry::{After, Spent, Unsaid};
        let row = |status, code, kind, blame, retry| RefusalInfo { status, code, kind, blame, retry };
        let second = Duration::from_secs(1);
        match self {
            Self::Unlawful(law) => row(law.status(), law.code(), INVALID, Client, Unsaid),
            Self::NotFound => row(StatusCode::NOT_FOUND, "not_found", INVALID, Client, Unsaid),
            Self::MethodNotAllowed(_) => {
                row(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", INVALID, Client, Unsaid)
            }
            Self::Loop => row(StatusCode::LOOP_DETECTED, "loop_detected", API, Gateway, Spent),
            Self::Denied(denied) => match denied {
                Denied::MissingKey => row(StatusCode::UNAUTHORIZED, "missing_api_key", AUTH, Client, Unsaid),
                Denied::MalformedKey | Denied::UnknownKey => {
                    row(StatusCode::UNAUTHORIZED, "invalid_api_key", AUTH, Client, Unsaid)
                }
                Denied::RateLimited { retry_after, .. } => {
                    row(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", RATE, Tenant, After(*retry_after))
                }
                Denied::TooManyConcurrent { .. } => {
                    row(StatusCode::TOO_MANY_REQUESTS, "concurrency_limit_exceeded", RATE, Tenant, After(second))
                }
            },
            Self::TenantClosed => row(StatusCode::SERVICE_UNAVAILABLE, "tenant_closed", API, Tenant, Unsaid),
            Self::EncodedBody(_) | Self::Mislabelled(_) => {
                row(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_content_encoding", INVALID, Client, Unsaid)
            }
            Self::BodyTooLarge(_) | Self::BodyInflated(_) => {
                row(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", INVALID, Client, Unsaid)
            }
            Self::BodyTimeout(_) => row(StatusCode::REQUEST_TIMEOUT, "request_timeout", INVALID, Client, Unsaid),
            Self::BodyBroken | Self::BodyCut(_) => row(StatusCode::BAD_REQUEST, "bad_body", INVALID, Client, Unsaid),
            Self::Unreadable(error) => row(StatusCode::BAD_REQUEST, error.code(), INVALID, Client, Unsaid),
            Self::ModelNotFound(_) => row(StatusCode::NOT_FOUND, "model_not_found", INVALID, Client, Unsaid),
            Self::PluginRefused { refusal, .. } => {
                let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
                let kind = if status.is_server_error() { API } else { INVALID };
                row(status, &refusal.code, kind, Client, Spent)
            }
            Self::PluginFailed { fault: Fault::Busy | Fault::Full, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "plugin_busy", API, Plugin, After(second))
            }
            Self::PluginFailed { fault: Fault::Share, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "plugin_over_share", API, Tenant, After(second))
            }
            Self::PluginFailed { fault: Fault::Budget, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "plugin_over_budget", API, Tenant, After(second))
            }
            Self::PluginFailed { fault: Fault::Quarantined, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "plugin_quarantined", API, Tenant, After(second))
            }
            Self::PluginFailed { fault: Fault::Untrusted, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "plugin_untrusted", API, Plugin, Unsaid)
            }
            Self::Unshown { hook, .. } if is_of_answer(*hook) => {
                row(StatusCode::BAD_GATEWAY, "upstream_unreadable", API, Upstream, Spent)
            }
            Self::Unshown { .. } => row(StatusCode::BAD_REQUEST, "unreadable_request", INVALID, Client, Spent),
            Self::PluginFailed { hook, fault: Fault::TooLarge { .. }, .. } if is_of_answer(*hook) => {
                row(StatusCode::BAD_GATEWAY, "upstream_too_large", API, Upstream, Spent)
            }
            Self::PluginFailed { fault: Fault::TooLarge { .. }, .. } => {
                row(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", INVALID, Client, Spent)
            }
            Self::PluginFailed { .. } | Self::PluginBroke(_) => {
                row(StatusCode::INTERNAL_SERVER_ERROR, "plugin_failed", API, Plugin, Spent)
            }
            Self::Overloaded => row(StatusCode::SERVICE_UNAVAILABLE, "overloaded", API, Gateway, After(second)),
            Self::ShuttingDown => row(StatusCode::SERVICE_UNAVAILABLE, "shutting_down", API, Gateway, After(second)),
            Self::RequestMemory => {
                row(StatusCode::SERVICE_UNAVAILABLE, "request_memory_full", API, Gateway, After(second))
            }
            Self::ResponseMemory => {
                row(StatusCode::SERVICE_UNAVAILABLE, "response_memory_full", API, Gateway, After(second))
            }
            Self::UpstreamBusy { retry_after, .. } => {
                row(StatusCode::SERVICE_UNAVAILABLE, "upstream_busy", API, Upstream, After(*retry_after))
            }
            Self::UpstreamUnreachable { .. } => {
                row(StatusCode::BAD_GATEWAY, "upstream_unreachable", API, Upstream, Spent)
            }
            Self::UpstreamTimeout { .. } => row(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", API, Upstream, Spent),
            Self::UpstreamStatus { status, retry_after, .. } => self.after_upstream(*status, *retry_after),
            // About the request, as the upstream's own words would have been.
            Self::UpstreamUnshown { status, .. } => row(*status, "upstream_unreadable", INVALID, Client, Unsaid),
            Self::UpstreamCredentials { .. } => {
                row(StatusCode::BAD_GATEWAY, "upstream_credentials", API, Gateway, Spent)
            }
            Self::UpstreamNoAnswer { .. } => row(StatusCode::BAD_GATEWAY, "upstream_error", API, Upstream, Spent),
            Self::UpstreamBroken { .. } => row(StatusCode::BAD_GATEWAY, "upstream_broken", API, Upstream, Spent),
            Self::UpstreamTooLarge { .. } => row(StatusCode::BAD_GATEWAY, "upstream_too_large", API, Upstream, Spent),
            Self::UpstreamEncoded { .. } => row(StatusCode::BAD_GATEWAY, "upstream_encoded", API, Upstream, Spent),
            Self::Internal => row(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", API, Gateway, Spent),
        }
    }

    /// What is left to say when every attempt ended in such a status.
    fn after_upstream(&self, status: StatusCode, retry_after: Option<Duration>) -> RefusalInfo<'_> {
        let retry = retry_after.map_or(Retry::Spent, Retry::After);
        let row = |status, code, kind| RefusalInfo { status, code, kind, blame: Blame::Upstream, retry };
        match status::class(status) {
            Class::RateLimited => row(StatusCode::TOO_MANY_REQUESTS, "upstream_rate_limited", RATE),
            Class::Overloaded => row(StatusCode::SERVICE_UNAVAILABLE, "upstream_overloaded", API),
            Class::TimedOut => row(StatusCode::GATEWAY_TIMEOUT, "upstream_timeout", API),
            Class::Unreachable => row(StatusCode::BAD_GATEWAY, "upstream_unreachable", API),
            Class::Failed | Class::Unable | Class::Account | Class::Answer | Class::Request => {
                row(StatusCode::BAD_GATEWAY, "upstream_error", API)
            }
        }
    }

    /// Whether its code is one that a plugin chose.
    pub(crate) fn is_a_plugins(&self) -> bool {
        matches!(self, Self::PluginRefused { .. })
    }

    /// Which field of the request is meant, if one is.
    fn param(&self) -> Option<&'static str> {
        match self {
            Self::Unreadable(error) => error.param(),
            Self::ModelNotFound(_) => Some("model"),
            _ => None,
        }
    }

    /// The body of the answer, in OpenAI's error shape
    /// (<https://platform.openai.com/docs/guides/error-codes/api-errors>).
    pub(crate) fn body(&self) -> Bytes {
        let face = self.face();
        weir_dialect::refusal::body(face.code, face.kind, &self.to_string(), self.param())
    }

    /// The event that ends a stream whose head has gone out already.
    pub(crate) fn event(&self) -> Bytes {
        let face = self.face();
        weir_dialect::refusal::event(face.code, face.kind, &self.to_string(), self.param())
    }

    /// Adds what the table says about the answer's head, after so many attempts.
    pub(crate) fn add_headers(&self, headers: &mut HeaderMap, attempts: u32) {
        const SHOULD_RETRY: HeaderName = HeaderName::from_static("x-should-retry");
        const RETRY_AFTER_MS: HeaderName = HeaderName::from_static("retry-after-ms");
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match self.face().retry {
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
            crate::request::rate_headers::add_rate(headers, &Rate { limit: *limit, remaining: 0, reset: *reset });
        }
        if let Self::Denied(Denied::MissingKey | Denied::MalformedKey | Denied::UnknownKey) = self {
            headers.insert(http::header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"weir\""));
        }
    }

    /// Whether the request was turned away for what the gateway has to do beside it.
    fn is_shed(&self) -> bool {
        matches!(self, Self::Overloaded | Self::ShuttingDown | Self::RequestMemory | Self::ResponseMemory)
    }

    /// Writes the line that the table's blame asks for. What a client does wrong is no news to an operator.
    pub(crate) fn log(&self, request: &RequestId, tenant: &str) {
        let (request, client_request) = (request.as_str(), request.clients());
        let face = self.face();
        let (code, status) = (face.code, face.status.as_u16());
        // Clients and plugins have a hand in the text: on one line, and without anything that a terminal obeys.
        let why = self.to_string().replace(char::is_control, " ");
        match face.blame {
            Blame::Client | Blame::Tenant => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // The sandbox has said how the plugin faulted, and bounds how often that is said.
            Blame::Plugin if matches!(self, Self::PluginFailed { .. }) => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // A plugin can spoil every request that it sees.
            Blame::Plugin => {
                static SPOILT: RareLine = RareLine::new();
                if let Some(times) = SPOILT.now(Instant::now()) {
                    tracing::warn!(target: "weir::refusal", request, client_request, tenant, code, status, times, "refused: {why}");
                }
            }
            Blame::Upstream => {
                tracing::warn!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            // A gateway that sheds load, or ends, is at work: one line for each would be one more flood.
            Blame::Gateway if self.is_shed() => {
                tracing::debug!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}");
            }
            Blame::Gateway => {
                tracing::error!(target: "weir::refusal", request, client_request, tenant, code, status, "refused: {why}")
            }
        }
    }
}
