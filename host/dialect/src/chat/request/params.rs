//! Numbers and words of a request, written.

use crate::canon::{ChatRequest, JsonWriter, RawJson, TargetRules};
use crate::chat::writing::ChatWriting;
use crate::wire::WireFormat;

/// The most words to stop at (OpenAI's API reference, `stop`).
const MOST_STOPS: usize = 4;

/// Writes them.
pub(super) fn write(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    write_max_output(out, request, rules, writing);
    let sampling = &request.sampling;
    // Who says it in the provider's own word says it once.
    let seed = sampling.seed.clone().filter(|_| !writing.own || request.extra.get("random_seed").is_none());
    let numbers = [
        ("temperature", &sampling.temperature),
        ("top_p", &sampling.top_p),
        ("presence_penalty", &sampling.presence_penalty),
        ("frequency_penalty", &sampling.frequency_penalty),
        (if rules.quirks.random_seed { "random_seed" } else { "seed" }, &seed),
        ("logprobs", &sampling.logprobs),
        ("top_logprobs", &sampling.top_logprobs),
    ];
    for (name, value) in numbers {
        out.raw_member(name, value.as_ref());
    }
    let known_only = rules.quirks.known_members;
    let optional = [
        ("top_k", &sampling.top_k, rules.quirks.top_k || (writing.own && !known_only)),
        ("min_p", &sampling.min_p, !known_only && (rules.quirks.top_k || writing.own)),
        ("logit_bias", &sampling.logit_bias, !known_only),
    ];
    for (name, value, takes) in optional {
        match value {
            Some(value) if takes => {
                out.name(name).raw(value);
            }
            Some(_) => writing.losses.lose(name),
            None => {}
        }
    }
    match &sampling.choices {
        Some(n) if rules.quirks.no_n && n.unsigned() != Some(1) => writing.losses.lose("n"),
        Some(_) if rules.quirks.no_n => {}
        n => {
            out.raw_member("n", n.as_ref());
        }
    }
    write_stop(out, request, writing);
    write_client(out, request, rules, writing);
}

fn write_max_output(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    let (older, newer) = (request.extra.get("max_tokens"), request.extra.get("max_completion_tokens"));
    let said = |kept: Option<&RawJson>| writing.own && kept.is_some_and(|kept| !kept.is_null());
    let is_older = rules.quirks.max_tokens || (said(older) && !said(newer));
    let (name, other) = if is_older { ("max_tokens", newer) } else { ("max_completion_tokens", older) };
    if let Some(kept) = older.or(newer).filter(|_| writing.own && request.max_output.is_none()) {
        // They are null.
        out.name(if older.is_some() { "max_tokens" } else { "max_completion_tokens" }).raw(kept);
    }
    let Some(most) = &request.max_output else { return };
    // Wires that demand a number make clients name one that is large enough for any model.
    let is_more = |of_model: &u64| !writing.own && most.unsigned().is_some_and(|most| most > *of_model);
    match rules.max_output.filter(is_more) {
        Some(of_model) => {
            writing.losses.lose("max_output");
            out.name(name).number(of_model);
        }
        None => {
            out.name(name).raw(most);
        }
    }
    if let Some(other) = other.filter(|_| writing.own && !rules.quirks.max_tokens) {
        out.name(if is_older { "max_completion_tokens" } else { "max_tokens" }).raw(other);
    }
}

fn write_stop(out: &mut JsonWriter, request: &ChatRequest, writing: &mut ChatWriting<'_>) {
    let sampling = &request.sampling;
    match sampling.stop.as_slice() {
        [] => {}
        [one] if sampling.one_stop => {
            out.name("stop").text(one);
        }
        stops => {
            if !writing.own && stops.len() > MOST_STOPS {
                writing.losses.lose("stop");
            }
            let most = if writing.own { usize::MAX } else { MOST_STOPS };
            out.name("stop").open_array();
            stops.iter().take(most).for_each(|stop| {
                out.text(stop);
            });
            out.close_array();
        }
    }
}

/// What the client says of itself.
fn write_client(out: &mut JsonWriter, request: &ChatRequest, rules: &TargetRules, writing: &mut ChatWriting<'_>) {
    if rules.quirks.known_members {
        lose_client(request, writing);
    } else {
        let is_kept = writing.own && request.extra.get("safety_identifier").and_then(RawJson::text) == request.user;
        out.text_member("user", request.user.as_ref().filter(|_| !is_kept));
        // What goes without saying here is not said: not everybody who speaks this wire knows the member.
        out.bool_member("store", request.store.filter(|store| writing.own || *store));
        write_tier(out, request, writing);
    }
    out.raw_member("metadata", request.metadata.as_ref());
    if request.previous.is_some() {
        writing.losses.lose("previous_response_id");
    }
}

fn write_tier(out: &mut JsonWriter, request: &ChatRequest, writing: &mut ChatWriting<'_>) {
    let Some(tier) = request.service_tier.as_ref().filter(|tier| writing.own || !tier.is("auto")) else { return };
    let is_known = ["auto", "default", "flex", "scale", "priority"].iter().any(|word| tier.is(word));
    match request.wire {
        _ if writing.own || is_known => {
            out.name("service_tier").text(tier);
        }
        // Anthropic's: of what is paid for in advance nothing.
        WireFormat::Messages if tier.is("standard_only") => {
            out.name("service_tier").string("default");
        }
        _ => writing.losses.lose("service_tier"),
    }
}

/// Names what a client says of itself where the provider refuses it.
fn lose_client(request: &ChatRequest, writing: &mut ChatWriting<'_>) {
    let is_tier = request.service_tier.as_ref().is_some_and(|tier| !tier.is("auto") && !tier.is("default"));
    for (field, is_said) in
        [("user", request.user.is_some()), ("store", request.store == Some(true)), ("service_tier", is_tier)]
    {
        if is_said {
            writing.losses.lose(field);
        }
    }
}
