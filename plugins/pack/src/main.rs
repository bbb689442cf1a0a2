//! `weir-pack build | check | encode`: see the library.
#![allow(clippy::print_stdout)] // A command speaks to its user.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};
use weir_pack::build::{compile, install};
use weir_pack::check::{Rebuilt, check, rebuild};
use weir_pack::component_from_file;
use weir_pack::reference;
use weir_pack::workspace::Workspace;

/// Builds the bundled plugins, and checks that those that are installed come from the sources beside them.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The workspace; the one that this command was compiled in unless said otherwise.
    #[arg(long, global = true)]
    root: Option<PathBuf>,
    /// Where plugins are compiled; `target/plugins` in the workspace unless said otherwise.
    #[arg(long, global = true)]
    target_dir: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Compiles plugins into `plugins/installed` and locks them.
    Build {
        /// Which; all unless some are named.
        names: Vec<String>,
    },
    /// Checks that the installed plugins match `plugins.lock`, and that the sources still do.
    Check {
        /// Compile them again too, and compare byte by byte.
        #[arg(long)]
        rebuild: bool,
    },
    /// Writes the contract's reference, `docs/contract.md`, from the contract.
    Reference,
    /// Makes a component of a core module in the text format, whose first line is `;; world: NAME`.
    Encode {
        /// The module.
        wat: PathBuf,
        /// Where the component is written.
        wasm: PathBuf,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let place = || -> anyhow::Result<(Workspace, PathBuf)> {
        let workspace = match &cli.root {
            Some(root) => Workspace::at(root)?,
            None => Workspace::own()?,
        };
        let target_dir = cli.target_dir.clone().unwrap_or_else(|| workspace.root().join("target/plugins"));
        Ok((workspace, target_dir))
    };
    let well = match &cli.command {
        Command::Build { names } => {
            let (workspace, target_dir) = place()?;
            build(&workspace, &target_dir, names)?;
            true
        }
        Command::Check { rebuild: again } => {
            let (workspace, target_dir) = place()?;
            let well = report(&workspace)?;
            if *again {
                again_and_compare(&workspace, &target_dir)?;
            }
            well
        }
        Command::Reference => {
            let root = place()?.0.root().to_owned();
            let wit = std::fs::read_to_string(root.join(reference::CONTRACT))?;
            std::fs::write(root.join(reference::REFERENCE), reference::of_contract(&wit))?;
            true
        }
        Command::Encode { wat, wasm } => {
            std::fs::write(wasm, component_from_file(wat)?)?;
            true
        }
    };
    Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn build(workspace: &Workspace, target_dir: &Path, names: &[String]) -> anyhow::Result<()> {
    let bundled = workspace.plugins()?;
    if let Some(unknown) = names.iter().find(|name| !bundled.contains(name)) {
        bail!("there is no plugin `{unknown}`; there are {}", bundled.join(", "));
    }
    let mut built = Vec::new();
    for name in if names.is_empty() { &bundled } else { names } {
        let plugin = compile(workspace, name, target_dir)?;
        println!("{name}: {} bytes, exports {}", plugin.entry.size, plugin.entry.exports.join(", "));
        built.push((name.clone(), plugin));
    }
    install(workspace, &built)
}

fn report(workspace: &Workspace) -> anyhow::Result<bool> {
    let wrong = check(workspace)?;
    for line in &wrong {
        println!("{line}");
    }
    if wrong.is_empty() {
        println!("{} plugins match their sources", workspace.plugins()?.len());
    }
    Ok(wrong.is_empty())
}

fn again_and_compare(workspace: &Workspace, target_dir: &Path) -> anyhow::Result<()> {
    for name in workspace.plugins()? {
        match rebuild(workspace, &name, target_dir)? {
            Rebuilt::Same => println!("{name}: the same bytes"),
            Rebuilt::Skipped(why) => println!("{name}: skipped: {why}"),
        }
    }
    Ok(())
}
