//! Models, as Google lists them (`GET /v1beta/models`, `GET /v1beta/models/{model}`).
//!
//! Source: Gemini API reference, `models.list` and `Model`.

use bytes::Bytes;

use crate::canon::JsonWriter;

/// What is said of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GeminiModel<'a> {
    /// The name that it is asked by, without `models/`.
    pub id: &'a str,
    /// Its name for people.
    pub display_name: &'a str,
    /// Tokens that it can read, where that is known.
    pub context: Option<u64>,
    /// Tokens that it can write, where that is known.
    pub output: Option<u64>,
    /// It makes vectors, and no answers.
    pub embeds: bool,
}

const ANSWERS: [&str; 3] = ["generateContent", "streamGenerateContent", "countTokens"];
const EMBEDS: [&str; 2] = ["embedContent", "batchEmbedContents"];

/// The body of the list, on one page, in this order.
pub fn model_list<'a>(models: impl Iterator<Item = GeminiModel<'a>>) -> Bytes {
    let mut out = JsonWriter::with_capacity(1_024);
    out.open().name("models").open_array();
    models.for_each(|model| write(&mut out, &model));
    out.close_array().close();
    out.finish()
}

/// The body for one model.
#[must_use]
pub fn model_info(model: &GeminiModel<'_>) -> Bytes {
    let mut out = JsonWriter::with_capacity(256);
    write(&mut out, model);
    out.finish()
}

fn write(out: &mut JsonWriter, model: &GeminiModel<'_>) {
    out.open().name("name").string(&format!("models/{}", model.id));
    // Demanded, and unknown.
    out.name("version").string("1").name("displayName").string(model.display_name);
    out.number_member("inputTokenLimit", model.context).number_member("outputTokenLimit", model.output);
    out.name("supportedGenerationMethods").open_array();
    for method in if model.embeds { &EMBEDS[..] } else { &ANSWERS[..] } {
        out.string(method);
    }
    out.close_array().close();
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use serde_json::{Value, json};
    use weir_recorded::Spec;

    use super::*;

    #[test]
    fn models_are_listed_on_one_page_and_shown_one_by_one_as_clients_expect() {
        let chat = GeminiModel { id: "fast", display_name: "Fast", context: Some(9), output: Some(3), embeds: false };
        let vectors = GeminiModel { id: "v\"", display_name: "V", context: None, output: None, embeds: true };
        let list: Value = serde_json::from_slice(&model_list([chat, vectors].into_iter())).unwrap();
        let fast = json!({"name": "models/fast", "version": "1", "displayName": "Fast", "inputTokenLimit": 9, "outputTokenLimit": 3,
            "supportedGenerationMethods": ["generateContent", "streamGenerateContent", "countTokens"]});
        assert_eq!(list["models"][0], fast);
        assert_eq!(list["models"][1]["name"], "models/v\"");
        assert_eq!(list["models"][1]["supportedGenerationMethods"], json!(["embedContent", "batchEmbedContents"]));
        let one: Value = serde_json::from_slice(&model_info(&chat)).unwrap();
        assert_eq!(one, fast);
        let Some(spec) = Spec::gemini() else { return };
        for (operation, body) in [("models", &list), ("models/{model}", &one)] {
            spec.answer(operation, body).unwrap_or_else(|faults| panic!("{faults:?}"));
        }
        assert_eq!(model_list(std::iter::empty()), r#"{"models":[]}"#.as_bytes());
    }
}
