//! The driver's functions, one for each hook, and what they answer.

use super::content::Content;
use super::lift::Reader;
use crate::ask::{Answer, Ask};
use crate::contract::{Facts, Outcome};
use crate::host::Host;
use wasmtime::{Error, Instance, Store, TypedFunc, WasmParams};

/// What a call is to answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Expected {
    #[default]
    Started,
    Verdict,
    Routing,
    Edits,
}

/// What a call answered.
#[derive(Debug)]
pub(super) enum Answered {
    Started(Result<(), String>),
    Hook(Answer),
}

impl Expected {
    pub(super) fn read(self, reader: &mut Reader<'_>, at: u32) -> wasmtime::Result<Answered> {
        Ok(match self {
            Self::Started => Answered::Started(reader.started(at)?),
            Self::Verdict => Answered::Hook(Answer::Verdict(reader.verdict(at)?)),
            Self::Routing => Answered::Hook(Answer::Routing(reader.routing(at)?)),
            Self::Edits => Answered::Hook(Answer::Edits(reader.edits(at)?)),
        })
    }
}

/// What most hooks are told: whether it is a stream, bytes of the body, and a number of the hook's own or 0. One type for
/// all of them, so that there is one way in.
type Told = (u32, u32, u32);
/// The outcome, flat, but for the text of its code.
type Flat = (u32, u32, u32, u32, u32, u64, u64, u32, u64, u64);

/// The hooks of a direct instance.
pub(crate) struct DirectHooks {
    init: Option<TypedFunc<(), ()>>,
    policy: Option<TypedFunc<Told, ()>>,
    router: Option<TypedFunc<Told, ()>>,
    upstream_request: Option<TypedFunc<Told, ()>>,
    response: Option<TypedFunc<Told, ()>>,
    event: Option<TypedFunc<Told, ()>>,
    observe: Option<TypedFunc<Flat, ()>>,
}

fn find<P: WasmParams>(
    driver: &Instance,
    store: &mut Store<Host>,
    name: &str,
) -> wasmtime::Result<Option<TypedFunc<P, ()>>> {
    let Some(function) = driver.get_func(&mut *store, name) else { return Ok(None) };
    function.typed(&*store).map(Some)
}

impl DirectHooks {
    pub(super) fn of(driver: &Instance, store: &mut Store<Host>) -> wasmtime::Result<Self> {
        Ok(Self {
            init: find(driver, store, "lifecycle")?,
            policy: find(driver, store, "policy")?,
            router: find(driver, store, "router")?,
            upstream_request: find(driver, store, "upstream-request")?,
            response: find(driver, store, "response")?,
            event: find(driver, store, "event")?,
            observe: find(driver, store, "observe")?,
        })
    }

    /// Runs `lifecycle.init`, if there is one.
    pub(crate) async fn init(&self, store: &mut Store<Host>, settings: &str) -> wasmtime::Result<Result<(), String>> {
        let Some(init) = &self.init else { return Ok(Ok(())) };
        store.data_mut().desk.open(Expected::Started, Content::Text(settings.to_owned()));
        init.call_async(&mut *store, ()).await?;
        match store.data_mut().desk.answered.take() {
            Some(Answered::Started(answer)) => Ok(answer),
            Some(Answered::Hook(_)) | None => Err(no_answer()),
        }
    }

    /// Makes a call.
    pub(crate) async fn ask(&self, store: &mut Store<Host>, facts: Facts, ask: Ask) -> wasmtime::Result<Answer> {
        let (function, number, expected, argument) = match ask {
            Ask::Policy => (&self.policy, 0, Expected::Verdict, Content::Nothing),
            Ask::Router(offered) => (&self.router, 0, Expected::Routing, Content::Candidates(offered)),
            Ask::UpstreamRequest(attempt) => (&self.upstream_request, attempt, Expected::Verdict, Content::Nothing),
            Ask::Response(status) => (&self.response, status.into(), Expected::Verdict, Content::Nothing),
            Ask::Event(events, last) => (&self.event, last.into(), Expected::Edits, Content::Events(events)),
            Ask::Observe(outcome) => return self.observe(store, facts, &outcome).await,
        };
        let function = function.as_ref().ok_or_else(|| Error::msg("it has no such hook"))?;
        store.data_mut().desk.open(expected, argument);
        function.call_async(&mut *store, (u32::from(facts.streaming), facts.body_bytes, number)).await?;
        match store.data_mut().desk.answered.take() {
            Some(Answered::Hook(answer)) => Ok(answer),
            Some(Answered::Started(_)) | None => Err(no_answer()),
        }
    }

    async fn observe(&self, store: &mut Store<Host>, facts: Facts, outcome: &Outcome) -> wasmtime::Result<Answer> {
        let function = self.observe.as_ref().ok_or_else(|| Error::msg("it has no such hook"))?;
        store.data_mut().desk.open(Expected::Verdict, outcome.code.clone().map_or(Content::Nothing, Content::Name));
        function.call_async(&mut *store, flat(facts, outcome)).await?;
        Ok(Answer::Verdict(Ok(())))
    }
}

fn flat(facts: Facts, outcome: &Outcome) -> Flat {
    let coded = u32::from(outcome.code.is_some());
    (
        u32::from(facts.streaming),
        facts.body_bytes,
        outcome.status.into(),
        coded,
        outcome.attempts,
        outcome.input_tokens,
        outcome.output_tokens,
        outcome.provenance as u32,
        outcome.duration_us,
        outcome.first_byte_us,
    )
}

fn no_answer() -> Error {
    Error::msg("it gave no answer")
}
