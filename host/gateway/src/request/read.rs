//! What a request asks, whatever it is written in, and what plugins are shown of it.

use crate::request::context::StoredAnswer;
use crate::request::record::Record;
use crate::request::refusal::Refusal;
use crate::request::stored;
use bytes::Bytes;
use http::Method;
use weir_dialect::view::RequestView;
use weir_dialect::{ApiCall, AskedCall, DialectCall, RequestFacts, WireFormat, check_body, gemini, messages};
use weir_tenancy::Caller;
use weir_usage::estimate_tokens;

/// A request that has been read.
pub(crate) struct AskedRequest {
    pub(crate) ask: RequestFacts,
    /// What `ask` was read from, and plugins see.
    pub(crate) body: Bytes,
    /// What the client wrote, where that is something else.
    pub(crate) view: Option<Box<RequestView>>,
    pub(crate) stored: Option<Box<StoredAnswer>>,
}

/// Reads the body of a request for something that a model, or who keeps an answer, is to be asked.
pub(crate) fn read(
    record: &Record,
    caller: &Caller,
    (called, method): (&ApiCall<'_>, &Method),
    body: Bytes,
) -> Result<AskedRequest, Refusal> {
    let (call, body, view, stored) = match called {
        ApiCall::Ask(AskedCall { wire: WireFormat::Chat, call, .. }) => (*call, body, None, None),
        ApiCall::Ask(asked) | ApiCall::Count(asked) => {
            let view = shown(asked, &body)?;
            let stored = stored::gone_on_from(record, caller, &view)?;
            (asked.call, view.shown().clone(), Some(view), stored.map(Box::new))
        }
        ApiCall::Stored(id) => {
            let (stored, body) = stored::asked_for(record, caller, id, method)?;
            (DialectCall::OPENAI_CHAT, body, None, Some(Box::new(stored)))
        }
        // They are answered without a body.
        ApiCall::Models | ApiCall::Model(_) => return Err(Refusal::Internal),
    };
    let ask = record.worker().asks.borrow_mut().read(call, &body).map_err(Refusal::Unreadable)?;
    Ok(AskedRequest { ask, body, view, stored })
}

/// What is shown of a request that is written otherwise than plugins see them.
fn shown(asked: &AskedCall<'_>, body: &Bytes) -> Result<Box<RequestView>, Refusal> {
    check_body(asked.wire, body).map_err(Refusal::Unreadable)?;
    let named = asked.named.as_ref().map(|(model, streaming)| (&**model, *streaming));
    let view = RequestView::of(asked.wire, body, named).map_err(|why| Refusal::Unreadable(why.into()))?;
    Ok(Box::new(view))
}

/// How many tokens a request would be, by an estimate, as its wire says that.
pub(crate) fn counted(wire: WireFormat, ask: &RequestFacts) -> Bytes {
    let tokens = estimate_tokens(ask.text_bytes as u64);
    match wire {
        WireFormat::GenerateContent => gemini::count_answer(tokens),
        WireFormat::Messages
        | WireFormat::Chat
        | WireFormat::Responses
        | WireFormat::Converse
        | WireFormat::CohereChat
        | WireFormat::OllamaChat => messages::count_answer(tokens),
    }
}
