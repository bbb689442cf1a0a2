use serde_json::json;

use super::*;
use crate::canon::{AnswerFormat, RawMembers, ReasoningMode, ReasoningShow, ReasoningWish, SamplingParams};

#[test]
fn sampling_stands_in_inference_config() {
    let mut asks = hello();
    asks.max_output = Some(raw("100"));
    asks.sampling = SamplingParams {
        temperature: Some(raw("0.5")),
        top_p: Some(raw("0.9")),
        stop: vec![word("x"), word(" ")],
        ..SamplingParams::default()
    };
    let (body, losses) = asked(&asks, CLAUDE);
    let due = json!({"maxTokens": 100, "temperature": 0.5, "topP": 0.9, "stopSequences": ["x"]});
    assert_eq!((&body["inferenceConfig"], losses), (&due, vec!["stop".to_owned()]));
    asks.sampling.stop = vec![word("\n\n")];
    let (body, losses) = asked(&asks, NOVA);
    assert_eq!(body["inferenceConfig"]["stopSequences"], json!(["\n\n"]));
    assert!(losses.is_empty(), "{losses:?}");
    asks.sampling.stop.clear();
    asks.sampling.temperature = Some(raw("1.7"));
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!((&body["inferenceConfig"]["temperature"], losses), (&json!(1), vec!["temperature".to_owned()]));
    assert_eq!(asked(&hello(), CLAUDE).0.get("inferenceConfig"), None);
}

#[test]
fn top_k_stands_where_the_models_maker_has_it() {
    let mut asks = hello();
    asks.sampling.top_k = Some(raw("40"));
    assert_eq!(asked(&asks, CLAUDE).0["additionalModelRequestFields"], json!({"top_k": 40}));
    assert_eq!(asked(&asks, NOVA).0["additionalModelRequestFields"], json!({"inferenceConfig": {"topK": 40}}));
    let (body, losses) = asked(&asks, LLAMA);
    assert_eq!((body.get("additionalModelRequestFields"), losses), (None, vec!["top_k".to_owned()]));
}

#[test]
fn what_bedrock_has_no_place_for_is_lost_by_name() {
    let mut asks = hello();
    asks.sampling = SamplingParams {
        min_p: Some(raw("0.1")),
        presence_penalty: Some(raw("1")),
        frequency_penalty: Some(raw("0.5")),
        seed: Some(raw("7")),
        choices: Some(raw("2")),
        logprobs: Some(raw("true")),
        top_logprobs: Some(raw("3")),
        logit_bias: Some(raw(r#"{"1":2}"#)),
        ..SamplingParams::default()
    };
    asks.parallel = Some(false);
    asks.user = Some(word("u"));
    asks.metadata = Some(raw(r#"{"a":"b"}"#));
    asks.previous = Some(word("resp_1"));
    asks.store = Some(true);
    asks.service_tier = Some(word("scale"));
    asks.format = AnswerFormat::JsonObject;
    asks.extra = raw(r#"{"prediction":{"a":1},"nothing":null}"#).members();
    asks.turns[0].name = Some(word("joe"));
    let (_, mut losses) = asked(&asks, CLAUDE);
    losses.sort();
    let mut due = [
        "min_p",
        "presence_penalty",
        "frequency_penalty",
        "seed",
        "n",
        "logprobs",
        "top_logprobs",
        "logit_bias",
        "parallel_tool_calls",
        "user",
        "metadata",
        "previous_response_id",
        "store",
        "service_tier",
        "response_format",
        "prediction",
        "messages.name",
    ];
    due.sort_unstable();
    assert_eq!(losses, due);
}

#[test]
fn what_asks_for_what_is_so_anyway_is_no_loss() {
    let mut asks = hello();
    asks.sampling = SamplingParams {
        presence_penalty: Some(raw("0.0")),
        choices: Some(raw("1")),
        logprobs: Some(raw("false")),
        logit_bias: Some(raw("{}")),
        ..SamplingParams::default()
    };
    asks.parallel = Some(true);
    asks.store = Some(false);
    asks.service_tier = Some(word("auto"));
    asks.format = AnswerFormat::Text;
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!(body, json!({"messages": [{"role": "user", "content": [{"text": "hello"}]}]}));
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn tiers_are_told_in_bedrocks_words() {
    for (tier, due) in
        [("flex", "flex"), ("priority", "priority"), ("default", "default"), ("standard_only", "default")]
    {
        let mut asks = hello();
        asks.service_tier = Some(word(tier));
        assert_eq!(asked(&asks, CLAUDE).0["serviceTier"], json!({"type": due}));
    }
}

#[test]
fn a_schema_of_the_answer_is_a_string() {
    let mut asks = hello();
    asks.format = AnswerFormat::JsonSchema {
        name: Some(word("city")),
        description: None,
        schema: raw(r#"{"type": "object"}"#),
        strict: Some(true),
        extra: RawMembers::default(),
    };
    let (body, losses) = asked(&asks, CLAUDE);
    let schema = json!({"schema": "{\"type\": \"object\"}", "name": "city"});
    let due = json!({"textFormat": {"type": "json_schema", "structure": {"jsonSchema": schema}}});
    assert_eq!(body["outputConfig"], due);
    assert!(losses.is_empty(), "{losses:?}");
    let mut rules = rules(CLAUDE);
    rules.quirks.no_json_schema = true;
    let (body, losses) = asked_by(&asks, &rules);
    assert_eq!((body.get("outputConfig"), losses), (None, vec!["response_format".to_owned()]));
    let (body, losses) = asked(&asks, NOVA);
    assert_eq!((body.get("outputConfig"), losses), (None, vec!["response_format".to_owned()]));
}

fn thinking(wish: ReasoningWish, max_output: Option<&str>, model: &str) -> (Value, Vec<String>) {
    let mut asks = hello();
    asks.reasoning = wish;
    asks.max_output = max_output.map(raw);
    let (body, losses) = asked(&asks, model);
    let more = body.get("additionalModelRequestFields").cloned().unwrap_or(Value::Null);
    (json!([more, body["outputConfig"]["effort"]]), losses)
}

fn effort(word: &str) -> ReasoningWish {
    ReasoningWish { effort: Some(JsonText::of(word)), ..ReasoningWish::default() }
}

#[test]
fn a_model_is_asked_to_think_in_the_words_of_its_maker() {
    let budget = |tokens: &str| ReasoningWish { budget: Some(raw(tokens)), ..ReasoningWish::default() };
    let enabled = |tokens: u64| json!([{"thinking": {"type": "enabled", "budget_tokens": tokens}}, null]);
    let nova = |word: &str| json!([{"reasoningConfig": {"type": "enabled", "maxReasoningEffort": word}}, null]);
    for (wish, max_output, model, due) in [
        (effort("low"), None, CLAUDE, enabled(2_048)),
        (budget("5000"), None, CLAUDE, enabled(5_000)),
        (budget("5000"), Some("4000"), CLAUDE, enabled(3_000)),
        (effort("minimal"), None, CLAUDE, enabled(1_024)),
        (effort("xhigh"), None, NEW_CLAUDE, json!([{"thinking": {"type": "adaptive"}}, "high"])),
        (budget("2000"), None, NEW_CLAUDE, json!([{"thinking": {"type": "adaptive"}}, "low"])),
        (effort("high"), None, NOVA, nova("high")),
        (budget("2000"), None, NOVA, nova("low")),
        (effort("xhigh"), None, "openai.gpt-oss-120b-1:0", json!([{"reasoning_effort": "high"}, null])),
        (effort("none"), None, CLAUDE, json!([null, null])),
        (ReasoningWish { mode: ReasoningMode::Off, ..effort("high") }, None, NOVA, json!([null, null])),
    ] {
        let (found, losses) = thinking(wish, max_output, model);
        assert_eq!(found, due, "{model}");
        assert!(losses.is_empty(), "{losses:?}");
    }
    let show = ReasoningWish { show: Some(ReasoningShow::Full), ..ReasoningWish::default() };
    let due = json!([{"thinking": {"type": "adaptive", "display": "summarized"}}, null]);
    assert_eq!(thinking(show, None, NEW_CLAUDE).0, due);
}

#[test]
fn where_a_model_cannot_think_that_is_a_loss() {
    for (max_output, model) in [(Some("500"), CLAUDE), (None, LLAMA)] {
        assert_eq!(thinking(effort("high"), max_output, model), (json!([null, null]), vec!["reasoning".to_owned()]));
    }
}

#[test]
fn a_claude_that_thinks_takes_no_temperature_and_no_top_k() {
    let mut asks = hello();
    asks.reasoning = effort("low");
    asks.sampling.temperature = Some(raw("0.2"));
    asks.sampling.top_k = Some(raw("5"));
    let (body, losses) = asked(&asks, CLAUDE);
    assert_eq!((body.get("inferenceConfig"), losses), (None, vec!["temperature".to_owned(), "top_k".to_owned()]));
}
