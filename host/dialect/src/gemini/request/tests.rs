use std::sync::Arc;

use bytes::Bytes;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::canon::{
    AnswerFormat, CacheMark, ChatRequest, ChatTool, ChatToolKind, ChatTurn, ContentBlock, DecodeFault, FieldLosses,
    JsonText, RawJson, RawMembers, ReasoningMode, ReasoningShow, TargetQuirks, TargetRules, TextBlock, ToolPick,
    TurnRole,
};
use crate::wire::{Vendor, WireFormat};

fn raw(value: &Value) -> RawJson {
    RawJson::parse(Bytes::from(value.to_string())).unwrap()
}

fn rules(model: &str) -> TargetRules {
    TargetRules {
        model: Arc::from(model),
        max_output: None,
        vendor: Vendor::Google,
        ask_usage: false,
        quirks: TargetQuirks::default(),
    }
}

fn read(body: &Value) -> ChatRequest {
    decode_request(&raw(body), "gemini-2.5-flash", false).unwrap()
}

fn written(request: &ChatRequest, rules: &TargetRules) -> (Value, Vec<String>) {
    let mut losses = FieldLosses::default();
    let body = encode_request(request, rules, &mut losses);
    (serde_json::from_slice(&body).unwrap(), losses.iter().map(str::to_owned).collect())
}

/// A request of another wire.
fn other(turns: Vec<(TurnRole, &str)>) -> ChatRequest {
    let mut request = ChatRequest::new(WireFormat::Chat, "m", false);
    let block = |text: &str| vec![ContentBlock::Text(TextBlock::of(JsonText::of(text)))];
    request.turns = turns.into_iter().map(|(role, text)| ChatTurn::of(role, block(text))).collect();
    request
}

fn question() -> ChatRequest {
    other(vec![(TurnRole::User, "q")])
}

fn function(schema: Value) -> ChatTool {
    ChatTool {
        name: JsonText::of("look"),
        description: Some(JsonText::of("Looks")),
        schema: Some(raw(&schema)),
        strict: Some(true),
        kind: ChatToolKind::Function,
        cache: None,
        extra: RawMembers::default(),
    }
}

#[test]
fn a_request_comes_back_as_it_was() {
    let contents = json!([{"role": "user", "parts": [{"text": "q"}]}]);
    for rest in [
        json!({}),
        json!({"contents": []}),
        json!({"contents": [{"parts": [{"text": "q"}]}, {"role": "function", "parts": [{"text": "r"}]}, {"role": "model"}]}),
        json!({"systemInstruction": {"parts": {"text": "s"}, "role": "system"}}),
        json!({"generationConfig": {}}),
        json!({"generationConfig": {"temperature": 0.0, "topP": 1, "topK": 40.0, "candidateCount": 2, "maxOutputTokens": 9,
            "stopSequences": ["a", "b", "c", "d", "e", ""], "seed": 1, "presencePenalty": 0.5, "frequencyPenalty": 1,
            "responseLogprobs": true, "logprobs": 3, "responseModalities": ["TEXT"]}}),
        json!({"generationConfig": {"stopSequences": []}}),
        json!({"generationConfig": {"responseMimeType": "application/json"}}),
        json!({"generationConfig": {"responseMimeType": "text/plain"}}),
        json!({"generationConfig": {"responseMimeType": "text/x.enum", "responseSchema": {"type": "STRING"}}}),
        json!({"generationConfig": {"responseMimeType": "application/json", "responseSchema": {"type": "OBJECT"}}}),
        json!({"generationConfig": {"responseMimeType": "application/json", "responseJsonSchema": {"type": "object"}}}),
        json!({"generationConfig": {"thinkingConfig": {}}}),
        json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 0}}}),
        json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": -1, "includeThoughts": true}}}),
        json!({"generationConfig": {"thinkingConfig": {"thinkingBudget": 512, "includeThoughts": false}}}),
        json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "LOW"}}}),
        json!({"generationConfig": {"thinkingConfig": {"thinkingLevel": "high", "other": 1}}}),
        json!({"tools": [{"functionDeclarations": [
            {"name": "f", "parameters": {"type": "OBJECT", "nullable": true}, "behavior": "BLOCKING"},
            {"name": "g", "description": "d", "parametersJsonSchema": {"type": "object"}}]}, {"googleSearch": {}}]}),
        json!({"toolConfig": {}}),
        json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"], "x": 1}, "y": 2}}),
        json!({"toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f", "g"]}}}),
        json!({"toolConfig": {"functionCallingConfig": {"mode": "any"}}}),
        json!({"toolConfig": {"functionCallingConfig": {"mode": "NONE"}}}),
        json!({"toolConfig": {"functionCallingConfig": {"mode": "VALIDATED", "allowedFunctionNames": ["f"]}}}),
        json!({"toolConfig": {"functionCallingConfig": {}, "retrievalConfig": {}}}),
        json!({"safetySettings": [{"category": "C"}], "cachedContent": "c", "labels": {"a": "b"}, "serviceTier": "flex"}),
    ] {
        let mut body = json!({"contents": contents});
        body.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        assert_eq!(written(&read(&body), &rules("gemini-2.5-flash")), (body, Vec::new()));
    }
}

#[test]
fn one_object_is_as_good_as_a_list_of_it() {
    let one = read(&json!({"contents": {"parts": {"text": "q"}}, "system_instruction": "s",
        "tools": {"function_declarations": {"name": "f"}}, "generation_config": {"top_p": 1}}));
    let roles: Vec<_> = one.turns.iter().map(|turn| (turn.role, turn.blocks.len())).collect();
    assert_eq!(roles, [(TurnRole::System, 1), (TurnRole::User, 1)]);
    assert_eq!((one.tools.len(), one.sampling.top_p.is_some()), (1, true));
}

#[test]
fn what_is_no_request_is_refused_with_what_is_wrong() {
    let fault = |body: &Value| match decode_request(&raw(body), "m", false) {
        Err(DecodeFault::Field { field, .. }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(&json!([])), "body");
    assert_eq!(fault(&json!({"contents": null})), "contents");
    assert_eq!(fault(&json!({"contents": "q"})), "contents");
    assert_eq!(fault(&json!({"contents": ["q"]})), "contents");
    assert_eq!(fault(&json!({"contents": [], "systemInstruction": 1})), "systemInstruction");
    assert_eq!(fault(&json!({"contents": [], "tools": [1]})), "tools");
    let unnamed = json!({"contents": [], "tools": [{"functionDeclarations": [{}]}]});
    assert_eq!(fault(&unnamed), "tools.functionDeclarations.name");
}

#[test]
fn what_a_request_says_is_what_every_wire_says() {
    let request = read(&json!({
        "contents": [{"role": "user", "parts": [{"text": "q"}]}],
        "generationConfig": {"maxOutputTokens": 5, "stopSequences": ["x"], "thinkingConfig": {"thinkingBudget": 0},
            "responseMimeType": "application/json", "responseSchema": {"type": "OBJECT", "nullable": true}},
        "tools": [{"functionDeclarations": [{"name": "f", "parameters": {"type": "OBJECT",
            "properties": {"a": {"type": "STRING"}}}}]}, {"googleSearch": {}}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "safetySettings": []
    }));
    assert_eq!(request.max_output.as_ref().and_then(RawJson::unsigned), Some(5));
    assert_eq!(request.sampling.stop, [JsonText::of("x")]);
    assert_eq!(request.reasoning.mode, ReasoningMode::Off);
    let AnswerFormat::JsonSchema { schema, .. } = &request.format else { panic!() };
    assert_eq!(schema.bytes(), r#"{"type":["object","null"]}"#);
    assert_eq!(request.pick, Some(ToolPick::One(JsonText::of("f"))));
    let schema = request.tools[0].schema.as_ref().unwrap();
    assert_eq!(schema.bytes(), r#"{"type":"object","properties":{"a":{"type":"string"}}}"#);
    assert!(matches!(request.tools[1].kind, ChatToolKind::Server(_)) && request.tools[1].name.is("googleSearch"));
    let mut losses = FieldLosses::default();
    losses.lose_extras("", &request.extra);
    losses.lose_extras("tools", &request.tools[0].extra);
    assert!(losses.is_empty(), "{losses:?}");
}

#[test]
fn what_only_google_has_is_named_by_its_name() {
    let request = read(&json!({"contents": [], "cachedContent": "c", "generationConfig": {"speechConfig": {"x": 1}},
        "toolConfig": {"retrievalConfig": {"x": 1}}}));
    let mut losses = FieldLosses::default();
    losses.lose_extras("", &request.extra);
    assert_eq!(losses.iter().collect::<Vec<_>>(), ["cachedContent", "toolConfig", "generationConfig"]);
}

#[test]
fn what_the_application_says_first_is_the_instruction_and_later_the_users() {
    let turns = vec![
        (TurnRole::System, "s"),
        (TurnRole::Developer, "d"),
        (TurnRole::User, "q"),
        (TurnRole::Assistant, "a"),
        (TurnRole::System, "mid"),
    ];
    let due = json!({
        "systemInstruction": {"parts": [{"text": "s"}, {"text": "d"}]},
        "contents": [{"role": "user", "parts": [{"text": "q"}]}, {"role": "model", "parts": [{"text": "a"}]},
            {"role": "user", "parts": [{"text": "mid"}]}]
    });
    assert_eq!(written(&other(turns), &rules("gemini-2.5-flash")), (due, vec!["messages.role".to_owned()]));
    let alone = json!({"contents": [{"role": "user", "parts": [{"text": "s"}]}]});
    assert_eq!(written(&other(vec![(TurnRole::System, "s")]), &rules("m")).0, alone, "something must be asked");
}

#[test]
fn tools_of_other_wires_keep_their_schemas_or_have_them_rewritten() {
    let schema = json!({"type": "object", "properties": {"a": {"const": "x"}}, "additionalProperties": false});
    let mut request = question();
    request.tools = vec![function(schema.clone()), function(json!({"type": "object"}))];
    let (body, losses) = written(&request, &rules("gemini-2.5-flash"));
    let declared = &body["tools"][0]["functionDeclarations"];
    assert_eq!(declared[0], json!({"name": "look", "description": "Looks", "parametersJsonSchema": schema}));
    assert_eq!((declared.as_array().unwrap().len(), losses.len()), (2, 0));
    let mut subset = rules("gemini-2.5-flash");
    subset.quirks.parameters_schema = true;
    let (body, losses) = written(&request, &subset);
    let due = json!({"type": "OBJECT", "properties": {"a": {"type": "STRING", "enum": ["x"]}}});
    assert_eq!((&body["tools"][0]["functionDeclarations"][0]["parameters"], losses.len()), (&due, 0));
}

#[test]
fn tools_that_google_cannot_run_are_named() {
    let mut request = question();
    let server = |name: &str| ChatTool {
        name: JsonText::of(name),
        kind: ChatToolKind::Server(RawJson::EMPTY_OBJECT),
        ..function(json!({}))
    };
    request.tools = vec![server("web_search"), ChatTool { kind: ChatToolKind::Custom, ..function(json!({})) }];
    request.pick = Some(ToolPick::Auto);
    let (body, losses) = written(&request, &rules("m"));
    assert_eq!((body.get("tools"), body.get("toolConfig")), (None, None));
    assert_eq!(losses, ["tools.web_search", "tools.custom"]);
}

#[test]
fn every_pick_has_its_mode() {
    let names = || vec![JsonText::of("f"), JsonText::of("g")];
    for (pick, due) in [
        (ToolPick::Auto, json!({"mode": "AUTO"})),
        (ToolPick::None, json!({"mode": "NONE"})),
        (ToolPick::Any, json!({"mode": "ANY"})),
        (ToolPick::One(JsonText::of("f")), json!({"mode": "ANY", "allowedFunctionNames": ["f"]})),
        (ToolPick::Among { names: names(), must: true }, json!({"mode": "ANY", "allowedFunctionNames": ["f", "g"]})),
        (
            ToolPick::Among { names: names(), must: false },
            json!({"mode": "VALIDATED", "allowedFunctionNames": ["f", "g"]}),
        ),
    ] {
        let mut request = question();
        (request.tools, request.pick) = (vec![function(json!({}))], Some(pick));
        let (body, losses) = written(&request, &rules("m"));
        assert_eq!((&body["toolConfig"]["functionCallingConfig"], losses.len()), (&due, 0));
    }
    let mut request = question();
    (request.tools, request.pick) = (vec![function(json!({}))], Some(ToolPick::Other(RawJson::EMPTY_OBJECT)));
    assert_eq!(written(&request, &rules("m")).1, ["tool_choice"]);
}

#[test]
fn how_much_to_think_is_a_level_or_a_number_as_the_model_has_it() {
    let thinking = |model: &str, set: &dyn Fn(&mut ChatRequest)| {
        let mut request = question();
        set(&mut request);
        let (body, losses) = written(&request, &rules(model));
        (body["generationConfig"]["thinkingConfig"].clone(), losses)
    };
    let effort =
        |word: &'static str| move |request: &mut ChatRequest| request.reasoning.effort = Some(JsonText::of(word));
    let budget = |tokens: u64| {
        move |request: &mut ChatRequest| {
            request.reasoning.mode = ReasoningMode::On;
            request.reasoning.budget = Some(RawJson::number(tokens));
        }
    };
    let mode = |mode: ReasoningMode| move |request: &mut ChatRequest| request.reasoning.mode = mode;
    let (old, pro, new) = ("gemini-2.5-flash", "models/gemini-2.5-pro", "gemini-3-flash-preview");
    let none = Vec::<String>::new;
    assert_eq!(thinking(old, &effort("low")), (json!({"thinkingBudget": 2_048}), none()));
    assert_eq!(thinking(old, &effort("xhigh")), (json!({"thinkingBudget": 24_576}), none()));
    assert_eq!(thinking(pro, &effort("xhigh")), (json!({"thinkingBudget": 32_768}), none()));
    assert_eq!(thinking(new, &effort("minimal")), (json!({"thinkingLevel": "MINIMAL"}), none()));
    assert_eq!(thinking(new, &effort("max")), (json!({"thinkingLevel": "HIGH"}), none()));
    assert_eq!(thinking("gemini-3-pro-preview", &effort("medium")), (json!({"thinkingLevel": "HIGH"}), none()));
    assert_eq!(thinking(new, &effort("ultra")), (Value::Null, vec!["reasoning.effort".to_owned()]));
    assert_eq!(thinking(old, &budget(9_000)), (json!({"includeThoughts": true, "thinkingBudget": 9_000}), none()));
    assert_eq!(thinking(new, &budget(9_000)), (json!({"includeThoughts": true, "thinkingLevel": "MEDIUM"}), none()));
    assert_eq!(thinking(old, &mode(ReasoningMode::Off)), (json!({"thinkingBudget": 0}), none()));
    assert_eq!(
        thinking(pro, &mode(ReasoningMode::Off)),
        (json!({"thinkingBudget": 128}), vec!["reasoning".to_owned()])
    );
    assert_eq!(thinking(old, &mode(ReasoningMode::Adaptive)).0, json!({"includeThoughts": true, "thinkingBudget": -1}));
    assert_eq!(thinking(new, &mode(ReasoningMode::Adaptive)).0, json!({"includeThoughts": true}));
    assert_eq!(thinking(old, &mode(ReasoningMode::Unsaid)).0, Value::Null);
    let show = |show: ReasoningShow| move |request: &mut ChatRequest| request.reasoning.show = Some(show.clone());
    assert_eq!(thinking(new, &show(ReasoningShow::Summary(JsonText::of("auto")))).0, json!({"includeThoughts": true}));
    assert_eq!(thinking(new, &show(ReasoningShow::Nothing)).0, json!({"includeThoughts": false}));
    let most = |request: &mut ChatRequest| {
        request.max_output = Some(RawJson::number(1_000));
        request.reasoning.effort = Some(JsonText::of("high"));
    };
    assert_eq!(thinking(old, &most).0, json!({"thinkingBudget": 999}), "something is left to be said");
}

#[test]
fn forms_and_words_of_other_wires_are_mapped() {
    let mut request = question();
    let sampling = &mut request.sampling;
    sampling.temperature = Some(RawJson::number(1));
    sampling.top_k = Some(RawJson::number(2));
    sampling.logprobs = Some(RawJson::boolean(true));
    sampling.top_logprobs = Some(RawJson::number(3));
    sampling.stop = ["a", "", "b", "c", "d", "e", "f"].map(JsonText::of).to_vec();
    request.max_output = Some(RawJson::number(7));
    request.format = AnswerFormat::JsonSchema {
        name: Some(JsonText::of("n")),
        description: Some(JsonText::of("d")),
        schema: raw(&json!({"type": "object"})),
        strict: Some(true),
        extra: RawMembers::default(),
    };
    let (body, losses) = written(&request, &rules("m"));
    let due = json!({"temperature": 1, "topK": 2, "responseLogprobs": true, "logprobs": 3,
        "stopSequences": ["a", "b", "c", "d", "e"], "maxOutputTokens": 7, "responseMimeType": "application/json",
        "responseJsonSchema": {"type": "object"}});
    assert_eq!(body["generationConfig"], due);
    assert_eq!(losses, ["stop", "response_format.description"]);
    request.format = AnswerFormat::JsonObject;
    let (body, _) = written(&request, &rules("m"));
    assert_eq!(body["generationConfig"]["responseMimeType"], "application/json");
}

#[test]
fn what_google_has_no_place_for_is_named() {
    let mut request = question();
    request.parallel = Some(false);
    request.user = Some(JsonText::of("u"));
    request.metadata = Some(RawJson::EMPTY_OBJECT);
    request.service_tier = Some(JsonText::of("flex"));
    request.previous = Some(JsonText::of("p"));
    request.store = Some(true);
    request.sampling.min_p = Some(RawJson::number(1));
    request.sampling.logit_bias = Some(RawJson::EMPTY_OBJECT);
    request.extra.push("web_search_options", RawJson::number(1));
    request.turns[0].name = Some(JsonText::of("n"));
    let ContentBlock::Text(block) = &mut request.turns[0].blocks[0] else { panic!() };
    block.cache = Some(CacheMark::default());
    let (_, mut losses) = written(&request, &rules("m"));
    losses.sort_unstable();
    let due = [
        "cache_control",
        "logit_bias",
        "messages.name",
        "metadata",
        "min_p",
        "parallel_tool_calls",
        "previous_response_id",
        "service_tier",
        "store",
        "user",
        "web_search_options",
    ];
    assert_eq!(losses, due);
}

/// Anything that a client could send.
fn bodies() -> impl Strategy<Value = Value> {
    let text = || prop_oneof![Just(json!("")), "[a-zé\"\\\\\u{1F600} ]{1,8}".prop_map(|text| json!(text))];
    let part = prop_oneof![
        text().prop_map(|text| json!({"text": text})),
        text().prop_map(|text| json!({"text": text, "thought": true, "thoughtSignature": "AA=="})),
        text().prop_map(|text| json!({"text": text, "thoughtSignature": "AA=="})),
        text()
            .prop_map(|text| json!({"functionCall": {"name": text, "args": {"a": text}}, "thoughtSignature": "AA=="})),
        text().prop_map(|text| json!({"functionResponse": {"name": "f", "response": {"result": text}}})),
        text().prop_map(|text| json!({"functionResponse": {"name": "f", "response": {"output": text, "x": [1]}}})),
        text().prop_map(|text| json!({"inlineData": {"mimeType": text, "data": "AA=="}})),
        text().prop_map(|text| json!({"fileData": {"fileUri": text}})),
        text().prop_map(|text| json!({"other": text})),
    ];
    let role = prop_oneof![Just("user"), Just("model"), Just("function")];
    let turn =
        (role, prop::collection::vec(part, 1..5)).prop_map(|(role, parts)| json!({"role": role, "parts": parts}));
    let number = || prop::option::of(0..9_u32);
    (prop::collection::vec(turn, 0..4), number(), number(), text()).prop_map(|(turns, one, two, text)| {
        let mut body = json!({"contents": turns, "generationConfig": {"x": text}});
        if let Some(one) = one {
            body["generationConfig"]["topK"] = json!(one);
            body["systemInstruction"] = json!({"parts": [{"text": text}], "role": "user"});
        }
        if let Some(two) = two {
            body["generationConfig"]["thinkingConfig"] = json!({"thinkingBudget": two});
            body["safetySettings"] = json!([two]);
        }
        body
    })
}

proptest! {
    #[test]
    fn any_request_comes_back_as_it_was(body in bodies()) {
        let (again, losses) = written(&read(&body), &rules("gemini-2.5-flash"));
        prop_assert_eq!(losses, Vec::<String>::new());
        prop_assert_eq!(again, body);
    }

    #[test]
    fn any_json_is_read_or_refused(text in "[\\[\\]{}\":,a-z0-9 ]{0,60}") {
        if let Ok(raw) = RawJson::parse(Bytes::from(format!("{{\"contents\":[{{\"parts\":{text}}}]}}"))) {
            let _ = decode_request(&raw, "m", true);
        }
    }
}
