//! What an answer is held against, and why there may be nothing to relay.

use crate::request::refusal::Refusal;
use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Limits;
use weir_dialect::Endpoint;
use weir_dialect::answer::AnswerShapes;
use weir_net::ByteTotal;
use weir_upstream::BodyError;

/// What was asked for, and of whom.
pub(crate) struct ExpectedAnswer<'a> {
    pub(crate) endpoint: Endpoint,
    pub(crate) streaming: bool,
    pub(crate) limits: &'a Limits,
    /// What all whole answers hold together.
    pub(crate) memory: &'a Arc<ByteTotal>,
    pub(crate) provider: &'a Arc<str>,
    /// What its answers look like.
    pub(crate) shapes: Option<&'a RefCell<AnswerShapes>>,
    /// How long the provider may take for a head.
    pub(crate) first_byte: Duration,
}

/// Why there is nothing to relay.
pub(crate) enum NotTaken {
    /// Nothing was answered: another target may be asked.
    Unanswered(Refusal),
    /// It was carried out, at least in part, and may be charged: nobody else is asked.
    Spent(Refusal),
}

/// What a body that came apart means to the client.
pub(crate) fn broken(error: BodyError, provider: &Arc<str>) -> Refusal {
    let provider = Arc::clone(provider);
    match error {
        BodyError::Idle | BodyError::Total => Refusal::UpstreamTimeout { provider },
        BodyError::Broken(_) => Refusal::UpstreamBroken { provider },
    }
}
