//! What each refusal is: status, code, type, blame and retry advice.

use super::Refusal;
use http::StatusCode;
use std::time::Duration;
use weir_dialect::ApiErrorKind;
use weir_sandbox::{Fault, HookKind};
use weir_tenancy::Denied;
use weir_upstream::status::{self, Class};

const INVALID: ApiErrorKind = ApiErrorKind::Invalid;
const AUTH: ApiErrorKind = ApiErrorKind::Auth;
const RATE: ApiErrorKind = ApiErrorKind::Rate;
const API: ApiErrorKind = ApiErrorKind::Api;

/// When to come again where nothing says it better.
const SECOND: Duration = Duration::from_secs(1);

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

/// The row of a refusal in the table.
#[derive(Debug)]
pub(crate) struct RefusalInfo<'a> {
    pub(crate) status: StatusCode,
    pub(crate) code: &'a str,
    /// What the client's library makes of it.
    pub(crate) kind: ApiErrorKind,
    pub(crate) blame: Blame,
    pub(crate) retry: Retry,
}

fn row<'a>(status: StatusCode, code: &'a str, kind: ApiErrorKind, blame: Blame, retry: Retry) -> RefusalInfo<'a> {
    RefusalInfo { status, code, kind, blame, retry }
}

/// What the gateway has no room for, and may have in a moment.
fn shed(code: &str) -> RefusalInfo<'_> {
    row(StatusCode::SERVICE_UNAVAILABLE, code, API, Blame::Gateway, Retry::After(SECOND))
}

/// What a tenant's own keys and limits refuse.
fn of_denied(denied: &Denied) -> RefusalInfo<'_> {
    use Blame::{Client, Tenant};
    use Retry::{After, Unsaid};
    match denied {
        Denied::MissingKey => row(StatusCode::UNAUTHORIZED, "missing_api_key", AUTH, Client, Unsaid),
        Denied::MalformedKey | Denied::UnknownKey => {
            row(StatusCode::UNAUTHORIZED, "invalid_api_key", AUTH, Client, Unsaid)
        }
        Denied::RateLimited { retry_after, .. } => {
            row(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", RATE, Tenant, After(*retry_after))
        }
        Denied::TooManyConcurrent { .. } => {
            row(StatusCode::TOO_MANY_REQUESTS, "concurrency_limit_exceeded", RATE, Tenant, After(SECOND))
        }
    }
}

impl Refusal {
    /// The table: status, code, type, blame and retry advice of every refusal.
    pub(crate) fn info(&self) -> RefusalInfo<'_> {
        use Blame::{Client, Gateway, Plugin, Tenant, Upstream};
        use Retry::{After, Spent, Unsaid};
        match self {
            Self::Invalid(law) => row(law.status(), law.code(), INVALID, Client, Unsaid),
            Self::NotFound => row(StatusCode::NOT_FOUND, "not_found", INVALID, Client, Unsaid),
            Self::MethodNotAllowed(_) => {
                row(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", INVALID, Client, Unsaid)
            }
            Self::Loop => row(StatusCode::LOOP_DETECTED, "loop_detected", API, Gateway, Spent),
            Self::Denied(denied) => of_denied(denied),
            Self::NotSigned(_) => row(StatusCode::UNAUTHORIZED, "invalid_signature", AUTH, Client, Unsaid),
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
            // Asked for by itself it is not found; a request that goes on from it is a bad one.
            Self::UnknownResponse { status, .. } => row(*status, "unknown_response", INVALID, Client, Unsaid),
            Self::PluginRefused { refusal, .. } => {
                let status = StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST);
                let kind = if status.is_server_error() { API } else { INVALID };
                row(status, &refusal.code, kind, Client, Spent)
            }
            Self::Unshown { hook, .. } if is_of_answer(*hook) => {
                row(StatusCode::BAD_GATEWAY, "upstream_unreadable", API, Upstream, Spent)
            }
            Self::Unshown { .. } => row(StatusCode::BAD_REQUEST, "unreadable_request", INVALID, Client, Spent),
            Self::PluginFailed { hook, fault, .. } => of_fault(*hook, fault),
            Self::UnsupportedField { .. } | Self::UnsupportedOperation { .. } | Self::Untranslated { .. } => {
                self.untold()
            }
            Self::PluginBroke(_) => row(StatusCode::INTERNAL_SERVER_ERROR, "plugin_failed", API, Plugin, Spent),
            Self::Overloaded => shed("overloaded"),
            Self::ShuttingDown => shed("shutting_down"),
            Self::RequestMemory => shed("request_memory_full"),
            Self::ResponseMemory => shed("response_memory_full"),
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
            Self::UpstreamAuth { .. } => row(StatusCode::BAD_GATEWAY, "upstream_auth", API, Gateway, Spent),
            Self::UpstreamNoAnswer { .. } => row(StatusCode::BAD_GATEWAY, "upstream_error", API, Upstream, Spent),
            Self::UpstreamBroken { .. } => row(StatusCode::BAD_GATEWAY, "upstream_broken", API, Upstream, Spent),
            Self::UpstreamTooLarge { .. } => row(StatusCode::BAD_GATEWAY, "upstream_too_large", API, Upstream, Spent),
            Self::UpstreamEncoded { .. } => row(StatusCode::BAD_GATEWAY, "upstream_encoded", API, Upstream, Spent),
            Self::Internal => row(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", API, Gateway, Spent),
        }
    }

    /// What a provider of another dialect cannot be told.
    fn untold(&self) -> RefusalInfo<'static> {
        let code = if let Self::UnsupportedField { .. } = self {
            "unsupported_field"
        } else if let Self::UnsupportedOperation { .. } = self {
            "unsupported_operation"
        } else {
            "invalid_value"
        };
        row(StatusCode::BAD_REQUEST, code, INVALID, Blame::Client, Retry::Spent)
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
}

/// The rows of a plugin that failed at a hook, by its fault.
fn of_fault(hook: HookKind, fault: &Fault) -> RefusalInfo<'static> {
    use Blame::{Client, Plugin, Tenant, Upstream};
    use Retry::{After, Spent, Unsaid};
    match fault {
        Fault::Busy | Fault::Full => row(StatusCode::SERVICE_UNAVAILABLE, "plugin_busy", API, Plugin, After(SECOND)),
        Fault::Share => row(StatusCode::SERVICE_UNAVAILABLE, "plugin_over_share", API, Tenant, After(SECOND)),
        Fault::Budget => row(StatusCode::SERVICE_UNAVAILABLE, "plugin_over_budget", API, Tenant, After(SECOND)),
        Fault::Quarantined => row(StatusCode::SERVICE_UNAVAILABLE, "plugin_quarantined", API, Tenant, After(SECOND)),
        Fault::Untrusted => row(StatusCode::SERVICE_UNAVAILABLE, "plugin_untrusted", API, Plugin, Unsaid),
        Fault::TooLarge { .. } if is_of_answer(hook) => {
            row(StatusCode::BAD_GATEWAY, "upstream_too_large", API, Upstream, Spent)
        }
        Fault::TooLarge { .. } => row(StatusCode::PAYLOAD_TOO_LARGE, "request_too_large", INVALID, Client, Spent),
        _ => row(StatusCode::INTERNAL_SERVER_ERROR, "plugin_failed", API, Plugin, Spent),
    }
}

/// Whether a hook is about the answer and not about the request.
fn is_of_answer(hook: HookKind) -> bool {
    match hook {
        HookKind::Response | HookKind::Event => true,
        HookKind::Policy | HookKind::Router | HookKind::UpstreamRequest | HookKind::Observe => false,
    }
}
