//! Every way in which the gateway itself says no: one enum, and beside it one table (`table.rs`) of what each is, how it is shown to the
//! client (`render.rs`), to the operator (`log.rs`) and to the ledger (`ledger.rs`).

mod attempt;
mod ledger;
mod log;
mod render;
mod table;

use crate::request::decode::CODINGS;
use http::StatusCode;
use std::sync::Arc;
use std::time::Duration;
use weir_dialect::ReadError;
use weir_http::head::InvalidHead;
use weir_sandbox::{Fault, HookKind, Stop};
use weir_tenancy::{Denied, SignedDenial};

/// A request that is answered by the gateway and not by a model.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Invalid(InvalidHead),
    #[error(
        "there is nothing at this path: the API is at /v1/chat/completions, /v1/responses, /v1/messages, \
         /v1beta/models/{{model}}:generateContent, /model/{{model}}/converse, /v1/embeddings and /v1/models"
    )]
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
    #[error("{0}")]
    NotSigned(SignedDenial),
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
    #[error(
        "no answer with the id `{}` is known that a provider keeps for you: those that were translated are kept by nobody, and \
         those of before the gateway's last start are not known; send the conversation itself",
        .id
    )]
    UnknownResponse { id: String, status: StatusCode },
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
    #[error(
        "the provider `{provider}` speaks a dialect that has nothing for `{fields}`, and is set to refuse what it cannot be \
         told (on_unsupported = \"reject\"): leave it out"
    )]
    UnsupportedField { provider: Arc<str>, fields: String },
    #[error("the provider `{provider}` has no embeddings: ask another model for them")]
    UnsupportedOperation { provider: Arc<str> },
    #[error("the request cannot be told to the provider `{provider}`, which speaks another dialect: {why}")]
    Untranslated { provider: Arc<str>, why: String },
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
    UpstreamAuth { provider: Arc<str>, status: StatusCode },
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

impl Refusal {
    /// Whether it is about one provider's dialect, so that another one may be told the request.
    pub(crate) fn is_of_dialect(&self) -> bool {
        matches!(self, Self::UnsupportedField { .. } | Self::UnsupportedOperation { .. } | Self::Untranslated { .. })
    }
}

/// What a client may know of a plugin's fault: that it is not the plugin's own doing, and may pass, or that it is a matter
/// of size.
fn more(fault: &Fault) -> String {
    let is_told = fault.is_skipped() || matches!(fault, Fault::TooLarge { .. });
    if is_told { format!(": it {fault}") } else { String::new() }
}

impl From<Stop> for Refusal {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Refused { plugin, refusal } => Refusal::PluginRefused { plugin, refusal },
            Stop::Failed { plugin, hook, fault: Fault::Unreadable(what) } => Refusal::Unshown { plugin, hook, what },
            Stop::Failed { plugin, hook, fault } => Refusal::PluginFailed { plugin, hook, fault },
        }
    }
}
