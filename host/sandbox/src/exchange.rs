//! What the journey lends a plugin for the time of a call.

mod all_text;
mod events;
mod headers;
mod left;
mod notes;
mod reply;
mod told;

use all_text::Told;
pub(crate) use events::CallEvents;
pub(crate) use headers::{visible, writable_name, writable_reply_name};
pub use reply::{LateHeaders, Reply};

use crate::abi::contract::{Facts, Text};
use bytes::Bytes;
use headers::put;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderMap, HeaderValue};
use notes::RequestNotes;
use std::sync::Arc;
use std::time::Duration;
use weir_dialect::{Decided, Document, RequestFacts};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What the hook at hand may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Nothing: router, observe.
    Read,
    /// The request: `policy`.
    Request,
    /// The request as it goes out in one attempt: `upstream-request`.
    Attempt,
    /// The reply: `response`.
    Reply,
    /// The events of the call: `event`.
    Events,
}

/// What stood before a plugin wrote, in case it faults and its binding says to go on without it.
#[derive(Debug)]
struct Saved {
    headers: HeaderMap,
    /// Of the reply.
    late: Option<LateHeaders>,
    body: Document,
    added: usize,
}

/// What names a request. Plugins ask for these one by one, for most of them want none.
#[derive(Debug, Clone)]
pub struct About {
    /// The tenant's name.
    pub tenant: Arc<str>,
    /// The gateway's id of the request.
    pub request_id: Arc<str>,
    /// The model as asked for, or as rewritten.
    pub model: Arc<str>,
    /// The dialect of the request and what is asked, such as `openai.chat`.
    pub dialect: &'static str,
    /// What every hook is told.
    pub facts: Facts,
}

/// Somebody who is asked, by the names of the configuration.
#[derive(Debug, Clone)]
pub struct AskedTarget {
    /// The provider's name.
    pub provider: Arc<str>,
    /// The model's name there.
    pub model: Arc<str>,
}

/// One request and, in time, its response, lent to the plugins that run on it. Boxed is what few requests have, for all of
/// this is made for each of them.
#[derive(Debug)]
pub struct Exchange {
    /// What names it.
    pub about: Arc<About>,
    /// Who is asked, or answered last.
    pub asked: Option<AskedTarget>,
    /// The client's headers, as plugins rewrote them.
    pub headers: HeaderMap,
    /// Names of headers that a `policy` plugin set: these go upstream, whatever the gateway's own list says.
    pub added: Vec<HeaderName>,
    /// The client's body.
    pub request: Document,
    /// Headers and body of the attempt at hand.
    pub attempt: Option<Box<(HeaderMap, Document)>>,
    /// What was decided of the attempt at hand, and stays whatever its plugins write.
    pub decided: Option<Box<Decided>>,
    /// What plugins have made of the request, or of the attempt, and what that asks; nothing while none has changed it.
    pub reread: Option<Box<(RequestFacts, Bytes)>>,
    /// The whole response, once there is one.
    pub reply: Option<Reply>,
    /// The events of the call at hand.
    pub(crate) events: CallEvents,
    /// How long its plugins have waited for callouts.
    pub waited: Duration,
    /// The request's texts as the last `policy` plugin read them, after so many changes of the body.
    texts: Option<(u64, Arc<[Text]>)>,
    /// All text of the request, or of the reply, as a plugin read it last.
    all_text: Told,
    notes: RequestNotes,
    access: Access,
    keep_old: bool,
    saved: Option<Box<Saved>>,
    /// How often the body that the call may change had been changed before it.
    began: u64,
}

impl Exchange {
    /// A request as it stands after it was read.
    #[must_use]
    pub fn new(about: Arc<About>, headers: HeaderMap, request: Document) -> Self {
        Self {
            about,
            asked: None,
            headers,
            added: Vec::new(),
            request,
            attempt: None,
            decided: None,
            reread: None,
            reply: None,
            events: CallEvents::default(),
            waited: Duration::ZERO,
            texts: None,
            all_text: Told::default(),
            notes: RequestNotes::default(),
            access: Access::Read,
            keep_old: false,
            saved: None,
            began: 0,
        }
    }

    /// Lets go of what only an attempt, or a call that writes, has need of; answers the bytes that it still holds, nearly.
    pub fn finish(&mut self) -> usize {
        self.attempt = None;
        self.forget_told(Access::Read);
        self.saved = None;
        self.events = CallEvents::default();
        let reply = self.reply.as_ref().map_or(0, |reply| reply.body.len());
        self.request.len().saturating_add(reply).saturating_add(self.notes.bytes())
    }

    /// Sets what the coming call may change, and whether to remember what stood before it.
    pub(crate) fn begin(&mut self, access: Access, keep_old: bool) {
        self.forget_told(access);
        self.access = access;
        self.keep_old = keep_old;
        self.saved = None;
        self.began = self.current().map_or(0, |(_, body)| body.changes());
    }

    /// Undoes the writes of the call that just faulted.
    pub(crate) fn undo(&mut self) {
        let Some(saved) = self.saved.take() else { return };
        self.texts = None;
        if let Some((headers, body)) = self.current() {
            *headers = saved.headers;
            *body = saved.body;
            self.added.truncate(saved.added);
        }
        if let (Access::Reply, Some(reply)) = (self.access, &mut self.reply) {
            reply.late = saved.late;
        }
    }

    fn current(&mut self) -> Option<(&mut HeaderMap, &mut Document)> {
        match self.access {
            Access::Read | Access::Events => None,
            Access::Request => Some((&mut self.headers, &mut self.request)),
            Access::Attempt => self.attempt.as_deref_mut().map(|(headers, body)| (headers, body)),
            Access::Reply => self.reply.as_mut().map(|reply| (&mut reply.headers, &mut reply.body)),
        }
    }

    /// The side that a write goes to, after remembering it if need be.
    fn writable(&mut self, access: &[Access]) -> Result<(&mut HeaderMap, &mut Document), String> {
        if !access.contains(&self.access) {
            return Err("this hook cannot change that".to_owned());
        }
        if self.keep_old && self.saved.is_none() {
            let added = self.added.len();
            let late = self.reply.as_ref().and_then(|reply| reply.late.clone());
            let saved =
                |(h, b): (&mut HeaderMap, &mut Document)| Saved { headers: h.clone(), late, body: b.clone(), added };
            self.saved = self.current().map(saved).map(Box::new);
        }
        self.current().ok_or_else(|| "there is nothing to change".to_owned())
    }

    /// The request's side for reading: the attempt's while there is one.
    pub(crate) fn request_side(&mut self) -> (&mut HeaderMap, &mut Document) {
        match (self.attempt.as_deref_mut(), self.access) {
            (Some((headers, body)), Access::Attempt) => (headers, body),
            _ => (&mut self.headers, &mut self.request),
        }
    }

    /// The events of the call for writing, or why not.
    pub(crate) fn events_mut(&mut self) -> Result<&mut CallEvents, String> {
        if self.access == Access::Events {
            Ok(&mut self.events)
        } else {
            Err("this hook cannot change that".to_owned())
        }
    }

    /// The request's side for writing, or why not.
    pub(crate) fn request_mut(&mut self) -> Result<(&mut HeaderMap, &mut Document), String> {
        self.writable(&[Access::Request, Access::Attempt])
    }

    /// Whether a header of the request may be written by the hook at hand. What the body is, is decided when it leaves for a
    /// target; before, no header of the client's says it.
    fn may_write(&self, name: &HeaderName) -> Result<(), String> {
        if self.access == Access::Attempt && *name == CONTENT_TYPE {
            return Err(format!("`{name}` is the gateway's own here"));
        }
        Ok(())
    }

    /// Takes a header of the request away.
    pub(crate) fn remove_request_header(&mut self, name: &HeaderName) -> Result<(), String> {
        self.may_write(name)?;
        self.request_mut()?.0.remove(name);
        Ok(())
    }

    /// Sets a header of the request.
    pub(crate) fn set_request_header(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), String> {
        self.may_write(&name)?;
        let policy = self.access == Access::Request;
        put(self.request_mut()?.0, name.clone(), value)?;
        if policy && !self.added.contains(&name) {
            self.added.push(name);
        }
        Ok(())
    }

    /// Bytes of the largest body that a host call may have to go through.
    pub(crate) fn largest(&self) -> u32 {
        let bodies = [
            Some(&self.request),
            self.attempt.as_ref().map(|attempt| &attempt.1),
            self.reply.as_ref().map(|r| &r.body),
        ];
        // What was written into a body does not count in its length yet.
        let length = |body: &Document| if body.is_changed() { usize::MAX } else { body.len() };
        let largest = bodies.into_iter().flatten().map(length).max();
        u32::try_from(largest.unwrap_or_default()).unwrap_or(u32::MAX)
    }

    /// Bytes of the bodies that the call at hand can look at: of the request, or of the attempt in its place, and with it of
    /// the reply or of the events.
    pub(crate) fn at_hand(&self) -> usize {
        let request = match (&self.attempt, self.access) {
            (Some(attempt), Access::Attempt) => attempt.1.len(),
            _ => self.request.len(),
        };
        let reply = self.reply.as_ref().map_or(0, |reply| reply.body.len());
        request + reply + self.events.bytes()
    }

    /// The reply's side for reading.
    pub(crate) fn reply_side(&mut self) -> Option<&mut Reply> {
        self.reply.as_mut()
    }

    /// The reply's body for writing, or why not.
    pub(crate) fn reply_body(&mut self) -> Result<&mut Document, String> {
        Ok(self.writable(&[Access::Reply])?.1)
    }

    /// Sets a header of the reply.
    pub(crate) fn set_reply_header(&mut self, name: HeaderName, value: HeaderValue) -> Result<(), String> {
        self.writable(&[Access::Reply])?;
        let reply = self.reply.as_mut().ok_or_else(|| "there is nothing to change".to_owned())?;
        put(reply.headers(), name, value)
    }

    /// A note of a plugin.
    pub(crate) fn note(&self, plugin: u64, key: &str) -> Option<Bytes> {
        self.notes.get(plugin, key)
    }

    /// Writes a note of a plugin, or leaves everything as it is if the bounds are reached.
    pub(crate) fn set_note(&mut self, plugin: u64, key: &str, value: Bytes) -> Result<(), String> {
        self.notes.set(plugin, key, value)
    }
}
