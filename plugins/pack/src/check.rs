//! Whether what is installed is what the sources make.

use std::fs;
use std::path::Path;

use crate::lock::{self, Lock};
use crate::workspace::Workspace;
use crate::{build, shape, sources, toolchain};

/// What a rebuild came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rebuilt {
    /// The same bytes.
    Same,
    /// Not tried, and why.
    Skipped(String),
}

/// Holds every installed plugin to the lock file, and the lock file to the sources. Needs no toolchain.
///
/// # Errors
/// If the lock file or a source cannot be read. What does not match is the answer: one line for each, with the way out;
/// empty if all is well.
pub fn check(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let lock = Lock::read(&workspace.lock_file())?;
    let bundled = workspace.plugins()?;
    let mut wrong = Vec::new();
    for name in &bundled {
        let Some(entry) = lock.plugins.get(name) else {
            wrong.push(format!("{name}: not in plugins.lock; {}", way_out(name)));
            continue;
        };
        match fs::read(workspace.artefact(name)) {
            Err(error) => wrong.push(format!("{name}.wasm: {error}; {}", way_out(name))),
            Ok(wasm) if lock::hash(&wasm) != entry.wasm || u64::try_from(wasm.len()) != Ok(entry.size) => {
                wrong.push(format!("{name}.wasm: not the file that plugins.lock names; {}", way_out(name)));
            }
            Ok(wasm) => match shape::of(&wasm) {
                Err(error) => wrong.push(format!("{name}.wasm: {error:#}")),
                Ok(shape) if shape.exports != entry.exports || shape.imports != entry.imports => {
                    wrong.push(format!("{name}.wasm: other interfaces than plugins.lock names; {}", way_out(name)));
                }
                Ok(_) => {}
            },
        }
        if sources::hash(workspace, name)? != entry.sources {
            wrong.push(format!("{name}: its sources have changed since it was compiled; {}", way_out(name)));
        }
    }
    for name in lock.plugins.keys().filter(|name| !bundled.contains(name)) {
        wrong.push(format!("{name}: in plugins.lock, but there is no such plugin; {}", way_out("")));
    }
    Ok(wrong)
}

/// Compiles one plugin again and compares the bytes, if the compiler that made it is here.
///
/// # Errors
/// If it does not compile, or other bytes come out.
pub fn rebuild(workspace: &Workspace, name: &str, target_dir: &Path) -> anyhow::Result<Rebuilt> {
    let lock = Lock::read(&workspace.lock_file())?;
    let Some(entry) = lock.plugins.get(name) else { anyhow::bail!("{name}: not in plugins.lock; {}", way_out(name)) };
    let rustc = toolchain::rustc()?;
    if rustc != entry.rustc {
        return Ok(Rebuilt::Skipped(format!("compiled by {}, here is {rustc}", entry.rustc)));
    }
    if !toolchain::has_target()? {
        return Ok(Rebuilt::Skipped(format!("no standard library; run `rustup target add {}`", toolchain::TARGET)));
    }
    let built = build::compile(workspace, name, target_dir)?;
    if built.entry.wasm != entry.wasm {
        anyhow::bail!(
            "{name}: compiled again it is another file ({} bytes, locked {}); {}",
            built.wasm.len(),
            entry.size,
            way_out(name)
        );
    }
    Ok(Rebuilt::Same)
}

fn way_out(name: &str) -> String {
    let command = ["cargo run -p weir-pack -- build", name].join(" ");
    format!("run `{}`", command.trim_end())
}
