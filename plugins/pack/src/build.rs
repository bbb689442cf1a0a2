//! Compiling plugins and installing what comes out.

use std::env;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, bail};

use crate::lock::{self, Entry, Lock};
use crate::toolchain::{self, TARGET, Traces};
use crate::workspace::Workspace;
use crate::{shape, sources};

/// A compiled plugin.
#[derive(Debug, Clone)]
pub struct Built {
    /// The component.
    pub wasm: Vec<u8>,
    /// What is to be locked of it.
    pub entry: Entry,
}

/// Compiles one plugin in `target_dir` and looks it over: it imports nothing but the contract and bears no trace of
/// this machine.
///
/// # Errors
/// If the target is missing, it does not compile, or it does not stand up to the look.
pub fn compile(workspace: &Workspace, name: &str, target_dir: &Path) -> anyhow::Result<Built> {
    toolchain::need_target()?;
    let traces = Traces::of_this_machine(workspace)?;
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let status = Command::new(cargo)
        .current_dir(workspace.root())
        .args(["build", "--package", name, "--lib", "--profile", "plugin", "--target", TARGET, "--target-dir"])
        .arg(target_dir)
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_BUILD_RUSTFLAGS")
        .env("CARGO_ENCODED_RUSTFLAGS", traces.flags())
        .status()
        .context("cargo does not run")?;
    if !status.success() {
        bail!("{name}: cargo build failed ({status})");
    }
    let product = toolchain::product(target_dir, name);
    let wasm = fs::read(&product).with_context(|| product.display().to_string())?;
    if let Some(trace) = traces.find(&wasm) {
        bail!("{name}: the component has `{trace}` inside, a trace of this machine");
    }
    let shape = shape::of(&wasm).with_context(|| name.to_owned())?;
    let entry = Entry {
        wasm: lock::hash(&wasm),
        sources: sources::hash(workspace, name)?,
        size: u64::try_from(wasm.len())?,
        rustc: toolchain::rustc()?,
        exports: shape.exports,
        imports: shape.imports,
    };
    Ok(Built { wasm, entry })
}

/// Installs plugins: their components, then the lock file, each in one step, so that a gateway that watches the folder
/// never sees half a file. Entries of other plugins in the lock file stay; those of plugins that are gone go.
///
/// # Errors
/// If a file cannot be written.
pub fn install(workspace: &Workspace, built: &[(String, Built)]) -> anyhow::Result<()> {
    fs::create_dir_all(workspace.installed())?;
    let path = workspace.lock_file();
    let mut lock = if path.exists() { Lock::read(&path)? } else { Lock::default() };
    let bundled = workspace.plugins()?;
    lock.plugins.retain(|name, _| bundled.contains(name));
    for (name, built) in built {
        replace(&workspace.artefact(name), &built.wasm)?;
        lock.plugins.insert(name.clone(), built.entry.clone());
    }
    replace(&path, lock.text()?.as_bytes())
}

fn replace(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    let folder = path.parent().context("a file has a folder")?;
    let mut file = tempfile::Builder::new().prefix(".new-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    readable(file.as_file())?;
    file.persist(path).with_context(|| path.display().to_string())?;
    Ok(())
}

/// Temporary files are private; these are for everyone.
#[cfg(unix)]
fn readable(file: &fs::File) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &fs::File) -> std::io::Result<()> {
    Ok(())
}
