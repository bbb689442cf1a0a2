//! The compiler, and how it is told to leave no trace of this machine.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use crate::workspace::Workspace;

/// What plugins are compiled for.
pub const TARGET: &str = "wasm32-unknown-unknown";

/// What plugins are compiled with besides the profile: texts are read sixteen bytes at a time, which the gateway's engine
/// and every browser can do.
pub const FLAGS: &str = "-Ctarget-feature=+simd128";

/// The compiler's name and version: the first line of `rustc -vV`.
///
/// # Errors
/// If there is no compiler.
pub fn rustc() -> anyhow::Result<String> {
    let text = ask(&["-vV"])?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// Whether the compiler has a standard library for plugins.
///
/// # Errors
/// If there is no compiler.
pub fn has_target() -> anyhow::Result<bool> {
    let folder = PathBuf::from(ask(&["--print", "target-libdir", "--target", TARGET])?.trim());
    let Ok(entries) = fs::read_dir(folder) else { return Ok(false) };
    Ok(entries.flatten().any(|entry| entry.file_name().to_string_lossy().starts_with("libstd-")))
}

/// Ends with the way out if there is no standard library for plugins.
///
/// # Errors
/// If there is none.
pub fn need_target() -> anyhow::Result<()> {
    if !has_target()? {
        bail!("this toolchain cannot compile for {TARGET}; run `rustup target add {TARGET}`");
    }
    Ok(())
}

fn ask(arguments: &[&str]) -> anyhow::Result<String> {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let output = Command::new(rustc).args(arguments).output().context("rustc does not run; is Rust installed?")?;
    if !output.status.success() {
        bail!("rustc {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// The folders whose names must not be in a component, with what stands for each.
#[derive(Debug, Clone)]
pub struct Traces(Vec<(PathBuf, &'static str)>);

impl Traces {
    /// The folders of this machine. The more special come later, for the compiler takes the last that fits.
    ///
    /// # Errors
    /// If the compiler does not say where it is.
    pub fn of_this_machine(workspace: &Workspace) -> anyhow::Result<Self> {
        let home = env::var_os("HOME").or_else(|| env::var_os("USERPROFILE")).map(PathBuf::from);
        let under_home = |variable: &str, folder: &str| {
            env::var_os(variable).map(PathBuf::from).or_else(|| home.as_ref().map(|home| home.join(folder)))
        };
        let cargo = under_home("CARGO_HOME", ".cargo");
        let mut found = Vec::new();
        found.extend(home.clone().map(|folder| (folder, "/home")));
        found.extend(under_home("RUSTUP_HOME", ".rustup").map(|folder| (folder, "/rustup")));
        found.push((PathBuf::from(ask(&["--print", "sysroot"])?.trim()), "/rustc"));
        if let Some(cargo) = cargo {
            // One folder for each registry, named after its host.
            let registries = fs::read_dir(cargo.join("registry/src")).into_iter().flatten().flatten();
            let registries: Vec<PathBuf> = registries.map(|entry| entry.path()).collect();
            found.push((cargo, "/cargo"));
            found.extend(registries.into_iter().map(|folder| (folder, "/deps")));
        }
        found.push((workspace.root().to_path_buf(), "/weir"));
        // A folder such as `/` says nothing about a machine, and everything would be a trace of it.
        found.retain(|(folder, _)| folder.components().count() > 1);
        Ok(Self(found))
    }

    /// The flags that tell the compiler, and [`FLAGS`], for `CARGO_ENCODED_RUSTFLAGS`.
    #[must_use]
    pub fn flags(&self) -> String {
        let mut flags = vec![FLAGS.to_owned()];
        flags.extend(self.0.iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display())));
        flags.join("\u{1f}")
    }

    /// The first trace of this machine in some bytes: a folder, or the name of a registry's.
    #[must_use]
    pub fn find(&self, bytes: &[u8]) -> Option<String> {
        let registries = self.0.iter().filter(|(_, to)| *to == "/deps").filter_map(|(folder, _)| folder.file_name());
        let names = registries.map(|name| name.to_string_lossy().into_owned());
        let folders = self.0.iter().map(|(folder, _)| folder.to_string_lossy().into_owned());
        folders.chain(names).find(|trace| contains(bytes, trace.as_bytes()))
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    !wanted.is_empty() && bytes.windows(wanted.len()).any(|window| window == wanted)
}

/// Where cargo leaves a plugin.
pub(crate) fn product(target_dir: &Path, name: &str) -> PathBuf {
    target_dir.join(TARGET).join("plugin").join(format!("{}.wasm", name.replace('-', "_")))
}
