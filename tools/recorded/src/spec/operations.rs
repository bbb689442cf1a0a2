//! Which schemas are an operation's.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::json_schema::{JsonSchemas, Unnamed};
use super::said::SpecSide;

type Roots = HashMap<(SpecSide, String), Value>;

fn schemas(defined: Map<String, Value>, roots: Roots, unnamed: Unnamed) -> JsonSchemas {
    JsonSchemas { defined, roots, unnamed, built: Default::default() }
}

fn member(of: &mut Value, name: &str) -> Map<String, Value> {
    of.get_mut(name).and_then(Value::as_object_mut).map(std::mem::take).unwrap_or_default()
}

/// Of an OpenAPI document.
pub(super) fn openai(mut document: Value) -> JsonSchemas {
    let mut roots = Roots::new();
    for (path, methods) in member(&mut document, "paths") {
        for method in ["post", "get"] {
            let Some(operation) = methods.get(method) else { continue };
            let content = |of: &str, media: &str| {
                let media = media.replace('/', "~1");
                operation.pointer(&format!("{of}/content/{media}/schema")).cloned()
            };
            let request = content("/requestBody", "application/json");
            let answer = content("/responses/200", "application/json");
            let event = content("/responses/200", "text/event-stream").or_else(|| answer.clone());
            for (side, schema) in [(SpecSide::Request, request), (SpecSide::Answer, answer), (SpecSide::Event, event)] {
                if let Some(schema) = schema {
                    roots.entry((side, path.clone())).or_insert(schema);
                }
            }
        }
    }
    roots.insert((SpecSide::Answer, "error".to_owned()), json!({ "$ref": "#/components/schemas/ErrorResponse" }));
    // What was made is streamed as it was when it was made; the document has the whole answer only.
    if let Some(event) = roots.get(&(SpecSide::Event, "/responses".to_owned())).cloned() {
        roots.insert((SpecSide::Event, "/responses/{response_id}".to_owned()), event);
    }
    let defined = document.get_mut("components").map(|components| member(components, "schemas")).unwrap_or_default();
    schemas(defined, roots, Unnamed::AtTheTop)
}

/// Of the schemas of Anthropic's types; `prefix` is `Beta` for those in beta.
pub(super) fn anthropic(mut document: Value, prefix: &str) -> JsonSchemas {
    let named = member(&mut document, "roots");
    let mut roots = Roots::new();
    let mut add = |side, operation: &str, schema: Option<Value>| {
        if let Some(schema) = schema {
            roots.insert((side, operation.to_owned()), schema);
        }
    };
    // The two forms of a request differ by `stream` alone.
    let mut request = named.get("MessageCreateParamsNonStreaming").cloned().unwrap_or_default();
    if let Some(properties) = request.get_mut("properties") {
        properties["stream"] = json!({ "type": "boolean" });
    }
    let root = |name: String| named.get(&name).cloned();
    add(SpecSide::Request, "/v1/messages", Some(request));
    add(SpecSide::Answer, "/v1/messages", root(format!("{prefix}Message")));
    // Its clients take an error out of a stream before it has a type, so that the types of events have none.
    let error = json!({
        "type": "object",
        "required": ["type", "error"],
        "properties": {
            "type": { "const": "error" },
            "error": {
                "type": "object",
                "required": ["type", "message"],
                "properties": { "type": { "type": "string" }, "message": { "type": "string" } }
            }
        }
    });
    let mut event = root(format!("{prefix}RawMessageStreamEvent")).unwrap_or_default();
    event.get_mut("anyOf").and_then(Value::as_array_mut).into_iter().for_each(|kinds| kinds.push(error.clone()));
    add(SpecSide::Event, "/v1/messages", Some(event));
    add(SpecSide::Request, "/v1/messages/count_tokens", root("MessageCountTokensParams".to_owned()));
    add(SpecSide::Answer, "/v1/messages/count_tokens", root("MessageTokensCount".to_owned()));
    add(SpecSide::Answer, "/v1/models/{model}", root("ModelInfo".to_owned()));
    // The SDK reads a list page by page, and has no type for a page.
    let model = json!({ "$ref": "#/$defs/ModelInfo" });
    let (id, more) = (json!({ "type": ["string", "null"] }), json!({ "type": "boolean" }));
    let page = json!({ "data": list(model), "first_id": id, "last_id": id, "has_more": more });
    add(SpecSide::Answer, "/v1/models", Some(said(&["data", "first_id", "last_id", "has_more"], page)));
    add(SpecSide::Answer, "error", root("ErrorResponse".to_owned()));
    let mut defined = member(&mut document, "$defs");
    defined.extend(named.get("ModelInfo").map(|model| ("ModelInfo".to_owned(), model.clone())));
    schemas(defined, roots, Unnamed::Everywhere)
}

/// Of the schemas of Mistral's types.
pub(super) fn mistral(mut document: Value) -> JsonSchemas {
    let named = member(&mut document, "roots");
    let mut roots = Roots::new();
    for (side, operation, name) in [
        (SpecSide::Request, "/v1/chat/completions", "ChatCompletionRequest"),
        (SpecSide::Answer, "/v1/chat/completions", "ChatCompletionResponse"),
        (SpecSide::Event, "/v1/chat/completions", "CompletionChunk"),
        (SpecSide::Request, "/v1/embeddings", "EmbeddingRequest"),
        (SpecSide::Answer, "/v1/embeddings", "EmbeddingResponse"),
    ] {
        roots.insert((side, operation.to_owned()), named.get(name).cloned().unwrap_or_default());
    }
    schemas(member(&mut document, "$defs"), roots, Unnamed::AtTheTop)
}

/// Of the schemas of Cohere's types, which have no request as a whole: those are made of their parts here.
pub(super) fn cohere(mut document: Value) -> JsonSchemas {
    let (named, mut defined) = (member(&mut document, "roots"), member(&mut document, "$defs"));
    let mut roots = Roots::new();
    for (side, operation, name) in [
        (SpecSide::Answer, "/v2/chat", "V2ChatResponse"),
        (SpecSide::Event, "/v2/chat", "V2ChatStreamResponse"),
        (SpecSide::Answer, "/v2/embed", "EmbedByTypeResponse"),
        (SpecSide::Answer, "/v2/rerank", "V2RerankResponse"),
    ] {
        roots.insert((side, operation.to_owned()), named.get(name).cloned().unwrap_or_default());
    }
    for name in ["ChatMessageV2", "ToolV2", "ResponseFormatV2"] {
        defined.insert(name.to_owned(), named.get(name).cloned().unwrap_or_default());
    }
    for (side, operation, schema) in [
        (SpecSide::Request, "/v2/chat", chat_request()),
        (SpecSide::Request, "/v2/embed", embed_request()),
        (SpecSide::Request, "/v2/rerank", rerank_request()),
        (SpecSide::Answer, "error", said(&["message"], json!({ "message": text(), "id": text() }))),
    ] {
        roots.insert((side, operation.to_owned()), schema);
    }
    schemas(defined, roots, Unnamed::AtTheTop)
}

fn said(required: &[&str], properties: Value) -> Value {
    json!({ "type": "object", "required": required, "properties": properties })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn list(items: Value) -> Value {
    json!({ "type": "array", "items": items })
}

/// The parameters of `client.v2.chat`.
fn chat_request() -> Value {
    let (whole, number, yes) =
        (json!({ "type": "integer" }), json!({ "type": "number" }), json!({ "type": "boolean" }));
    let thinking = said(&["type"], json!({ "type": { "enum": ["enabled", "disabled"] }, "token_budget": whole }));
    let members = json!({
        "model": text(),
        "messages": list(json!({ "$ref": "#/$defs/ChatMessageV2" })),
        "stream": yes,
        "tools": list(json!({ "$ref": "#/$defs/ToolV2" })),
        "strict_tools": yes,
        "documents": list(json!({ "type": ["string", "object"] })),
        "citation_options": { "type": "object" },
        "response_format": { "$ref": "#/$defs/ResponseFormatV2" },
        "safety_mode": { "enum": ["CONTEXTUAL", "STRICT", "OFF"] },
        "max_tokens": whole,
        "stop_sequences": list(text()),
        "temperature": number,
        "seed": whole,
        "frequency_penalty": number,
        "presence_penalty": number,
        "k": whole,
        "p": number,
        "logprobs": yes,
        "tool_choice": { "enum": ["REQUIRED", "NONE"] },
        "thinking": thinking,
        "priority": whole
    });
    said(&["model", "messages"], members)
}

/// The parameters of `client.v2.embed`.
fn embed_request() -> Value {
    let whole = json!({ "type": ["integer", "null"] });
    let members = json!({
        "model": text(),
        "input_type": { "enum": ["search_document", "search_query", "classification", "clustering", "image"] },
        "texts": list(text()),
        "images": list(text()),
        "inputs": list(json!({ "type": "object" })),
        "max_tokens": whole,
        "output_dimension": whole,
        "embedding_types": list(json!({ "enum": ["float", "int8", "uint8", "binary", "ubinary", "base64"] })),
        "truncate": { "enum": ["NONE", "START", "END"] },
        "priority": whole
    });
    said(&["model", "input_type"], members)
}

/// The parameters of `client.v2.rerank`.
fn rerank_request() -> Value {
    let whole = json!({ "type": ["integer", "null"] });
    let members = json!({
        "model": text(),
        "query": text(),
        "documents": list(text()),
        "top_n": whole,
        "max_tokens_per_doc": whole,
        "priority": whole
    });
    said(&["model", "query", "documents"], members)
}
