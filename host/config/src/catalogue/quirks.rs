//! In what a provider differs from the dialect that it speaks.

use super::set::{CatalogSet, CatalogWord, words};

/// Declares quirks with their words and what each means, so that a word and its sentence stand once.
macro_rules! quirks {
    ($($name:ident = $word:literal, $says:literal;)*) => {
        words! {
            /// One way in which a provider differs from its dialect. Each but `chat_path_prefix` and `deployment_path` is about chat.
            Quirk {
                $(#[doc = concat!("`", $word, "`: ", $says, ".")] $name = $word,)*
            }
        }

        impl Quirk {
            /// What it means, in words that follow the provider's name.
            #[must_use]
            pub fn says(self) -> &'static str {
                match self { $(Self::$name => $says,)* }
            }
        }
    };
}

quirks! {
    NoStreamOptions = "no_stream_options", "rejects `stream_options`; usage comes unasked";
    MaxTokens = "max_tokens", "knows `max_tokens`, and not `max_completion_tokens`";
    ReasoningContent = "reasoning_content", "says what it thinks in `reasoning_content`";
    Reasoning = "reasoning", "says what it thinks in `reasoning`";
    ReasoningDetails = "reasoning_details", "says what it thinks in a list `reasoning_details`, which comes back with the next request";
    NoDeveloper = "no_developer", "knows no role `developer`";
    NoStrict = "no_strict", "rejects `strict` in a tool's definition";
    NoParallel = "no_parallel", "rejects `parallel_tool_calls`";
    NoJsonSchema = "no_json_schema", "knows `json_object` as a `response_format`, and no `json_schema`";
    ToolIds9 = "tool_ids_9", "takes ids of tool calls that are nine letters and digits, and no others";
    TopK = "top_k", "takes `top_k`";
    ThinkingList = "thinking_list", "has lists with `thinking` parts as `content` where the model thinks";
    NoMidSystem = "no_mid_system", "takes system messages at the beginning alone";
    ParametersSchema = "parameters_schema", "takes a tool's schema in a subset of its own, as `parameters`";
    ChatPathPrefix = "chat_path_prefix", "serves below `/v1` of the base URL that its own SDK takes";
    DeploymentPath = "deployment_path", "has the model, as a deployment, in the path, and `api-version` in the query";
    NoN = "no_n", "answers with one choice whatever `n` says, or rejects another `n` than 1";
    EnableThinking = "enable_thinking", "turns thinking on and off by `enable_thinking`";
    UsageOnLast = "usage_on_last", "sends a stream's usage with the last choice, and not in an event of its own";
    RandomSeed = "random_seed", "knows `random_seed`, and not `seed`";
    KnownMembers = "known_members", "rejects members that it does not know, such as `user`, `store` and `logit_bias`";
    DocumentUrl = "document_url", "takes files as `document_url`, and sound as nothing but data";
    Prefix = "prefix", "goes on with a last message of the model's if that says `prefix`, and rejects one otherwise";
    NoResponses = "no_responses", "has no Responses API, although its dialect does";
}

/// In what one provider differs.
pub type Quirks = CatalogSet<Quirk>;
