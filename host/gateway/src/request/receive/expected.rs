//! What an answer is held against.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;
use weir_config::Limits;
use weir_dialect::DialectCall;
use weir_dialect::answer::AnswerShapes;
use weir_net::ByteTotal;

/// What was asked for, and what the answer may take.
pub(crate) struct ExpectedAnswer<'a> {
    pub(crate) call: DialectCall,
    pub(crate) streaming: bool,
    /// How many answers (`n`).
    pub(crate) choices: u64,
    pub(crate) limits: &'a Limits,
    /// What all whole answers hold together.
    pub(crate) memory: &'a Arc<ByteTotal>,
    /// What its answers look like.
    pub(crate) shapes: Option<&'a RefCell<AnswerShapes>>,
    /// How long the provider may take for a head.
    pub(crate) first_byte: Duration,
}
