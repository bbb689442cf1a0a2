//! Every place in OpenAI's dialect where text may stand, each with a body that has `$` there.
//!
//! Source: OpenAI's specification (`CreateChatCompletionRequest`, `CreateChatCompletionResponse`,
//! `CreateChatCompletionStreamResponse`, `CreateEmbeddingRequest`), and what providers that speak the dialect add to it.

#![allow(missing_docs, missing_debug_implementations, unreachable_pub)]

/// What a body is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// A request for a chat, without its model.
    Chat,
    /// A message of one.
    Message,
    /// A request to embed, without its model.
    Embeddings,
    /// A message of a whole answer.
    Answer,
    /// A choice of a whole answer.
    AnswerChoice,
    /// A whole answer beside its choices.
    AnswerTop,
    /// A delta of an event.
    Delta,
    /// A choice of an event.
    EventChoice,
    /// An event beside its choices.
    EventTop,
    /// What an upstream says against a request, with a status between 400 and 499.
    Error,
}

impl Body {
    /// What the documentation calls it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Chat | Self::Message => "chat",
            Self::Embeddings => "embeddings",
            Self::Answer | Self::AnswerChoice | Self::AnswerTop => "answer",
            Self::Delta | Self::EventChoice | Self::EventTop => "stream",
            Self::Error => "error",
        }
    }

    /// The whole of it, with this text where `$` stands, and its bytes as numbers where `€` does.
    pub fn with(self, part: &str, text: &str) -> String {
        let part = part.replace('$', text).replace('€', &format!("{:?}", text.as_bytes()));
        let chunk = |choices: &str, more: &str| {
            format!(
                r#"{{"id":"c","object":"chat.completion.chunk","created":1,"model":"m",{more}"choices":[{choices}]}}"#
            )
        };
        let answer = |choices: &str, more: &str| {
            format!(
                r#"{{"id":"c","object":"chat.completion","created":1,"model":"m",{more}"choices":[{choices}],"usage":{{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}}}"#
            )
        };
        let said = r#"{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}"#;
        match self {
            Self::Chat => format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}}],{part}}}"#),
            Self::Message => format!(r#"{{"model":"m","messages":[{{"role":"user","content":"hi"}},{{{part}}}]}}"#),
            Self::Embeddings => format!(r#"{{"model":"m",{part}}}"#),
            Self::Answer => answer(&format!(r#"{said},{{"index":1,"message":{{{part}}},"finish_reason":"stop"}}"#), ""),
            Self::AnswerChoice => answer(
                &format!(
                    r#"{{"index":0,"message":{{"role":"assistant","content":"fine"}},"finish_reason":"stop",{part}}}"#
                ),
                "",
            ),
            Self::AnswerTop => answer(said, &format!("{part},")),
            Self::Delta => chunk(&format!(r#"{{"index":0,"delta":{{{part}}},"finish_reason":null}}"#), ""),
            Self::EventChoice => {
                chunk(&format!(r#"{{"index":0,"delta":{{"content":"fine"}},"finish_reason":null,{part}}}"#), "")
            }
            Self::Error => format!("{{{part}}}"),
            Self::EventTop => {
                chunk(r#"{"index":0,"delta":{"content":"fine"},"finish_reason":null}"#, &format!("{part},"))
            }
        }
    }
}

/// Where, in what, and a part of it with `$` at that place; several parts, for several places, are parted by `¦`.
pub type Row = (&'static str, Body, &'static str);

/// Places that have text.
pub const SHOWN: &[Row] = &[
    ("messages[].content", Body::Message, r#""role":"user","content":"$""#),
    ("messages[].content[].text", Body::Message, r#""role":"user","content":[{"type":"text","text":"$"}]"#),
    (
        "messages[].content[].text of any type",
        Body::Message,
        r#""role":"user","content":[{"type":"input_text","text":"$"}]"#,
    ),
    (
        "messages[].content[].refusal",
        Body::Message,
        r#""role":"assistant","content":[{"type":"refusal","refusal":"$"}]"#,
    ),
    (
        "messages[].content[].thinking[].text",
        Body::Message,
        r#""role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"$"}]}]"#,
    ),
    (
        "messages[].content[].file.filename",
        Body::Message,
        r#""role":"user","content":[{"type":"file","file":{"filename":"$","file_data":"data:application/pdf;base64,JVBERi0="}}]"#,
    ),
    (
        "any other member of a part",
        Body::Message,
        r#""role":"user","content":[{"type":"new_kind","payload":{"deep":["$"]}}]"#,
    ),
    ("messages[].content of a tool", Body::Message, r#""role":"tool","tool_call_id":"call_1","content":"$""#),
    ("messages[].content of a function", Body::Message, r#""role":"function","name":"f","content":"$""#),
    ("messages[].name", Body::Message, r#""role":"user","content":"hi","name":"$""#),
    ("messages[].refusal", Body::Message, r#""role":"assistant","refusal":"$""#),
    (
        "messages[].reasoning_content, reasoning, thinking",
        Body::Message,
        r#""role":"assistant","content":"hi","reasoning_content":"$"¦"role":"assistant","content":"hi","reasoning":"$"¦"role":"assistant","content":"hi","thinking":"$""#,
    ),
    (
        "messages[].reasoning_details[].text",
        Body::Message,
        r#""role":"assistant","content":"hi","reasoning_details":[{"type":"reasoning.text","text":"$"}]"#,
    ),
    (
        "messages[].tool_calls[].function.arguments",
        Body::Message,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":\"$\"}"}}]"#,
    ),
    (
        "messages[].tool_calls[].function.name",
        Body::Message,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"$","arguments":"{}"}}]"#,
    ),
    (
        "messages[].tool_calls[].custom.input",
        Body::Message,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"$"}}]"#,
    ),
    (
        "messages[].tool_calls[].function.arguments, custom.input: an object, whatever is in it",
        Body::Message,
        r#""role":"assistant","tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{"id":"$"}}}]¦"role":"assistant","tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":{"deep":[{"type":"$"}]}}}]"#,
    ),
    (
        "messages[].content[].input of a call",
        Body::Message,
        r#""role":"assistant","content":[{"type":"tool_use","id":"c","name":"f","input":{"data":"$"}}]"#,
    ),
    (
        "messages[].content[].image_url and the like, where it is no address",
        Body::Message,
        r#""role":"user","content":[{"type":"image_url","image_url":{"url":"$"}}]¦"role":"user","content":[{"type":"image_url","image_url":"$"}]"#,
    ),
    (
        "messages[].content[].file.file_data: a text in a data: URL",
        Body::Message,
        r#""role":"user","content":[{"type":"file","file":{"file_data":"data:text/plain,$"}}]¦"role":"user","content":[{"type":"file","file":{"file_data":"data:made/up,$"}}]"#,
    ),
    (
        "any other member of a part or a message, whatever is in it",
        Body::Message,
        r#""role":"user","content":[{"type":"document","context":{"id":"$"}}]¦"role":"user","content":"hi","context":{"model":["$"]}"#,
    ),
    (
        "messages[].function_call.arguments",
        Body::Message,
        r#""role":"assistant","function_call":{"name":"f","arguments":"{\"a\":\"$\"}"}"#,
    ),
    ("any other member of a message", Body::Message, r#""role":"user","content":"hi","note":"$""#),
    (
        "tools[].function.description",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","description":"$"}}]"#,
    ),
    ("tools[].function.name", Body::Chat, r#""tools":[{"type":"function","function":{"name":"$"}}]"#),
    (
        "tools[].function.parameters: descriptions, titles",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"description":"$"}}}}}]¦"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"title":"$"}}}}}]"#,
    ),
    (
        "tools[].function.parameters: enum, const, default, examples",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"enum":["$"]}}}}}]¦"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"const":"$"}}}}}]¦"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"default":"$"}}}}}]¦"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"examples":["$"]}}}}}]"#,
    ),
    (
        "tools[].function.parameters: what is in these, whatever it is called",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","default":{"id":"$"}}}}]¦"tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"a":{"enum":[{"type":"$"}]}}}}}]"#,
    ),
    (
        "tools[].function.parameters.required",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","required":["$"]}}}]"#,
    ),
    (
        "tools[].function.parameters: names of parameters",
        Body::Chat,
        r#""tools":[{"type":"function","function":{"name":"f","parameters":{"type":"object","properties":{"$":{}}}}}]"#,
    ),
    (
        "tools[].custom.description",
        Body::Chat,
        r#""tools":[{"type":"custom","custom":{"name":"f","description":"$"}}]"#,
    ),
    (
        "tools[].custom.format.grammar.definition",
        Body::Chat,
        r#""tools":[{"type":"custom","custom":{"name":"f","format":{"type":"grammar","grammar":{"syntax":"lark","definition":"$"}}}}]"#,
    ),
    ("functions[].description", Body::Chat, r#""functions":[{"name":"f","description":"$"}]"#),
    ("tool_choice.function.name", Body::Chat, r#""tool_choice":{"type":"function","function":{"name":"$"}}"#),
    (
        "response_format.json_schema.description",
        Body::Chat,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"f","description":"$"}}"#,
    ),
    (
        "response_format.json_schema.schema",
        Body::Chat,
        r#""response_format":{"type":"json_schema","json_schema":{"name":"f","schema":{"type":"object","properties":{"a":{"const":"$"}}}}}"#,
    ),
    ("prediction.content", Body::Chat, r#""prediction":{"type":"content","content":"$"}"#),
    (
        "prediction.content[].text",
        Body::Chat,
        r#""prediction":{"type":"content","content":[{"type":"text","text":"$"}]}"#,
    ),
    (
        "web_search_options.user_location",
        Body::Chat,
        r#""web_search_options":{"user_location":{"type":"approximate","approximate":{"city":"$"}}}"#,
    ),
    ("stop", Body::Chat, r#""stop":["$"]"#),
    (
        "user, safety_identifier, prompt_cache_key",
        Body::Chat,
        r#""user":"$"¦"safety_identifier":"$"¦"prompt_cache_key":"$""#,
    ),
    ("metadata: values", Body::Chat, r#""metadata":{"a":"$"}¦"metadata":{"a":{"id":"$"}}"#),
    ("metadata: names", Body::Chat, r#""metadata":{"$":"a"}"#),
    ("any other member of the request, and its name", Body::Chat, r#""new_kind":{"deep":[{"$":1}]}"#),
    (
        "any other member of the request, whatever is in it",
        Body::Chat,
        r#""new_kind":{"id":"$"}¦"new_kind":[{"data":["$"]}]"#,
    ),
    (
        "type, id, tool_call_id and other identifiers, where they are no one word",
        Body::Message,
        r#""role":"user","content":[{"type":"$","text":"hi"}]¦"role":"assistant","content":"hi","id":"$"¦"role":"tool","tool_call_id":"$","content":"hi""#,
    ),
    ("input", Body::Embeddings, r#""input":"$""#),
    ("input[]", Body::Embeddings, r#""input":["hi","$"]"#),
    ("choices[].message.content", Body::Answer, r#""role":"assistant","content":"$""#),
    ("choices[].message.content[].text", Body::Answer, r#""role":"assistant","content":[{"type":"text","text":"$"}]"#),
    (
        "choices[].message.content[].thinking[].text",
        Body::Answer,
        r#""role":"assistant","content":[{"type":"thinking","thinking":[{"type":"text","text":"$"}]}]"#,
    ),
    ("choices[].message.refusal", Body::Answer, r#""role":"assistant","content":null,"refusal":"$""#),
    (
        "choices[].message.reasoning_content, reasoning, thinking",
        Body::Answer,
        r#""role":"assistant","content":"hi","reasoning_content":"$"¦"role":"assistant","content":"hi","reasoning":"$"¦"role":"assistant","content":"hi","thinking":"$""#,
    ),
    (
        "choices[].message.tool_calls[].function.arguments",
        Body::Answer,
        r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":"{\"a\":\"$\"}"}}]"#,
    ),
    (
        "choices[].message.tool_calls[].function.name",
        Body::Answer,
        r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"$","arguments":"{}"}}]"#,
    ),
    (
        "choices[].message.tool_calls[].custom.input",
        Body::Answer,
        r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"custom","custom":{"name":"f","input":"$"}}]"#,
    ),
    (
        "choices[].message.tool_calls[].function.arguments: an object, whatever is in it",
        Body::Answer,
        r#""role":"assistant","content":null,"tool_calls":[{"id":"c","type":"function","function":{"name":"f","arguments":{"id":"$"}}}]"#,
    ),
    (
        "choices[].message.function_call.arguments",
        Body::Answer,
        r#""role":"assistant","content":null,"function_call":{"name":"f","arguments":"{\"a\":\"$\"}"}"#,
    ),
    (
        "choices[].message.annotations[].url_citation",
        Body::Answer,
        r#""role":"assistant","content":"hi","annotations":[{"type":"url_citation","url_citation":{"url":"https://example.com","title":"$"}}]"#,
    ),
    (
        "choices[].message.audio.transcript",
        Body::Answer,
        r#""role":"assistant","content":null,"audio":{"id":"audio_1","data":"UklGRg==","transcript":"$"}"#,
    ),
    (
        "any other member of the message",
        Body::Answer,
        r#""role":"assistant","content":"hi","note":["$"]¦"role":"assistant","content":"hi","parsed":{"id":"$"}"#,
    ),
    (
        "choices[].logprobs: tokens, joined",
        Body::AnswerChoice,
        r#""logprobs":{"content":[{"token":"$","logprob":-1}]}"#,
    ),
    (
        "choices[].logprobs: other candidates",
        Body::AnswerChoice,
        r#""logprobs":{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"$","logprob":-2}]}]}"#,
    ),
    (
        "choices[].logprobs: bytes, where they say something else than their tokens",
        Body::AnswerChoice,
        r#""logprobs":{"content":[{"token":"a","logprob":-1,"bytes":€}]}¦"logprobs":{"refusal":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2,"bytes":€}]}]}"#,
    ),
    ("any other member of the choice", Body::AnswerChoice, r#""note":{"deep":"$"}"#),
    (
        "citations, search_results, metadata, moderation and any other member of the answer",
        Body::AnswerTop,
        r#""citations":["$"]¦"search_results":[{"title":"$","url":"https://example.com"}]¦"metadata":{"a":"$"}¦"moderation":{"input":{"message":"$"}}¦"new_kind":["$"]"#,
    ),
    ("choices[].delta.content", Body::Delta, r#""content":"$""#),
    ("choices[].delta.content[].text", Body::Delta, r#""content":[{"type":"text","text":"$"}]"#),
    (
        "choices[].delta.content[].thinking[].text",
        Body::Delta,
        r#""content":[{"type":"thinking","thinking":[{"type":"text","text":"$"}]}]"#,
    ),
    ("choices[].delta.refusal", Body::Delta, r#""refusal":"$""#),
    (
        "choices[].delta.reasoning_content, reasoning, thinking",
        Body::Delta,
        r#""reasoning_content":"$"¦"reasoning":"$"¦"thinking":"$""#,
    ),
    (
        "choices[].delta.tool_calls[].function.arguments",
        Body::Delta,
        r#""tool_calls":[{"index":0,"function":{"arguments":"{\"a\":\"$"}}]"#,
    ),
    (
        "choices[].delta.tool_calls[].function.name",
        Body::Delta,
        r#""tool_calls":[{"index":0,"id":"c","type":"function","function":{"name":"$","arguments":""}}]"#,
    ),
    ("choices[].delta.function_call.arguments", Body::Delta, r#""function_call":{"arguments":"$"}"#),
    ("choices[].delta.audio.transcript", Body::Delta, r#""audio":{"transcript":"$"}"#),
    ("any other member of the delta", Body::Delta, r#""note":"$"¦"note":{"id":"$"}"#),
    ("choices[].logprobs: tokens, joined", Body::EventChoice, r#""logprobs":{"content":[{"token":"$","logprob":-1}]}"#),
    (
        "choices[].logprobs: other candidates",
        Body::EventChoice,
        r#""logprobs":{"content":[{"token":"a","logprob":-1,"top_logprobs":[{"token":"$","logprob":-2}]}]}"#,
    ),
    (
        "choices[].logprobs: bytes, where they say something else than their tokens",
        Body::EventChoice,
        r#""logprobs":{"content":[{"token":"a","logprob":-1,"bytes":€}]}¦"logprobs":{"refusal":[{"token":"a","logprob":-1,"bytes":[97],"top_logprobs":[{"token":"b","logprob":-2,"bytes":€}]}]}"#,
    ),
    ("any other member of the choice", Body::EventChoice, r#""note":{"deep":"$"}"#),
    ("any other member of an event with choices", Body::EventTop, r#""note":{"deep":"$"}"#),
    (
        "error.message, and any other member of an error",
        Body::Error,
        r#""error":{"message":"$","type":"invalid_request_error"}¦"error":"$"¦"detail":[{"loc":["$"],"msg":"no"}]¦"code":"$""#,
    ),
];

/// Places that have no text, where what stands there is what belongs there: it is not shown.
pub const HIDDEN: &[Row] = &[
    (
        "image_url.url",
        Body::Message,
        r#""role":"user","content":[{"type":"image_url","image_url":{"url":"https://example.com/$.png"}}]"#,
    ),
    (
        "input_audio.data, file.file_data: bytes in base64",
        Body::Message,
        r#""role":"user","content":[{"type":"input_audio","input_audio":{"data":"$","format":"wav"}}]¦"role":"user","content":[{"type":"file","file":{"file_data":"data:application/pdf;base64,$"}}]"#,
    ),
    (
        "type, id, tool_call_id and other identifiers, where they are one word",
        Body::Message,
        r#""role":"tool","tool_call_id":"$","content":"hi"¦"role":"user","content":[{"type":"$","text":"hi"}]¦"role":"assistant","content":"hi","id":"$""#,
    ),
    ("input as numbers of tokens", Body::Embeddings, r#""input":[[1,2,3]]"#),
];
