//! The driver's functions, one for each hook, and what they answer.

use super::content::LoweredContent;
use super::expected::{CoreAnswer, ExpectedReturn};
use crate::abi::contract::{Facts, Outcome};
use crate::abi::hook_call::{HookAnswer, HookCall};
use crate::guest_state::GuestState;
use wasmtime::{Error, Instance, Store, TypedFunc, WasmParams};

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
    store: &mut Store<GuestState>,
    name: &str,
) -> wasmtime::Result<Option<TypedFunc<P, ()>>> {
    let Some(function) = driver.get_func(&mut *store, name) else { return Ok(None) };
    function.typed(&*store).map(Some)
}

impl DirectHooks {
    pub(super) fn of(driver: &Instance, store: &mut Store<GuestState>) -> wasmtime::Result<Self> {
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
    pub(crate) async fn init(
        &self,
        store: &mut Store<GuestState>,
        settings: &str,
    ) -> wasmtime::Result<Result<(), String>> {
        let Some(init) = &self.init else { return Ok(Ok(())) };
        store.data_mut().desk.open(ExpectedReturn::Started, LoweredContent::Text(settings.to_owned()));
        init.call_async(&mut *store, ()).await?;
        match store.data_mut().desk.answered.take() {
            Some(CoreAnswer::Started(answer)) => Ok(answer),
            Some(CoreAnswer::Hook(_)) | None => Err(no_answer()),
        }
    }

    /// Makes a call.
    pub(crate) async fn ask(
        &self,
        store: &mut Store<GuestState>,
        facts: Facts,
        ask: HookCall,
    ) -> wasmtime::Result<HookAnswer> {
        let (function, number, expected, argument) = match ask {
            HookCall::Policy => (&self.policy, 0, ExpectedReturn::Verdict, LoweredContent::Nothing),
            HookCall::Router(offered) => {
                (&self.router, 0, ExpectedReturn::Routing, LoweredContent::Candidates(offered))
            }
            HookCall::UpstreamRequest(attempt) => {
                (&self.upstream_request, attempt, ExpectedReturn::Verdict, LoweredContent::Nothing)
            }
            HookCall::Response(status) => {
                (&self.response, status.into(), ExpectedReturn::Verdict, LoweredContent::Nothing)
            }
            HookCall::Event(events, last) => {
                (&self.event, last.into(), ExpectedReturn::Edits, LoweredContent::Events(events))
            }
            HookCall::Observe(outcome) => return self.observe(store, facts, &outcome).await,
        };
        let function = function.as_ref().ok_or_else(|| Error::msg("it has no such hook"))?;
        store.data_mut().desk.open(expected, argument);
        function.call_async(&mut *store, (u32::from(facts.streaming), facts.body_bytes, number)).await?;
        match store.data_mut().desk.answered.take() {
            Some(CoreAnswer::Hook(answer)) => Ok(answer),
            Some(CoreAnswer::Started(_)) | None => Err(no_answer()),
        }
    }

    async fn observe(
        &self,
        store: &mut Store<GuestState>,
        facts: Facts,
        outcome: &Outcome,
    ) -> wasmtime::Result<HookAnswer> {
        let function = self.observe.as_ref().ok_or_else(|| Error::msg("it has no such hook"))?;
        store
            .data_mut()
            .desk
            .open(ExpectedReturn::Verdict, outcome.code.clone().map_or(LoweredContent::Nothing, LoweredContent::Name));
        function.call_async(&mut *store, flat(facts, outcome)).await?;
        Ok(HookAnswer::Verdict(Ok(())))
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
