//! `/v1/models` as clients see it, with what is known of each model.

use crate::support::upstream::Upstream;
use crate::support::{ACME, GLOBEX, Gateway, config_with, get};
use serde_json::{Value as Json, json};

#[test]
fn the_list_of_models_says_what_is_known_of_each() {
    let upstream = Upstream::chat();
    let models = r#"
[models.known]
targets = ["up/us.anthropic.claude-sonnet-4-5-20250929-v1:0"]
[models.either]
targets = ["up/gpt-4o", "up/claude-sonnet-4-5", "up/our-own"]
[models.said]
targets = ["up/gpt-4o"]
max_output_tokens = 1000
context_window = 2000
[models.unknown]
targets = ["up/our-own"]
max_output_tokens = 77
[models.vectors]
targets = ["up/text-embedding-3-large"]
"#;
    let gateway = Gateway::start(&config_with(upstream.address, "", models));
    let reply = get(gateway.address, "/v1/models", Some(ACME));
    let list: Json = serde_json::from_str(&reply.text()).unwrap();
    let of = |name: &str| {
        let found = list["data"].as_array().unwrap().iter().find(|model| model["id"] == name);
        let mut model = found.unwrap_or_else(|| panic!("{name}: {list}")).as_object().unwrap().clone();
        assert_eq!(model.remove("object"), Some(json!("model")));
        assert_eq!((model.remove("created"), model.remove("owned_by")), (Some(json!(0)), Some(json!("up"))));
        model.remove("id");
        Json::Object(model)
    };
    let known = json!({
        "context_window": 200_000, "max_output_tokens": 64_000, "input_modalities": ["text", "image", "pdf"],
        "output_modalities": ["text"], "capabilities": ["tools", "schema", "reasoning", "cache"],
    });
    assert_eq!(of("known"), known);
    let either = json!({
        "context_window": 128_000, "max_output_tokens": 16_384, "input_modalities": ["text", "image", "pdf"],
        "output_modalities": ["text"], "capabilities": ["tools", "schema", "cache"],
    });
    assert_eq!(of("either"), either, "what holds of both that are known");
    let said = of("said");
    assert_eq!((&said["context_window"], &said["max_output_tokens"]), (&json!(2_000), &json!(1_000)));
    assert_eq!(of("unknown"), json!({"max_output_tokens": 77}));
    let vectors = of("vectors");
    assert_eq!((&vectors["output_modalities"], &vectors["capabilities"]), (&json!(["embedding"]), &json!([])));
    assert_eq!(vectors.get("max_output_tokens"), None);
    assert_eq!(of("m"), json!({}), "of a name that the catalogue does not have nothing is said");
    let narrow: Json = serde_json::from_str(&get(gateway.address, "/v1/models", Some(GLOBEX)).text()).unwrap();
    assert_eq!(narrow["data"].as_array().unwrap().len(), 1, "globex may use m alone: {narrow}");
}
