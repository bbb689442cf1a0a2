//! What writers of parts are told.

use crate::canon::{CacheMark, FieldLosses, JsonText, JsonWriter, RawJson, RawMembers, ThoughtSignature};
use crate::translate::ids::ToolIdGrammar;
use crate::translate::signatures;
use crate::wire::Vendor;

/// What writers of parts are told, and where they say what they could not carry.
pub(super) struct ChatWriting<'a> {
    /// It came in this wire: what only this wire has is written back.
    pub(super) own: bool,
    /// Who reads signatures; none if a client keeps them.
    pub(super) reader: Option<Vendor>,
    /// The model takes marks for the cache.
    pub(super) marks: bool,
    /// What the other side takes for the identifier of a tool call.
    pub(super) ids: ToolIdGrammar,
    /// Files and sounds are parts of the form that Mistral has for them.
    pub(super) document_url: bool,
    pub(super) losses: &'a mut FieldLosses,
}

impl ChatWriting<'_> {
    /// What to write for a signature: what was read, of its own wire; wrapped for a client to keep; or as its model reads it, and
    /// none for another model.
    pub(super) fn signature(&self, signature: &ThoughtSignature, slot: Vendor) -> Option<JsonText> {
        match self.reader {
            Some(reader) if !self.own => signatures::readable(signature, reader).cloned(),
            _ => Some(signatures::carried(signature, slot, signature.kind)),
        }
    }

    /// Members of an object that only this wire has, but for those that are written otherwise.
    pub(super) fn rest(&mut self, out: &mut JsonWriter, within: &'static str, extra: &RawMembers, but: &[&str]) {
        if !self.own {
            self.losses.lose_extras(within, extra);
            return;
        }
        for (name, value) in extra.iter().filter(|(name, _)| !but.iter().any(|but| but.as_bytes() == *name)) {
            out.name_raw(name).raw(value);
        }
    }

    /// A mark for the cache behind a part, for a model that takes it; others keep what they like.
    pub(super) fn cache(&mut self, out: &mut JsonWriter, mark: Option<&CacheMark>) {
        let Some(mark) = mark else { return };
        if self.own {
            out.members(&mark.extra);
        } else if self.marks {
            out.name("prompt_cache_breakpoint").open().name("mode").string("explicit").close();
        } else {
            self.losses.lose("messages.content.cache_control");
        }
    }
}

/// Takes the mark for the cache out of a part or a tool: OpenAI's, or Anthropic's as OpenRouter and others have it.
pub(super) fn take_cache(members: &mut RawMembers) -> Option<CacheMark> {
    for name in ["prompt_cache_breakpoint", "cache_control"] {
        if let Some(raw) =
            members.take_as(name, |raw| raw.members().get("type").or(raw.members().get("mode")).map(|_| raw.clone()))
        {
            let mut extra = RawMembers::default();
            let ttl = raw.members().take_text("ttl");
            extra.push(name, raw);
            extra.hush(name);
            return Some(CacheMark { ttl, extra });
        }
    }
    None
}

/// The same member again, for its own wire alone.
pub(super) fn keep(extra: &mut RawMembers, name: &str, raw: RawJson) {
    extra.push(name, raw);
    extra.hush(name);
}

/// Takes an object out of an object. What is left in it when it was read is to be given back by [`put_back`].
pub(super) fn take_object(members: &mut RawMembers, name: &str) -> RawMembers {
    members.take_members(name).unwrap_or_default()
}

/// Gives back what was left of an object that was read, if anything was.
pub(super) fn put_back(members: &mut RawMembers, name: &str, left: &RawMembers) {
    if !left.is_empty() {
        members.push(name, object(left));
    }
}

/// Members as an object.
pub(super) fn object(members: &RawMembers) -> RawJson {
    let mut out = JsonWriter::default();
    out.open().members(members).close();
    out.finish_raw()
}

/// The members of an object within an object; none if there is none.
pub(super) fn within(extra: &RawMembers, name: &str) -> RawMembers {
    extra.get(name).map(RawJson::members).unwrap_or_default()
}

/// A text that says something; another one stays.
pub(super) fn take_said(members: &mut RawMembers, name: &str) -> Option<JsonText> {
    members.take_as(name, |raw| raw.text().filter(|text| !text.is_empty()))
}
