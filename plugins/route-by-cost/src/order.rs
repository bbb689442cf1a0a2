//! Putting candidates into an order.

use weir_plugin::{Candidate, Choice, Routing};

use crate::rules::Prefer;

/// About what a token takes in the body of a request.
const BYTES_PER_TOKEN: u128 = 4;

/// Healthy candidates first, among them the preferred ones; the rest follow as fall-backs, and whom the preference does
/// not tell apart keep their order. Nobody is left out.
pub(crate) fn by(prefer: &Prefer, body_bytes: u64, output_tokens: u64, candidates: &[Candidate]) -> Routing {
    let mut keyed: Vec<(bool, u128, u32)> = Vec::with_capacity(candidates.len());
    for (index, candidate) in (0u32..).zip(candidates) {
        let rank = match prefer {
            Prefer::Cheapest => cost(candidate, body_bytes, output_tokens),
            Prefer::Dearest => u128::MAX - cost(candidate, body_bytes, output_tokens),
            Prefer::First => 0,
            Prefer::Named(target) => u128::from(!is(candidate, target)),
        };
        keyed.push((!candidate.healthy, rank, index));
    }
    if keyed.is_sorted() {
        return Routing::Keep;
    }
    keyed.sort_unstable();
    Routing::Order(keyed.into_iter().map(|(_, _, candidate)| Choice { candidate, overrides: Vec::new() }).collect())
}

/// What the request is expected to cost there, in units of a micro-dollar per million tokens: for comparing only. An
/// unknown price is 0, as a free one is.
fn cost(candidate: &Candidate, body_bytes: u64, output_tokens: u64) -> u128 {
    let input = u128::from(candidate.input_price) * u128::from(body_bytes);
    let output = u128::from(candidate.output_price) * u128::from(output_tokens);
    // Both by four instead of one through four: no rounding. 2^64 * 2^64 * 4 does not fit, so the sum saturates.
    input.saturating_add(output.saturating_mul(BYTES_PER_TOKEN))
}

fn is(candidate: &Candidate, target: &str) -> bool {
    let model = target.strip_prefix(candidate.provider.as_str()).and_then(|rest| rest.strip_prefix('/'));
    model == Some(candidate.model.as_str())
}
