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
}
