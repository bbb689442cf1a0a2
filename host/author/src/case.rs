//! A request to try a plugin on, and what is expected of it: the files behind `--case`.
//!
//! ```json
//! {
//!   "hook": "policy",
//!   "settings": { "deny": ["bluebird"] },
//!   "tenant": "acme", "model": "m", "dialect": "openai.chat", "streaming": false,
//!   "headers": { "x-team": "red" },
//!   "body": { "model": "m", "messages": [{ "role": "user", "content": "Hello" }] },
//!   "expect": { "decision": "pass", "headers": { "x-checked-by": "word-policy" }, "body": { "/user": "acme" } }
//! }
//! ```
//!
//! Everything but `hook` may be left out. A body that is a string is taken as the JSON text itself, so that escapes stay.
//! A file holds one case, or `{ "cases": [ … ] }` with a `name` in each. `docs/plugin-tools.md` has every key.

mod expect;
mod message;
mod parts;

use std::path::Path;

use serde_json::{Value as Json, json};
use weir_config::Grant;
use weir_dialect::DialectCall;
use weir_sandbox::{Candidate, HookKind, Outcome};

use crate::AuthorError;
use crate::place::{ValueAt, Wrong};

pub(crate) use expect::{Decision, Expect};
pub(crate) use message::{AttemptCase, MessageCase};
pub use parts::usual_outcome;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

const KEYS: [&str; 19] = [
    "name",
    "hook",
    "settings",
    "tenant",
    "model",
    "dialect",
    "streaming",
    "headers",
    "body",
    "candidates",
    "attempt",
    "reply",
    "events",
    "outcome",
    "grants",
    "kv",
    "expect",
    "id",
    "note",
];

/// One case.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) name: String,
    pub(crate) hook: HookKind,
    pub(crate) settings: Json,
    pub(crate) tenant: String,
    pub(crate) id: String,
    pub(crate) model: String,
    pub(crate) call: DialectCall,
    pub(crate) streaming: bool,
    pub(crate) request: MessageCase,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) attempt: AttemptCase,
    pub(crate) status: u16,
    pub(crate) reply: MessageCase,
    /// Batches of events: texts, or data.
    pub(crate) events: Vec<Vec<Json>>,
    pub(crate) outcome: Outcome,
    /// None grants what the plugin needs.
    pub(crate) grants: Option<Vec<Grant>>,
    pub(crate) kv: Vec<(String, Vec<u8>)>,
    pub(crate) expect: Option<Expect>,
}

/// The cases of a file.
pub(crate) fn read(file: &Path) -> Result<Vec<Case>, AuthorError> {
    let text = crate::read::text(file)?;
    let wrong = |place: String, what: String| AuthorError::Case { file: file.to_owned(), place, what };
    let json: Json = serde_json::from_str(&text)
        .map_err(|e| wrong(format!("line {}, column {}", e.line(), e.column()), format!("not JSON: {e}")))?;
    cases(&ValueAt::top(&json)).map_err(|w| wrong(w.place, w.what))
}

fn cases(top: &ValueAt<'_>) -> Result<Vec<Case>, Wrong> {
    let Some(list) = top.get("cases") else { return Ok(vec![Case::read(top, 1)?]) };
    top.only(&["cases", "note"])?;
    let items = list.items()?;
    if items.is_empty() {
        return Err(list.wrong("there is no case in it"));
    }
    items.iter().enumerate().map(|(at, item)| Case::read(item, at + 1)).collect()
}

impl Case {
    /// A case with everything left to its default: for what needs a call, whatever it is about.
    pub(crate) fn plain(hook: HookKind) -> Result<Self, AuthorError> {
        let json = json!({ "hook": hook.name() });
        Self::read(&ValueAt::top(&json), 1).map_err(|wrong| AuthorError::Ground(wrong.what))
    }

    fn read(at: &ValueAt<'_>, nth: usize) -> Result<Self, Wrong> {
        at.only(&KEYS)?;
        let hooks = HookKind::ALL.map(|hook| (hook.name(), hook));
        let hook = at.get("hook").ok_or_else(|| at.wrong("`hook` is missing: which hook is to be called?"))?;
        let hook = hook.choice(&hooks)?;
        let text = |key: &str, default: &str| at.get(key).map_or(Ok(default), |p| p.text()).map(str::to_owned);
        let dialects = DialectCall::ALL.map(|call| (call.contract_name(), call));
        let call = at.get("dialect").map_or(Ok(DialectCall::OPENAI_CHAT), |place| place.choice(&dialects))?;
        let body = at.get("body");
        let asked = body.as_ref().and_then(|body| body.value.get("model")).and_then(Json::as_str).unwrap_or("m");
        let model = text("model", asked)?;
        let usual = parts::usual_body(call, &model);
        let request = MessageCase { headers: parts::headers(at.get("headers"))?, body: parts::body(body, &usual)? };
        Ok(Self {
            name: text("name", &format!("case {nth}"))?,
            hook,
            settings: parts::settings(at.get("settings"))?,
            tenant: parts::tenant(at.get("tenant"))?,
            id: text("id", "req-of-this-case")?,
            streaming: at.get("streaming").map_or(Ok(hook == HookKind::Event), |place| place.flag())?,
            candidates: parts::candidates(at.get("candidates"), &model)?,
            attempt: parts::attempt(at.get("attempt"), &request, &model)?,
            status: parts::status(at.get("reply"))?,
            reply: parts::reply(at.get("reply"), &model)?,
            events: parts::events(at.get("events"))?,
            outcome: parts::outcome(at.get("outcome"))?,
            grants: at.get("grants").map(|place| parts::grants(&place)).transpose()?,
            kv: parts::kv(at.get("kv"))?,
            expect: at.get("expect").map(|place| Expect::read(&place)).transpose()?,
            model,
            call,
            request,
        })
    }
}
