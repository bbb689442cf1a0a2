//! What the lists say of the models of some vendors.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;

use crate::known::{KnownModel, tokens};

/// Vendors by what the lists call them, who made the models before those who only serve them: of a name that several have,
/// the first one's word counts. LiteLLM's names of them, then that of models.dev, and how the names of their models begin.
const VENDORS: [(&[&str], &str, &str); 20] = [
    (&["openai"], "openai", ""),
    (&["anthropic"], "anthropic", ""),
    (&["gemini"], "google", ""),
    (&["bedrock_converse"], "amazon-bedrock", "amazon."),
    (&["cohere_chat", "cohere"], "cohere", ""),
    (&["deepseek"], "deepseek", ""),
    (&["xai"], "xai", ""),
    (&["dashscope"], "alibaba", ""),
    (&["moonshot"], "moonshotai", ""),
    (&["zai"], "zai", ""),
    (&["minimax"], "minimax", ""),
    (&["mistral"], "mistral", ""),
    (&["perplexity"], "perplexity", "sonar"),
    (&["meta_llama"], "llama", ""),
    (&[], "xiaomi", ""),
    (&["voyage"], "", ""),
    (&["groq"], "groq", ""),
    (&[], "cerebras", ""),
    (&[], "togetherai", ""),
    (&[], "fireworks-ai", ""),
];

/// Parts of names of what is no model that is asked for text or vectors, or of what only a few see.
const LEFT_OUT: [&str; 49] = [
    "-arabic",
    "-customtools",
    "-gv2",
    "-law",
    "-mt-",
    "asr",
    "aya",
    "beta",
    "cerebras-",
    "character",
    "computer-use",
    "container",
    "cyber",
    "daybreak",
    "deep-research-",
    "deepseek-v4-1",
    "exp-",
    "experimental",
    "ft:",
    "gemini-gemma",
    "groq-",
    "guard",
    "image",
    "imagine",
    "labs-",
    "learnlm",
    "live",
    "lyria",
    "moderation",
    "ocr",
    "orpheus",
    "preset",
    "realtime",
    "robotics",
    "rosalind",
    "safeguard",
    "search-preview",
    "sonar-medium",
    "sonar-small",
    "transcri",
    "translate",
    "tts",
    "turbo-0",
    "turbo-1",
    "vibe",
    "voyage-large-2",
    "voyage-lite",
    "whisper",
    "zai-glm",
];

/// Names that anybody may have given to anything.
const TOO_PLAIN: [&str; 2] = ["chat", "deepseek"];

/// All that is known of them, in the order of their vendors.
pub(crate) fn models(dev: &Json, litellm: &Json) -> Vec<KnownModel> {
    let mut all: Vec<KnownModel> = Vec::new();
    let mut taken = BTreeSet::new();
    for (litellm_names, dev_name, begins) in VENDORS {
        let of_vendor = of_dev(dev, dev_name, begins).into_iter().chain(of_litellm(litellm, litellm_names, begins));
        let mut known: BTreeMap<String, KnownModel> = BTreeMap::new();
        for model in of_vendor.filter(is_taken) {
            let merged = match known.remove(&model.key) {
                Some(before) => before.and(model),
                None => model,
            };
            known.insert(merged.key.clone(), merged);
        }
        let new: Vec<KnownModel> = known.into_values().filter(|model| !taken.contains(&model.bare)).collect();
        taken.extend(new.iter().map(|model| model.bare.clone()));
        all.extend(new);
    }
    all
}

fn is_taken(model: &KnownModel) -> bool {
    !LEFT_OUT.iter().any(|part| model.name.contains(part)) && !TOO_PLAIN.contains(&model.bare.as_str())
}

/// A vendor's models in models.dev.
fn of_dev(dev: &Json, vendor: &str, begins: &str) -> Vec<KnownModel> {
    let models = dev.pointer("/providers").and_then(|all| all.get(vendor)).and_then(|vendor| vendor.get("models"));
    let models = models.and_then(Json::as_object).into_iter().flatten();
    let base = |model: &Json| dev.get("base_models")?.get(model.get("base_model")?.as_str()?).cloned();
    let model = |(name, says): (&String, &Json)| {
        let base = base(says).unwrap_or_default();
        // What a provider's own entry says goes before what its model's says.
        let get = |path: &str| says.pointer(path).or_else(|| base.pointer(path));
        let is = |path: &str| get(path).and_then(Json::as_bool) == Some(true);
        let mut known = KnownModel::named(name);
        let kinds = |path: &str| words(get(path), &["text", "image", "audio", "video", "pdf"]);
        known.context = tokens(get("/limit/context"));
        known.input = kinds("/modalities/input");
        if name.contains("embed") {
            known.gives = BTreeSet::from(["embedding"]);
        } else {
            known.gives = kinds("/modalities/output");
            known.output = tokens(get("/limit/output"));
        }
        let can = [
            ("tools", is("/tool_call")),
            ("schema", is("/structured_output")),
            ("reasoning", is("/reasoning")),
            ("cache", get("/cost/cache_read").is_some()),
        ];
        known.can = can.into_iter().filter(|(_, can)| *can).map(|(word, _)| word).collect();
        let is_asked = known.gives.contains("text") || known.gives.contains("embedding");
        (is_asked && name.starts_with(begins)).then_some(known)
    };
    models.filter_map(model).collect()
}

/// A vendor's models in LiteLLM's list.
fn of_litellm(litellm: &Json, vendors: &[&str], begins: &str) -> Vec<KnownModel> {
    let model = |(name, says): (&String, &Json)| {
        let text = |key: &str| says.get(key).and_then(Json::as_str).unwrap_or_default();
        let is = |key: &str| says.get(key).and_then(Json::as_bool) == Some(true);
        let is_embedding = text("mode") == "embedding";
        // There the vendor's name stands before it once more.
        let own =
            name.split_once('/').filter(|(first, _)| vendors.contains(first)).map_or(name.as_str(), |(_, own)| own);
        let is_its = vendors.contains(&text("litellm_provider")) && own.starts_with(begins) && !own.contains('/');
        if !is_its || !(is_embedding || matches!(text("mode"), "chat" | "responses")) {
            return None;
        }
        let mut known = KnownModel::named(own);
        known.context = tokens(says.get("max_input_tokens"));
        let kinds = [
            ("image", is("supports_vision")),
            ("pdf", is("supports_pdf_input")),
            ("audio", is("supports_audio_input")),
            ("video", is("supports_video_input")),
        ];
        known.input = kinds.into_iter().filter(|(_, takes)| *takes).map(|(kind, _)| kind).chain(["text"]).collect();
        known.gives = BTreeSet::from([if is_embedding { "embedding" } else { "text" }]);
        if is_embedding {
            return Some(known);
        }
        known.output = tokens(says.get("max_output_tokens"));
        if is("supports_audio_output") {
            known.gives.insert("audio");
        }
        let can = [
            ("tools", is("supports_function_calling")),
            ("schema", is("supports_response_schema")),
            ("reasoning", is("supports_reasoning")),
            ("cache", is("supports_prompt_caching")),
        ];
        known.can = can.into_iter().filter(|(_, can)| *can).map(|(word, _)| word).collect();
        Some(known)
    };
    litellm.as_object().into_iter().flatten().filter_map(model).collect()
}

/// Those of some words that a list of strings has.
fn words(list: Option<&Json>, known: &[&'static str]) -> BTreeSet<&'static str> {
    let list = list.and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
    list.filter_map(|word| known.iter().find(|known| **known == word).copied()).collect()
}
