//! `weir-catalogue FOLDER`: makes `config/catalog/models.toml` of two public lists of models, and prints it.
//!
//! The folder has `models.dev.json` (the TOML files of models.dev as one document) and `litellm.model_prices.json`
//! (`model_prices_and_context_window.json` of LiteLLM). What is taken of them, and whose word counts, is in `vendors.rs`.

mod known;
mod rows;
mod vendors;

use std::error::Error;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

use serde_json::Value as Json;

fn main() -> ExitCode {
    let made = match std::env::args_os().nth(1) {
        Some(folder) => make(Path::new(&folder)),
        None => Err("usage: weir-catalogue FOLDER > config/catalog/models.toml".into()),
    };
    let (out, code) = match made {
        Ok(text) => (std::io::stdout().write_all(text.as_bytes()), ExitCode::SUCCESS),
        Err(error) => (writeln!(std::io::stderr(), "{error}"), ExitCode::FAILURE),
    };
    if out.is_ok() { code } else { ExitCode::FAILURE }
}

/// The text of the catalogue of models.
fn make(folder: &Path) -> Result<String, Box<dyn Error>> {
    let read = |name: &str| -> Result<Json, Box<dyn Error>> {
        let text = std::fs::read_to_string(folder.join(name)).map_err(|error| format!("{name}: {error}"))?;
        Ok(serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?)
    };
    let known = vendors::models(&read("models.dev.json")?, &read("litellm.model_prices.json")?);
    Ok(rows::text(&rows::chosen(known)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use std::path::Path;

    use serde_json::json;

    use super::{rows, vendors};

    #[test]
    fn the_catalogue_of_models_is_what_the_lists_say_where_they_are_at_hand() {
        let here = Path::new(env!("CARGO_MANIFEST_DIR"));
        let folders = here.ancestors().map(|folder| folder.join("shared/data/prices"));
        let Some(folder) = folders.into_iter().find(|folder| folder.is_dir()) else {
            return eprintln!("skipped: the lists of models are in no folder above the workspace");
        };
        let made = super::make(&folder).unwrap();
        let kept = std::fs::read_to_string(here.join("../../config/catalog/models.toml")).unwrap();
        assert!(made == kept, "config/catalog/models.toml is not what weir-catalogue makes");
    }

    #[test]
    fn what_two_lists_say_of_a_model_becomes_a_row_and_versions_have_their_own_where_they_give_less() {
        let dev = json!({
            "providers": {
                "openai": {"models": {
                    "gpt-9": {
                        "limit": {"context": 1000, "output": 100}, "modalities": {"input": ["text", "image"], "output": ["text"]},
                        "tool_call": true, "cost": {"cache_read": 1}
                    },
                    "gpt-9-2025-01-02": {"limit": {"context": 1000, "output": 90}, "modalities": {"input": ["text"], "output": ["text"]}},
                    "gpt-9-2025-03-04": {"limit": {"context": 1000, "output": 80}, "modalities": {"input": ["text"], "output": ["text"]}},
                    "gpt-image-9": {"limit": {"context": 10}, "modalities": {"input": ["text"], "output": ["image"]}},
                    "unmeasured-1": {"modalities": {"input": ["text"], "output": ["text"]}}
                }},
                "groq": {"models": {"openai/gpt-9": {"limit": {"context": 7}, "modalities": {"output": ["text"]}}}},
                "togetherai": {"models": {"meta/Llama-9.5": {"base_model": "meta/llama", "limit": {"output": 9}}}}
            },
            "base_models": {"meta/llama": {
                "limit": {"context": 50, "output": 60}, "modalities": {"input": ["text"], "output": ["text"]}, "reasoning": true
            }}
        });
        let litellm = json!({
            "gpt-9": {
                "litellm_provider": "openai", "mode": "chat", "max_input_tokens": 900, "max_output_tokens": 90,
                "supports_response_schema": true
            },
            "text-embedding-9": {"litellm_provider": "openai", "mode": "embedding", "max_input_tokens": 8191},
            "elsewhere": {"litellm_provider": "nobody", "mode": "chat", "max_input_tokens": 1}
        });
        let rows = rows::text(&rows::chosen(vendors::models(&dev, &litellm)));
        let wanted = [
            "name = \"gpt-9\"\ncontext = 1000\noutput = 90\ninput = [\"text\", \"image\"]\ncan = [\"tools\", \"schema\", \"cache\"]\n",
            "name = \"gpt-9-2025-03-04\"\ncontext = 1000\noutput = 80\ninput = [\"text\"]\n",
            "name = \"llama-9.5\"\ncontext = 50\noutput = 9\ninput = [\"text\"]\ncan = [\"reasoning\"]\n",
            "name = \"text-embedding-9\"\ncontext = 8191\ninput = [\"text\"]\ngives = [\"embedding\"]\n",
        ];
        let made: Vec<&str> = rows.split("\n[[model]]\n").skip(1).collect();
        assert_eq!(made, wanted, "{rows}");
    }
}
