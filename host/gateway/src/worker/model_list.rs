//! The list of models, with what is known of each.

use bytes::Bytes;
use weir_config::{CatalogSet, CatalogWord, ModelFact};
use weir_dialect::Dialect;
use weir_http::json::escape_into;

/// A model in the list.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListedModel<'m> {
    /// What clients call it.
    pub(crate) name: &'m str,
    /// Who answers for it first.
    pub(crate) owner: &'m str,
    /// What is known of it.
    pub(crate) fact: ModelFact,
}

/// The body of `GET /v1/models` for clients of a dialect: these models, in this order.
pub(crate) fn model_list<'m>(dialect: Dialect, models: impl Iterator<Item = ListedModel<'m>>) -> Bytes {
    match dialect {
        Dialect::OpenAi => openai(models),
    }
}

/// A list object. `created` is 0 throughout, for the gateway's names for models have no date of birth; behind what OpenAI has
/// stand what is known, which its clients pass over, and nothing of what is not.
///
/// Source: OpenAI's API reference, model object.
fn openai<'m>(models: impl Iterator<Item = ListedModel<'m>>) -> Bytes {
    let mut out = b"{\"object\":\"list\",\"data\":[".to_vec();
    for (index, ListedModel { name, owner, fact }) in models.enumerate() {
        out.extend_from_slice(if index == 0 { b"{\"id\":" } else { b",{\"id\":" });
        escape_into(&mut out, name);
        out.extend_from_slice(b",\"object\":\"model\",\"created\":0,\"owned_by\":");
        escape_into(&mut out, owner);
        number(&mut out, "context_window", fact.context);
        number(&mut out, "max_output_tokens", fact.output);
        // Where the catalogue has the model it says what it takes; that it can nothing is known, then.
        if !fact.input.is_empty() {
            words(&mut out, "input_modalities", fact.input);
            words(&mut out, "output_modalities", fact.gives);
            words(&mut out, "capabilities", fact.can);
        }
        out.push(b'}');
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}

fn number(out: &mut Vec<u8>, member: &str, number: Option<u32>) {
    if let Some(number) = number {
        out.extend_from_slice(format!(",\"{member}\":{number}").as_bytes());
    }
}

/// The words of the catalogue have nothing in them that would have to be escaped.
fn words<T: CatalogWord>(out: &mut Vec<u8>, member: &str, words: CatalogSet<T>) {
    let words: Vec<String> = words.iter().map(|word| format!("\"{}\"", word.word())).collect();
    out.extend_from_slice(format!(",\"{member}\":[{}]", words.join(",")).as_bytes());
}
