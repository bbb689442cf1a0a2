//! A request as plugins see it.

use std::sync::Arc;

use bytes::Bytes;

use crate::canon::{ChatRequest, DecodeFault, FieldLosses, RawJson, TargetQuirks, TargetRules};
use crate::wire::{Vendor, WireFormat};
use crate::{chat, translate};

/// A request of another wire than chat, and what plugins are shown of it.
#[derive(Debug)]
pub struct RequestView {
    body: Bytes,
    original: ChatRequest,
    shown: Bytes,
}

/// What goes on, after plugins.
#[derive(Debug)]
pub enum MergedRequest {
    /// Nothing but perhaps the model's name differs.
    Same,
    /// The request with what plugins changed.
    Changed(Box<ChatRequest>),
}

impl RequestView {
    /// The view of a client's body. `path`: model and whether a stream is wanted, where the wire's path says that (Gemini,
    /// Converse); none for wires that name them in the body.
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no request of this wire.
    pub fn of(wire: WireFormat, body: &Bytes, path: Option<(&str, bool)>) -> Result<Self, DecodeFault> {
        let raw = RawJson::parse(body.clone())?;
        let original = translate::decode_request(wire, &raw, path.unwrap_or_default())?;
        let rules = TargetRules {
            model: Arc::from(&*original.model),
            max_output: None,
            vendor: Vendor::Other,
            ask_usage: false,
            quirks: TargetQuirks::default(),
        };
        let shown = chat::encode_request(&original, &rules, &mut FieldLosses::default());
        Ok(Self { body: body.clone(), original, shown })
    }

    /// The view: a request for a chat completion.
    #[must_use]
    pub fn shown(&self) -> &Bytes {
        &self.shown
    }

    /// The request as it was read.
    #[must_use]
    pub fn original(&self) -> &ChatRequest {
        &self.original
    }

    /// The client's body.
    #[must_use]
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// What goes on, after plugins made `changed` of [`shown`](Self::shown).
    ///
    /// # Errors
    /// [`DecodeFault`]: it is no chat completion request any more.
    pub fn merged(&self, changed: &Bytes) -> Result<MergedRequest, DecodeFault> {
        if *changed == self.shown {
            return Ok(MergedRequest::Same);
        }
        let changed = chat::decode_request(&RawJson::parse(changed.clone())?)?;
        let mut same = chat::decode_request(&RawJson::parse(self.shown.clone())?)?;
        same.model.clone_from(&changed.model);
        Ok(if same == changed { MergedRequest::Same } else { MergedRequest::Changed(Box::new(changed)) })
    }

    /// The client's body with another model's name in it, every other byte as it was. Of a wire whose path names the model, the
    /// body as it is.
    #[must_use]
    pub fn renamed(&self, model: &str) -> Bytes {
        renamed(&self.body, model).unwrap_or_else(|| self.body.clone())
    }
}

/// A body with another value in its last member `model`.
fn renamed(body: &Bytes, model: &str) -> Option<Bytes> {
    let raw = RawJson::parse(body.clone()).ok()?;
    let members = raw.members();
    let old = members.get("model").and_then(RawJson::text)?;
    let start = (old.token().as_ptr() as usize).checked_sub(body.as_ptr() as usize)?;
    let (before, rest) = body.split_at_checked(start)?;
    let after = rest.get(old.token().len()..)?;
    let mut out = Vec::with_capacity(body.len() + model.len());
    out.extend_from_slice(before);
    weir_http::json::escape_into(&mut out, model);
    out.extend_from_slice(after);
    Some(out.into())
}
