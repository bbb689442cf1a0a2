//! The body that goes to the upstream.

use bytes::Bytes;

use super::facts::RequestFacts;
use super::read;
use crate::Operation;
use crate::splice::{Patch, splice};

impl RequestFacts {
    /// The body for an upstream that calls the model `upstream_model`, asked to send usage at the end of a stream if
    /// `ask_usage`. Only those bytes differ from `body`; if none has to, it is `body` itself, shared.
    ///
    /// `body` is the one that this was read from. After an edit, [read](crate::DialectCall::read_request) it again; should a body of another length be
    /// given all the same, it is read anew here, and comes back as it is if it cannot be read.
    pub fn outgoing(&self, body: &Bytes, upstream_model: &str, ask_usage: bool) -> Bytes {
        if body.len() != self.body_len {
            return match read(self.call.operation, body) {
                Ok(fresh) => fresh.outgoing(body, upstream_model, ask_usage),
                Err(_) => body.clone(),
            };
        }
        let rename = upstream_model != &*self.model;
        let model = rename.then_some((self.model_span, Patch::Quoted("", upstream_model, "")));
        let ask_usage = ask_usage && self.streaming && self.call.operation == Operation::Chat;
        let usage = self.usage_patch.filter(|_| ask_usage).map(|(span, json)| (span, Patch::Json(json)));
        match (model, usage) {
            (None, None) => body.clone(),
            (Some(one), None) | (None, Some(one)) => splice(body, &[one]),
            (Some(model), Some(usage)) if model.0.start < usage.0.start => splice(body, &[model, usage]),
            (Some(model), Some(usage)) => splice(body, &[usage, model]),
        }
    }
}
