//! What is said of the probability of tokens: `logprobs`.

use weir_http::json::JsonKind;

use crate::canon::{JsonWriter, RawJson, RawMembers};

/// The same in this wire's words: an object already, the list that OpenAI's responses say it by, or Gemini's `logprobsResult`
/// (Gemini API reference, `LogprobsResult`). None for other words.
pub(crate) fn written(raw: &RawJson) -> Option<RawJson> {
    let mut members = raw.members();
    if members.get("content").or_else(|| members.get("refusal")).is_some() {
        return Some(raw.clone());
    }
    let mut out = JsonWriter::default();
    out.open().name("content");
    if raw.kind() == JsonKind::Array {
        out.raw(raw);
    } else {
        let chosen = members.take_elements("chosenCandidates").filter(|chosen| !chosen.is_empty())?;
        let mut tops = members.take_elements("topCandidates").unwrap_or_default().into_iter();
        out.open_array();
        for candidate in &chosen {
            out.open();
            candidate_members(&mut out, &candidate.members());
            let top = tops.next().and_then(|top| top.members().take_elements("candidates")).unwrap_or_default();
            out.name("top_logprobs").open_array();
            for candidate in &top {
                out.open();
                candidate_members(&mut out, &candidate.members());
                out.close();
            }
            out.close_array().close();
        }
        out.close_array();
    }
    out.name("refusal").null().close();
    Some(out.finish_raw())
}

fn candidate_members(out: &mut JsonWriter, candidate: &RawMembers) {
    let token = candidate.get("token").and_then(RawJson::text).unwrap_or_default();
    out.name("token").text(&token).name("logprob");
    match candidate.get("logProbability").filter(|raw| raw.kind() == JsonKind::Number) {
        Some(raw) => out.raw(raw),
        None => out.number(0),
    };
    out.name("bytes").null();
}
