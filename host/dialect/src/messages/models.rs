//! Models, as Anthropic lists them (`GET /v1/models`, `GET /v1/models/{model}`; `ModelInfo` in its specification).

use bytes::Bytes;

use crate::canon::JsonWriter;

/// What is said of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ModelInfo<'a> {
    /// The name that it is asked by.
    pub id: &'a str,
    /// Its name for people.
    pub display_name: &'a str,
    /// Tokens that it can read, where that is known.
    pub context: Option<u64>,
    /// Tokens that it can write, where that is known.
    pub output: Option<u64>,
}

/// When a model was made of which that is unknown: Anthropic's reference gives the beginning of time for it.
const UNKNOWN: &str = "1970-01-01T00:00:00Z";

/// The body of the list, on one page, in this order.
pub fn model_list<'a>(models: impl Iterator<Item = ModelInfo<'a>>) -> Bytes {
    let (mut first, mut last) = (None, None);
    let mut out = JsonWriter::with_capacity(1024);
    out.open().name("data").open_array();
    for model in models {
        first.get_or_insert(model.id);
        last = Some(model.id);
        write(&mut out, &model);
    }
    out.close_array().name("has_more").boolean(false);
    for (name, id) in [("first_id", first), ("last_id", last)] {
        match id {
            Some(id) => out.name(name).string(id),
            None => out.name(name).null(),
        };
    }
    out.close();
    out.finish()
}

/// The body for one model.
#[must_use]
pub fn model_info(model: &ModelInfo<'_>) -> Bytes {
    let mut out = JsonWriter::with_capacity(256);
    write(&mut out, model);
    out.finish()
}

fn write(out: &mut JsonWriter, model: &ModelInfo<'_>) {
    out.open().name("type").string("model").name("id").string(model.id);
    out.name("display_name").string(model.display_name).name("created_at").string(UNKNOWN);
    // Demanded; what can be asked is not retired.
    out.name("lifecycle").string("active");
    out.number_member("max_input_tokens", model.context).number_member("max_tokens", model.output).close();
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::panic)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn models_are_listed_on_one_page_and_shown_one_by_one_as_clients_expect() {
        let small = ModelInfo { id: "small", display_name: "Small", context: Some(200_000), output: None };
        let large = ModelInfo { id: "lar\"ge", display_name: "Large", context: None, output: Some(8_192) };
        let value = |body: Bytes| -> Value { serde_json::from_slice(&body).unwrap() };
        let list = value(model_list([small, large].into_iter()));
        let ends = (&list["first_id"], &list["last_id"], &list["has_more"]);
        assert_eq!(ends, (&json!("small"), &json!("lar\"ge"), &json!(false)));
        let one = value(model_info(&small));
        let due = json!({
            "type": "model", "id": "small", "display_name": "Small", "created_at": "1970-01-01T00:00:00Z",
            "lifecycle": "active", "max_input_tokens": 200_000
        });
        assert_eq!((&list["data"][0], &one), (&due, &due));
        if let Some(spec) = weir_recorded::Spec::anthropic() {
            spec.answer("/v1/models/{model}", &one).unwrap_or_else(|faults| panic!("{faults:?}"));
        }
        let none = value(model_list(std::iter::empty()));
        assert_eq!(none, json!({"data": [], "has_more": false, "first_id": null, "last_id": null}));
    }
}
