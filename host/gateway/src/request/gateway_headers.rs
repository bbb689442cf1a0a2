//! What the gateway says in the head of every answer.

use crate::request::rate_headers::each_of_rate;
use crate::request::record::Record;
use crate::request::request_id::RequestId;
use http::{HeaderMap, HeaderValue};
use weir_http::{ExtraHeaders, insert_each};
use weir_server::OutgoingResponse;
use weir_tenancy::Rate;

/// Who answered: `provider/model`.
const UPSTREAM: &str = "x-weir-upstream";
/// What that provider was not told.
const DROPPED: &str = "x-weir-dropped";
/// So many bytes of it are said.
const DROPPED_SHOWN: usize = 512;
/// A count of tokens is an estimate of the gateway's.
const ESTIMATED: &str = "x-weir-estimated";
const GENERATION: &str = "x-weir-generation";

/// An answer of the gateway's, or one of a model's that the gateway relays.
pub(crate) type GatewayResponse = OutgoingResponse<GatewayHeaders>;

/// What the gateway says in the head of every answer. Writing it down is cheaper than finding each of its names a place
/// in a map first.
#[derive(Debug)]
pub(crate) struct GatewayHeaders {
    id: RequestId,
    /// Who answered, if a model did.
    upstream: Option<HeaderValue>,
    /// What the provider was not told, for its dialect has nothing for it.
    dropped: Option<Box<str>>,
    /// The answer is an estimate.
    estimated: bool,
    /// Which generation of plugins served the request, where the operator wants to see that (`server.debug_headers`).
    generation: Option<u64>,
    rate: Option<Rate>,
}

impl GatewayHeaders {
    /// What is said of a request, and of who answered it.
    pub(crate) fn of(record: &Record, upstream: Option<HeaderValue>) -> Self {
        let snapshot = &record.held.snapshot;
        Self {
            id: record.id.clone(),
            dropped: upstream.as_ref().and_then(|_| record.dropped.clone()),
            upstream,
            estimated: record.estimated,
            generation: snapshot.config.server.debug_headers.then_some(snapshot.chains.generation),
            rate: record.seat.as_ref().and_then(|seat| seat.rate),
        }
    }
}

impl ExtraHeaders for GatewayHeaders {
    fn each(&self, mut put: impl FnMut(&'static str, &[u8])) {
        self.id.each(&mut put);
        if let Some(upstream) = &self.upstream {
            put(UPSTREAM, upstream.as_bytes());
        }
        if let Some(dropped) = &self.dropped {
            put(DROPPED, dropped.as_bytes().get(..DROPPED_SHOWN).unwrap_or(dropped.as_bytes()));
        }
        if self.estimated {
            put(ESTIMATED, b"true");
        }
        if let Some(generation) = self.generation {
            put(GENERATION, itoa::Buffer::new().format(generation).as_bytes());
        }
        if let Some(rate) = &self.rate {
            each_of_rate(rate, put);
        }
    }

    fn add_to(&self, headers: &mut HeaderMap) {
        insert_each(self, headers);
    }
}
