//! A request on its way, once it is known who asks and what.

use crate::request::record::Record;
use crate::worker::Worker;
use crate::worker::snapshot::Snapshot;
use bytes::Bytes;
use http::Method;
use std::rc::Rc;
use std::sync::Arc;
use weir_dialect::RequestFacts;
use weir_dialect::view::RequestView;
use weir_sandbox::Chain;
use weir_tenancy::Caller;

/// An answer that its provider keeps.
pub(crate) struct StoredAnswer {
    pub(crate) id: Box<str>,
    /// Who keeps it, by name.
    pub(crate) provider: Arc<str>,
    /// How it is asked for, where the request is for it alone.
    pub(crate) method: Option<Method>,
}

/// A request that has been read: who asks, what, and what plugins may see and change of it.
pub(crate) struct RequestContext {
    pub(crate) record: Box<Record>,
    pub(crate) caller: Caller,
    pub(crate) chain: Arc<Chain>,
    pub(crate) ask: RequestFacts,
    /// The index in the snapshot of the model that is asked for.
    pub(crate) model: usize,
    /// The body that `ask` was read from.
    pub(crate) body: Bytes,
    /// What the client wrote, where that is not what plugins see: `body` began as what is shown of it.
    pub(crate) view: Option<Box<RequestView>>,
    /// The answer that its provider keeps that the request is about, or goes on from.
    pub(crate) stored: Option<Box<StoredAnswer>>,
}

impl RequestContext {
    /// What serves it.
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.record.held.snapshot
    }

    /// The request for whoever reads on when the client has left, with all that is to be settled of it.
    pub(crate) fn left_behind(&mut self) -> Self {
        let mut record = Box::new(self.record.hand_over());
        record.client_left();
        Self {
            record,
            caller: self.caller.clone(),
            chain: Arc::clone(&self.chain),
            ask: self.ask.clone(),
            model: self.model,
            body: Bytes::new(),
            view: None,
            stored: None,
        }
    }

    /// How an answer is asked for that its provider keeps, where the request is for that alone.
    pub(crate) fn asks_for_stored(&self) -> Option<(&Method, &str)> {
        let stored = self.stored.as_ref()?;
        Some((stored.method.as_ref()?, &stored.id))
    }

    /// Who serves it.
    pub(crate) fn worker(&self) -> Rc<Worker> {
        Rc::clone(self.record.worker())
    }
}
