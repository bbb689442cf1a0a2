//! `weir plugin build`: the language's own tools, or none at all for WebAssembly text.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value as Json;
use weir_sandbox::Compiler;

use crate::{AuthorError, ToolOutcome, check, read};

/// What a `build` script ends with if a tool is missing.
const SKIPPED: i32 = 3;
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds the plugin in a folder and checks what came out.
pub(crate) fn build(dir: &Path, output: Option<&Path>, compiler: Compiler) -> Result<ToolOutcome, AuthorError> {
    let dir = dir.canonicalize().map_err(AuthorError::file("read", dir))?;
    let output = match output {
        Some(output) => std::path::absolute(output).map_err(AuthorError::file("write", output))?,
        None => dir.join(format!("{}.wasm", dir.file_name().unwrap_or_default().to_string_lossy())),
    };
    // What lay there before must not pass for what is built now.
    match fs::remove_file(&output) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(AuthorError::file("replace", &output)(e)),
        _ => {}
    }
    let texts = texts(&dir)?;
    let mut note = String::new();
    if read::is_file(&dir.join("build")) {
        match (script(&dir, &output)?, texts.first()) {
            (Some(SKIPPED), Some(text)) => {
                from_text(text, &output)?;
                note = format!("made of {} without what ./build wants\n", text.display());
            }
            (Some(0), _) => {}
            (code, _) => {
                let code = code.map_or("a signal".to_owned(), |code| format!("code {code}"));
                return Err(failed("./build", format!("it ended with {code}")));
            }
        }
    } else if read::is_file(&dir.join("Cargo.toml")) {
        cargo(&dir, &output)?;
    } else if let Some(text) = texts.first() {
        from_text(text, &output)?;
    } else {
        return Err(AuthorError::NothingToBuild { path: dir });
    }
    if !read::is_file(&output) {
        return Err(failed("./build", format!("it made no {}", output.display())));
    }
    let checked = check::check(&output, None, false, compiler)?;
    Ok(ToolOutcome { text: note + &checked.text, ..checked })
}

fn failed(what: &str, why: String) -> AuthorError {
    AuthorError::Build { what: what.to_owned(), why }
}

/// The folder's `.wat` files whose first line names a world, sorted.
fn texts(dir: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    let mut found = Vec::new();
    for (path, _) in read::folder(dir)? {
        if path.extension().is_some_and(|extension| extension == "wat")
            && read::text(&path).is_ok_and(|text| weir_component::world_of(&text).is_some())
        {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn from_text(path: &Path, output: &Path) -> Result<(), AuthorError> {
    let text = read::text(path)?;
    let component = weir_component::of_file(path, &text)?;
    fs::write(output, component).map_err(AuthorError::file("write", output))
}

/// Runs the folder's `build` script; answers how it ended, none if a signal ended it.
fn script(dir: &Path, output: &Path) -> Result<Option<i32>, AuthorError> {
    let script = dir.join("build");
    let status = Command::new(&script).arg(output).current_dir(dir).stdin(Stdio::null()).status();
    Ok(status.map_err(AuthorError::file("run", &script))?.code())
}

/// Cargo says itself where it leaves what it makes.
fn cargo(dir: &Path, output: &Path) -> Result<(), AuthorError> {
    let made = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .current_dir(dir)
        .args(["build", "--release", "--lib", "--target", TARGET, "--message-format", "json-render-diagnostics"])
        .env("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", "wasm-component-ld")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| failed("cargo", format!("it does not run: {e}")))?;
    if !made.status.success() {
        return Err(failed("cargo build", format!("{}; is the target there? rustup target add {TARGET}", made.status)));
    }
    let said = String::from_utf8_lossy(&made.stdout);
    let mut messages = said.lines().rev().filter_map(|line| serde_json::from_str::<Json>(line).ok());
    let product = messages.find_map(product);
    let product =
        product.ok_or_else(|| failed("cargo build", "it made no .wasm: is crate-type `cdylib`?".to_owned()))?;
    fs::write(output, read::wasm(&product)?).map_err(AuthorError::file("write", output))
}

fn product(message: Json) -> Option<PathBuf> {
    let files = message.get("filenames")?.as_array()?;
    files.iter().filter_map(Json::as_str).find(|file| file.ends_with(".wasm")).map(PathBuf::from)
}
