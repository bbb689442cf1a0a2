//! What is said of the probability of tokens (`LogprobItem`): texts, each of one token or several.

use crate::canon::{JsonWriter, RawJson};

/// The same in the words of most wires: a list of `{"token", "logprob", "bytes", "top_logprobs"}`. None if it says nothing of the
/// kind. A text of several tokens is as probable as all of them together.
pub(super) fn read(items: &[RawJson]) -> Option<RawJson> {
    let mut out = JsonWriter::default();
    out.open_array();
    let mut any = false;
    for item in items {
        let members = item.members();
        let Some(text) = members.get("text").and_then(RawJson::text) else { continue };
        let numbers = members.get("logprobs").map(RawJson::elements).unwrap_or_default();
        let Some(sum) = sum(&numbers) else { continue };
        any = true;
        out.open().name("token").text(&text).name("logprob").raw(&sum);
        out.name("bytes").null().name("top_logprobs").open_array().close_array().close();
    }
    out.close_array();
    any.then(|| out.finish_raw())
}

fn sum(numbers: &[RawJson]) -> Option<RawJson> {
    if let [one] = numbers {
        return Some(one.clone()).filter(|one| one.kind() == weir_http::json::JsonKind::Number);
    }
    let value = |raw: &RawJson| std::str::from_utf8(raw.bytes()).ok()?.parse::<f64>().ok();
    let all = numbers.iter().map(value).collect::<Option<Vec<_>>>().filter(|all| !all.is_empty())?;
    RawJson::parse(all.iter().sum::<f64>().to_string().into()).ok()
}
