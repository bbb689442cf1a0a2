//! The list of models, with what is known of each.

use bytes::Bytes;
use weir_config::{CatalogSet, CatalogWord, ModelFact};
use weir_dialect::{WireFormat, gemini, messages};
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

/// The body of `GET /v1/models` for clients of a wire: these models, in this order.
pub(crate) fn model_list<'m>(wire: WireFormat, models: impl Iterator<Item = ListedModel<'m>>) -> Bytes {
    match wire {
        WireFormat::Messages => messages::model_list(models.map(|model| anthropic(&model))),
        WireFormat::GenerateContent => gemini::model_list(models.map(|model| google(&model))),
        WireFormat::Chat
        | WireFormat::Responses
        | WireFormat::Converse
        | WireFormat::CohereChat
        | WireFormat::OllamaChat => openai(models),
    }
}

/// The body of `GET /v1/models/{model}` for clients of a wire.
pub(crate) fn model_info(wire: WireFormat, model: &ListedModel<'_>) -> Bytes {
    match wire {
        WireFormat::Messages => messages::model_info(&anthropic(model)),
        WireFormat::GenerateContent => gemini::model_info(&google(model)),
        WireFormat::Chat
        | WireFormat::Responses
        | WireFormat::Converse
        | WireFormat::CohereChat
        | WireFormat::OllamaChat => {
            let mut out = Vec::with_capacity(256);
            write(&mut out, model);
            Bytes::from(out)
        }
    }
}

fn anthropic<'m>(model: &ListedModel<'m>) -> messages::ModelInfo<'m> {
    let ListedModel { name, owner: _, fact } = *model;
    let (context, output) = (fact.context.map(u64::from), fact.output.map(u64::from));
    messages::ModelInfo { id: name, display_name: name, context, output }
}

fn google<'m>(model: &ListedModel<'m>) -> gemini::GeminiModel<'m> {
    let ListedModel { name, owner: _, fact } = *model;
    let (context, output) = (fact.context.map(u64::from), fact.output.map(u64::from));
    gemini::GeminiModel { id: name, display_name: name, context, output, embeds: fact.embeds() }
}

/// A list object. `created` is 0 throughout, for the gateway's names for models have no date of birth; behind what OpenAI has
/// stand what is known, which its clients pass over, and nothing of what is not.
///
/// Source: OpenAI's API reference, model object.
fn openai<'m>(models: impl Iterator<Item = ListedModel<'m>>) -> Bytes {
    let mut out = b"{\"object\":\"list\",\"data\":[".to_vec();
    for (index, model) in models.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(&mut out, &model);
    }
    out.extend_from_slice(b"]}");
    Bytes::from(out)
}

fn write(out: &mut Vec<u8>, model: &ListedModel<'_>) {
    let ListedModel { name, owner, fact } = model;
    out.extend_from_slice(b"{\"id\":");
    escape_into(out, name);
    out.extend_from_slice(b",\"object\":\"model\",\"created\":0,\"owned_by\":");
    escape_into(out, owner);
    number(out, "context_window", fact.context);
    number(out, "max_output_tokens", fact.output);
    // Where the catalogue has the model it says what it takes; that it can nothing is known, then.
    if !fact.input.is_empty() {
        words(out, "input_modalities", fact.input);
        words(out, "output_modalities", fact.gives);
        words(out, "capabilities", fact.can);
    }
    out.push(b'}');
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
