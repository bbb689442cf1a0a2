//! `weir:plugin/callouts`: HTTP requests to where the operator allows it.
//!
//! The guest is parked while it waits: its thread serves others, nothing of the wait is CPU time, and when the request
//! that it works for is dropped, so is the callout.

mod message;
mod url;

use message::OutgoingCallout;

use super::host_fn::{ComponentCaller, HostFn};
use crate::bounds::cpu_timer::since_resumed;
use crate::bounds::slice::LONG;
use crate::bounds::yielding::give_way;
use crate::callout_client::{CalloutClient, EgressFailure};
use crate::guest_state::spend;
use crate::meter::Callout;
use bytes::Bytes;
use http::{Request, Response};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime::component::{ComponentType, Lower};
use weir_component::contract::CalloutsFunction;

/// `callouts.incoming`.
#[derive(Debug, ComponentType, Lower)]
#[component(record)]
struct Incoming {
    status: u16,
    headers: Vec<(String, String)>,
    body: Bytes,
}

/// `callouts.failure`.
#[derive(Debug, ComponentType, Lower)]
#[component(variant)]
enum Failure {
    #[component(name = "denied")]
    Denied(String),
    #[component(name = "timeout")]
    Timeout,
    #[component(name = "too-large")]
    TooLarge,
    #[component(name = "too-many")]
    TooMany,
    #[component(name = "failed")]
    Failed(String),
}

impl Failure {
    fn counted(&self) -> Callout {
        match self {
            Self::Denied(_) => Callout::Denied,
            Self::Timeout => Callout::Timeout,
            Self::TooLarge => Callout::TooLarge,
            Self::TooMany => Callout::TooMany,
            Self::Failed(_) => Callout::Failed,
        }
    }
}

impl From<EgressFailure> for Failure {
    fn from(failure: EgressFailure) -> Self {
        match failure {
            EgressFailure::Denied(why) => Self::Denied(why),
            EgressFailure::Timeout => Self::Timeout,
            EgressFailure::TooLarge => Self::TooLarge,
            EgressFailure::Failed(why) => Self::Failed(why),
        }
    }
}

pub(super) fn link(function: CalloutsFunction, here: HostFn<'_>) -> wasmtime::Result<()> {
    match function {
        CalloutsFunction::Send => here.awaited(|mut caller, (outgoing,): (OutgoingCallout,)| {
            let ready = ready(&mut caller, &outgoing);
            let counters = Arc::clone(&caller.data().tenant_state.counters);
            Box::new(async move {
                let answer = match ready? {
                    Ok(ready) => {
                        let _waiting = CalloutWait { since: Instant::now(), caller: &mut caller };
                        ready.send().await
                    }
                    Err(failure) => Err(failure),
                };
                counters.callout(answer.as_ref().err().map_or(Callout::Ok, Failure::counted));
                // A guest that goes on asking for what it does not get must not keep its thread.
                if since_resumed() > LONG {
                    give_way().await;
                }
                Ok((answer,))
            })
        }),
    }
}

/// A request that may be sent.
struct Ready {
    line: Arc<dyn CalloutClient>,
    request: Request<Bytes>,
    most: usize,
    within: Duration,
}

/// Looks at a request as the guest wrote it, and takes it off the budget if it may be sent.
fn ready(caller: &mut ComponentCaller<'_>, outgoing: &OutgoingCallout) -> wasmtime::Result<Result<Ready, Failure>> {
    spend(caller.data_mut())?;
    let denied = |why: &str| Ok(Err(Failure::Denied(why.to_owned())));
    if caller.data().exchange.is_none() {
        return denied("not while it starts");
    }
    let powers = Arc::clone(&caller.data().powers);
    let Some(way) = &powers.callouts else { return denied("nowhere may be called") };
    let Some(line) = &way.line else { return denied("nothing can be called from here") };
    let uri = match url::allowed(&outgoing.url.to_str(&*caller)?, &way.rules.allow) {
        Ok(uri) => uri,
        Err(why) => return Ok(Err(Failure::Denied(why))),
    };
    let mut request = match message::read(caller, outgoing)? {
        Ok(request) => request,
        Err(why) => return Ok(Err(Failure::Denied(why))),
    };
    *request.uri_mut() = uri;
    let budget = &mut caller.data_mut().budget;
    let Some(left) = budget.callouts.checked_sub(1) else { return Ok(Err(Failure::TooMany)) };
    budget.callouts = left;
    let within = match outgoing.timeout_ms {
        0 => way.rules.timeout,
        ms => Duration::from_millis(ms.into()).min(way.rules.timeout),
    };
    Ok(Ok(Ready { line: Arc::clone(line), request, most: way.rules.bytes, within }))
}

impl Ready {
    async fn send(self) -> Result<Incoming, Failure> {
        let answer = self.line.send(self.request, self.most, self.within);
        let answer = tokio::time::timeout(self.within, answer).await.map_err(|_| Failure::Timeout)??;
        if answer.body().len() > self.most {
            return Err(Failure::TooLarge);
        }
        Ok(incoming(answer))
    }
}

fn incoming(answer: Response<Bytes>) -> Incoming {
    let (mut head, body) = answer.into_parts();
    weir_http::hop::strip_response(&mut head.headers);
    let text = |value: &http::HeaderValue| Some(std::str::from_utf8(value.as_bytes()).ok()?.to_owned());
    let headers = head.headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), text(value)?)));
    Incoming { status: head.status.as_u16(), headers: headers.collect(), body }
}

/// Adds up how long a callout is waited for, for its plugin and for the request, one that is broken off included.
struct CalloutWait<'a, 'b> {
    since: Instant,
    caller: &'a mut ComponentCaller<'b>,
}

impl Drop for CalloutWait<'_, '_> {
    fn drop(&mut self) {
        let (waited, host) = (self.since.elapsed(), self.caller.data_mut());
        host.tenant_state.counters.waited(waited);
        if let Some(exchange) = &mut host.exchange {
            exchange.waited += waited;
        }
    }
}
