//! What providers really said and their specifications do not know, with the recordings that show it.

use super::said::SpecSide::{Answer, Event, Request};
use super::said::{SpecFault, SpecSide};

/// Something that a recording shows and its specification does not know.
#[derive(Debug, Clone, Copy)]
pub struct SpecGap {
    /// Where it may stand.
    pub side: SpecSide,
    /// The place, as a JSON pointer in which `*` is any one step and a leading `**` any number of them.
    pub at: &'static str,
    /// What the specification has against it, in the words of [`SpecFault::what`].
    pub what: &'static str,
    /// The recording that shows it: its provider and name.
    pub shown_by: (&'static str, &'static str),
}

impl SpecGap {
    /// Whether this is the fault that it lets pass.
    pub(super) fn covers(&self, side: SpecSide, fault: &SpecFault) -> bool {
        self.side == side && self.what == fault.what && is_at(self.at, &fault.at)
    }
}

fn is_at(pattern: &str, at: &str) -> bool {
    let steps: Vec<&str> = at.split('/').skip(1).collect();
    let (pattern, is_suffix) = match pattern.strip_prefix("**") {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let wanted: Vec<&str> = pattern.split('/').skip(1).collect();
    let Some(before) = steps.len().checked_sub(wanted.len()) else { return false };
    let is_same = |(wanted, step): (&&str, &&str)| *wanted == "*" || wanted == step;
    (before == 0 || is_suffix) && wanted.iter().zip(steps.iter().skip(before)).all(is_same)
}

const fn gap(side: SpecSide, at: &'static str, what: &'static str, shown_by: (&'static str, &'static str)) -> SpecGap {
    SpecGap { side, at, what, shown_by }
}

/// Those of a specification, by its name.
pub(super) fn of(spec: &str) -> &'static [SpecGap] {
    match spec {
        "openai" => OPENAI,
        "anthropic" | "anthropic-beta" => ANTHROPIC,
        "bedrock" => BEDROCK,
        "gemini" => GEMINI,
        "vertex" => VERTEX,
        "cohere" => COHERE,
        "mistral" => MISTRAL,
        other => panic!("no specification is called {other}"),
    }
}

const fn openai(side: SpecSide, at: &'static str, what: &'static str, name: &'static str) -> SpecGap {
    gap(side, at, what, ("openai", name))
}

const IS_NULL: &str = "is null, not string";
const NO_ENVIRONMENT: &str = r#""environment" is missing"#;
const NO_CACHE_WRITES: &str = r#""cache_write_tokens" is missing"#;
const NO_FETCHES: &str = r#""web_fetch_requests" is missing"#;

const IMAGE: &str = "ellmer.structured_data_basics_image";
const CUT_CALL: &str = "rig.streaming_grammar.incomplete_mid_tool_call";
const SEARCH: &str = "rubyllm.chat_citations_with_openai_gpt_4o_mini_search_preview_returns_url_citations_when_w";
const OLD_CHAT: &str = "ddtrace.openai_chat_completions_post_f9fa0b14";
const NO_TOOL: &str = "pydantic.test_tool_choice_matrix.test_tool_choice_matrix_none_openai";
const LOGPROBS: &str = "openllmetryjs.should_emit_logprobs_span_event_for_stream_chat_completion";
const LEGACY: &str = "ddtrace.openai_completions_post_8af08079";
const BASE64: &str = "ddtrace.openai_embeddings_post_5f290ee6";
const SHELL: &str = "vercel.openai_shell_tool.1.whole";
const SHELL_STREAM: &str = "vercel.openai_shell_tool.1.stream";
const REFUSAL: &str = "rig.refusal_matrix.responses_agent_blocking_refusal_surfaces";
const REFUSAL_STREAM: &str = "mirascope.test_refusal.openai_gpt_4o_responses.async_stream";
const WRAPPED: &str = "vercel.parallel_tool_call_wrapper.1";
const ENCRYPTED: &str = "vercel.openai_reasoning_encrypted_content.1.stream";
const MCP: &str = "pydantic.test_openai_responses.test_openai_responses_model_mcp_list_tools_stream_backfills";

const OPENAI: &[SpecGap] = &[
    openai(Request, "/input/*/content/*", r#""detail" is missing"#, IMAGE),
    openai(Request, "/tools/*", r#""strict" is missing"#, CUT_CALL),
    openai(Answer, "/choices/*", r#""logprobs" is missing"#, SEARCH),
    openai(Answer, "/choices/*/message", r#""refusal" is missing"#, OLD_CHAT),
    openai(Answer, "/system_fingerprint", IS_NULL, NO_TOOL),
    openai(Event, "/system_fingerprint", IS_NULL, LOGPROBS),
    openai(Event, "/choices/*/finish_reason", IS_NULL, LEGACY),
    openai(Event, "/choices/*/finish_reason", "null is none of what it may be", LEGACY),
    openai(Answer, "/data/*/embedding", "is a string, not array", BASE64),
    openai(Answer, "/output/*", NO_ENVIRONMENT, SHELL),
    openai(Event, "/item", NO_ENVIRONMENT, SHELL_STREAM),
    openai(Event, "/response/output/*", NO_ENVIRONMENT, SHELL_STREAM),
    openai(Answer, "/text/format/description", IS_NULL, REFUSAL),
    openai(Event, "/response/text/format/description", IS_NULL, REFUSAL_STREAM),
    openai(Answer, "/user", IS_NULL, WRAPPED),
    openai(Event, "/response/user", IS_NULL, SHELL_STREAM),
    openai(Answer, "/usage/input_tokens_details", NO_CACHE_WRITES, WRAPPED),
    openai(Event, "/response/usage/input_tokens_details", NO_CACHE_WRITES, SHELL_STREAM),
    openai(Event, "/response/usage", "is null, not object", SHELL_STREAM),
    openai(Event, "/response/tools/*/server_description", IS_NULL, MCP),
    openai(Event, "", r#""name" is missing"#, ENCRYPTED),
];

const SAMPLED: (&str, &str) = ("bedrock", "openllmetry.test_anthropic.test_prompt_cache_with_events_with_content.1");

const MODELS: (&str, &str) = ("anthropic", "ellmer.anthropic_list_models");

const ANTHROPIC: &[SpecGap] = &[
    gap(Answer, "/data/*", r#""lifecycle" is missing"#, MODELS),
    gap(Answer, "/data/*/capabilities", r#""server_tools" is missing"#, MODELS),
    gap(Answer, "/data/*/capabilities/thinking/types", r#""between_tools" is missing"#, MODELS),
    gap(Answer, "/data/*/capabilities/thinking/types", r#""disabled" is missing"#, MODELS),
    gap(Request, "", r#"unknown member "temperature""#, SAMPLED),
    gap(Request, "", r#"unknown member "top_p""#, SAMPLED),
    gap(Request, "", r#"unknown member "top_k""#, SAMPLED),
    gap(Answer, "/usage/server_tool_use", NO_FETCHES, ("anthropic", "vercel.anthropic_tool_search_deferred_bm25.2")),
    gap(Event, "/usage/server_tool_use", NO_FETCHES, ("anthropic", "vercel.anthropic_tool_search_deferred_regex")),
    gap(
        Event,
        "/message/usage/server_tool_use",
        NO_FETCHES,
        ("anthropic", "vercel.anthropic_programmatic_tool_calling.1.stream"),
    ),
    gap(
        Event,
        "/type",
        r#""ping" is none of what it may be"#,
        ("anthropic", "vercel.anthropic_tool_search_deferred_regex"),
    ),
];

const NO_TYPE: &str = r#""tool_use" is none of what it may be"#;

const BEDROCK: &[SpecGap] = &[
    gap(
        Answer,
        "/output/message/content/*/toolUse/type",
        NO_TYPE,
        ("bedrock", "rubyllm.chat_function_calling_bedrock_claude_sonnet_4_5_can_use_parallel_tool_calls.1"),
    ),
    gap(
        Event,
        "/contentBlockStart/start/toolUse/type",
        NO_TYPE,
        ("bedrock", "pydantic.test_bedrock.test_bedrock_model_code_execution_tool_stream"),
    ),
    gap(
        Answer,
        "/trace/guardrail/inputAssessment/*/wordPolicy",
        r#""managedWordLists" is missing"#,
        ("bedrock", "rig.raw_provider_data.guardrail_trace_survives_into_raw_completion"),
    ),
];

const MODE: &str = "/toolConfig/functionCallingConfig/mode";

const GEMINI: &[SpecGap] = &[
    gap(
        Request,
        "/generationConfig/thinkingConfig",
        r#"unknown member "thinkingLevel""#,
        ("gemini", "openinference.test_instrumentation.test_streaming_reasoning_with_multiple_tool_calls"),
    ),
    gap(
        Request,
        MODE,
        r#""any" is none of what it may be"#,
        ("gemini", "rubyllm.chat_tool_choice_and_calls_control_gemini_gemini_2_5_flash_respects_specific_tool.1"),
    ),
    gap(
        Request,
        MODE,
        r#""none" is none of what it may be"#,
        ("gemini", "rubyllm.chat_tool_choice_and_calls_control_gemini_gemini_2_5_flash_respects_choice_none"),
    ),
    gap(
        Request,
        "/tools/*/fileSearch",
        r#"unknown member "fileSearchStoreNames""#,
        ("gemini", "pydantic.test_google.test_google_model_file_search_tool_stream"),
    ),
];

const VERTEX: &[SpecGap] =
    &[gap(Request, "", r#""model" is missing"#, ("vertex", "pydantic.test_embeddings.test_google_task_prefix_vertex"))];

const COHERE: &[SpecGap] = &[gap(
    Request,
    "",
    r#"unknown member "max_chunks_per_doc""#,
    ("cohere", "openinference.test_instrumentor.test_cohere_reranker_span_has_expected_attributes"),
)];

const MISTRAL: &[SpecGap] = &[];

#[cfg(test)]
mod tests {
    use super::is_at;

    #[test]
    fn a_place_is_found_whatever_its_starred_steps() {
        assert!(is_at("/a/*/b", "/a/0/b") && is_at("**/b", "/a/0/b") && is_at("", "") && is_at("**", "/x/y"));
        assert!(!is_at("/a/*/b", "/a/0/c") && !is_at("/b", "/a/b") && !is_at("/a/*", "/a") && !is_at("", "/a"));
    }
}
