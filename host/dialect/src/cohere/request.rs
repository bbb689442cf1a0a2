//! Requests (`POST /v2/chat`).

use bytes::Bytes;

use super::{offers, turns};
use crate::canon::{ChatRequest, FieldLosses, JsonWriter, RawJson, ReasoningMode, TargetRules};
use crate::translate::{ids, reasoning, unsaid};

/// The most words to stop at (`stop_sequences`).
const MOST_STOPS: usize = 5;

/// The least and the greatest share of probability (`p`).
const SHARES: (f64, f64) = (0.01, 0.99);

/// What is carried of what not every wire has.
const CARRIED: [&str; 5] = ["top_k", "presence_penalty", "frequency_penalty", "seed", "logprobs"];

/// Writes a request. What Cohere has no word for is named in `losses`.
#[must_use]
pub fn encode_request(request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) -> Bytes {
    let request = &*ids::given(request);
    let mut out = JsonWriter::with_capacity(4_096);
    out.open().name("model").string(&rules.model).name("stream").boolean(request.streaming);
    out.name("messages").open_array();
    turns::write(&mut out, request, rules, losses);
    out.close_array();
    let offers_tools = offers::write(&mut out, request, losses);
    offers::write_format(&mut out, &request.format, offers_tools, losses);
    write_max_output(&mut out, request, rules, losses);
    write_sampling(&mut out, request, losses);
    write_thinking(&mut out, request, rules);
    unsaid::lose_but(&CARRIED, request, losses);
    losses.lose_extras("", &request.extra);
    out.close();
    out.finish()
}

fn write_max_output(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, losses: &mut FieldLosses) {
    let Some(most) = &request.max_output else { return };
    // Wires that demand a number make clients name one that is large enough for any model.
    match rules.max_output.filter(|of_model| most.unsigned().is_some_and(|most| most > *of_model)) {
        Some(of_model) => {
            losses.lose("max_output");
            out.name("max_tokens").number(of_model);
        }
        None => {
            out.name("max_tokens").raw(most);
        }
    }
}

fn write_sampling(out: &mut JsonWriter, request: &ChatRequest, losses: &mut FieldLosses) {
    let sampling = &request.sampling;
    out.raw_member("temperature", sampling.temperature.as_ref());
    if let Some(share) = &sampling.top_p {
        match number(share) {
            // All words, which is what most clients say who say anything: as near to it as Cohere goes.
            Some(share) if share > SHARES.1 => out.name("p").raw(&decimal(SHARES.1)),
            Some(share) if share < SHARES.0 => out.name("p").raw(&decimal(SHARES.0)),
            _ => out.name("p").raw(share),
        };
    }
    out.raw_member("k", sampling.top_k.as_ref()).raw_member("seed", sampling.seed.as_ref());
    for (name, penalty) in
        [("presence_penalty", &sampling.presence_penalty), ("frequency_penalty", &sampling.frequency_penalty)]
    {
        // They go from 0 to 1 here.
        match penalty.as_ref().map(|raw| (raw, number(raw))) {
            Some((_, Some(value))) if value > 1.0 => {
                losses.lose(name);
                out.name(name).number(1);
            }
            Some((_, Some(value))) if value < 0.0 => losses.lose(name),
            Some((raw, _)) => {
                out.name(name).raw(raw);
            }
            None => {}
        }
    }
    if sampling.logprobs.as_ref().and_then(RawJson::is_true) == Some(true) {
        out.name("logprobs").boolean(true);
    }
    if !sampling.stop.is_empty() {
        if sampling.stop.len() > MOST_STOPS {
            losses.lose("stop");
        }
        out.name("stop_sequences").open_array();
        sampling.stop.iter().take(MOST_STOPS).for_each(|word| {
            out.text(word);
        });
        out.close_array();
    }
}

/// Writes whether the model is to think, and how much: a number of tokens, which is less than the whole answer may have.
fn write_thinking(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules) {
    let wish = &request.reasoning;
    let effort = wish.effort.as_ref().map(|effort| effort.text().into_owned());
    let budget = wish.budget.as_ref().and_then(RawJson::unsigned);
    let budget = budget.or_else(|| effort.as_deref().and_then(reasoning::budget_of));
    let is_on =
        matches!(wish.mode, ReasoningMode::On | ReasoningMode::Adaptive) || effort.is_some() || budget.is_some();
    if wish.mode == ReasoningMode::Off || (is_on && budget == Some(0)) {
        out.name("thinking").open().name("type").string("disabled").close();
    } else if is_on {
        let most = request.max_output.as_ref().and_then(RawJson::unsigned).or(rules.max_output);
        let budget = budget.map(|budget| most.map_or(budget, |most| budget.min(most.saturating_sub(1).max(1))));
        out.name("thinking").open().name("type").string("enabled").number_member("token_budget", budget).close();
    }
}

/// The number that a value is.
fn number(raw: &RawJson) -> Option<f64> {
    std::str::from_utf8(raw.bytes()).ok()?.parse().ok()
}

fn decimal(number: f64) -> RawJson {
    RawJson::parse(number.to_string().into()).unwrap_or(RawJson::NULL)
}
