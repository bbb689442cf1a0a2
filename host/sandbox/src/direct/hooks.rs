//! The driver's functions, one for each hook, and what they answer.

use super::lift::Reader;
use super::parcel::Content;
use crate::contract::{Edit, Facts, Outcome, Refusal, Routing};
use crate::host::Host;
use wasmtime::{Error, Instance, Store, TypedFunc};

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
pub(crate) enum Answered {
    Started(Result<(), String>),
    Verdict(Result<(), Refusal>),
    Routing(Result<Routing, Refusal>),
    Edits(Result<Vec<Edit>, Refusal>),
}

impl Expected {
    pub(super) fn read(self, reader: &mut Reader<'_>, at: u32) -> wasmtime::Result<Answered> {
        Ok(match self {
            Self::Started => Answered::Started(reader.started(at)?),
            Self::Verdict => Answered::Verdict(reader.verdict(at)?),
            Self::Routing => Answered::Routing(reader.routing(at)?),
            Self::Edits => Answered::Edits(reader.edits(at)?),
        })
    }
}

/// `facts`, flat: whether a stream, bytes of the body.
type Told = (u32, u32);
/// The outcome, flat, but for the text of its code.
type Flat = (u32, u32, u32, u32, u32, u64, u64, u32, u64, u64);

/// The hooks of a direct instance.
pub(crate) struct DirectHooks {
    init: Option<TypedFunc<(), ()>>,
    policy: Option<TypedFunc<Told, ()>>,
    router: Option<TypedFunc<Told, ()>>,
    upstream_request: Option<TypedFunc<(u32, u32, u32), ()>>,
    response: Option<TypedFunc<(u32, u32, u32), ()>>,
    event: Option<TypedFunc<(u32, u32, u32), ()>>,
    observe: Option<TypedFunc<Flat, ()>>,
}

fn told(facts: &Facts) -> Told {
    (u32::from(facts.streaming), facts.body_bytes)
}

fn wrong<T>() -> wasmtime::Result<T> {
    Err(Error::msg("it answered something else"))
}

impl DirectHooks {
    pub(super) fn of(driver: &Instance, store: &mut Store<Host>) -> wasmtime::Result<Self> {
        fn find<P: wasmtime::WasmParams>(
            driver: &Instance,
            store: &mut Store<Host>,
            name: &str,
        ) -> wasmtime::Result<Option<TypedFunc<P, ()>>> {
            let Some(function) = driver.get_func(&mut *store, name) else { return Ok(None) };
            function.typed(&*store).map(Some)
        }
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
        match enter(init, store, (), (Expected::Started, Content::Text(settings.to_owned()))).await? {
            Answered::Started(answer) => Ok(answer),
            Answered::Verdict(_) | Answered::Routing(_) | Answered::Edits(_) => wrong(),
        }
    }

    pub(crate) async fn policy(&self, store: &mut Store<Host>, facts: &Facts) -> Verdict {
        verdict(self.policy.as_ref(), store, told(facts)).await
    }

    pub(crate) async fn upstream_request(&self, store: &mut Store<Host>, facts: &Facts, attempt: u32) -> Verdict {
        let (streaming, bytes) = told(facts);
        verdict(self.upstream_request.as_ref(), store, (streaming, bytes, attempt)).await
    }

    pub(crate) async fn response(&self, store: &mut Store<Host>, facts: &Facts, status: u16) -> Verdict {
        let (streaming, bytes) = told(facts);
        verdict(self.response.as_ref(), store, (streaming, bytes, status.into())).await
    }

    pub(crate) async fn router(
        &self,
        store: &mut Store<Host>,
        facts: &Facts,
        candidates: std::sync::Arc<[crate::contract::Candidate]>,
    ) -> wasmtime::Result<Result<Routing, Refusal>> {
        let asked = (Expected::Routing, Content::Candidates(candidates));
        match enter(there(self.router.as_ref())?, store, told(facts), asked).await? {
            Answered::Routing(answer) => Ok(answer),
            Answered::Started(_) | Answered::Verdict(_) | Answered::Edits(_) => wrong(),
        }
    }

    pub(crate) async fn event(
        &self,
        store: &mut Store<Host>,
        facts: &Facts,
        (events, last): (Vec<crate::contract::StreamEvent>, bool),
    ) -> wasmtime::Result<Result<Vec<Edit>, Refusal>> {
        let (streaming, bytes) = told(facts);
        let asked = (Expected::Edits, Content::Events(events));
        match enter(there(self.event.as_ref())?, store, (streaming, bytes, last.into()), asked).await? {
            Answered::Edits(answer) => Ok(answer),
            Answered::Started(_) | Answered::Verdict(_) | Answered::Routing(_) => wrong(),
        }
    }

    pub(crate) async fn observe(
        &self,
        store: &mut Store<Host>,
        facts: &Facts,
        outcome: &Outcome,
    ) -> wasmtime::Result<()> {
        let (streaming, bytes) = told(facts);
        let code = outcome.code.clone().map_or(Content::Nothing, Content::Name);
        let coded = u32::from(outcome.code.is_some());
        let flat = (
            (streaming, bytes, outcome.status.into(), coded, outcome.attempts),
            (outcome.input_tokens, outcome.output_tokens, outcome.provenance as u32),
            (outcome.duration_us, outcome.first_byte_us),
        );
        let ((a, b, c, d, e), (f, g, h), (i, j)) = flat;
        let function = there(self.observe.as_ref())?;
        store.data_mut().desk.open(Expected::Verdict, code);
        function.call_async(store, (a, b, c, d, e, f, g, h, i, j)).await
    }
}

type Verdict = wasmtime::Result<Result<(), Refusal>>;

fn there<T>(function: Option<&T>) -> wasmtime::Result<&T> {
    function.ok_or_else(|| Error::msg("it has no such hook"))
}

async fn verdict<P: wasmtime::WasmParams + Sync>(
    function: Option<&TypedFunc<P, ()>>,
    store: &mut Store<Host>,
    params: P,
) -> Verdict {
    match enter(there(function)?, store, params, (Expected::Verdict, Content::Nothing)).await? {
        Answered::Verdict(answer) => Ok(answer),
        Answered::Started(_) | Answered::Routing(_) | Answered::Edits(_) => wrong(),
    }
}

/// Calls the driver; answers what the guest did.
async fn enter<P: wasmtime::WasmParams + Sync>(
    function: &TypedFunc<P, ()>,
    store: &mut Store<Host>,
    params: P,
    (expected, argument): (Expected, Content),
) -> wasmtime::Result<Answered> {
    store.data_mut().desk.open(expected, argument);
    function.call_async(&mut *store, params).await?;
    store.data_mut().desk.answered.take().ok_or_else(|| Error::msg("it gave no answer"))
}
