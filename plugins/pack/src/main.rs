//! `weir-pack build | check`: see the library.
#![allow(clippy::print_stdout)] // A command speaks to its user.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::bail;
use clap::{Parser, Subcommand};
use weir_pack::build::{compile, install};
use weir_pack::check::{Rebuilt, check, rebuild};
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
}

fn main() -> anyhow::Result<ExitCode> {
    let cli = Cli::parse();
    let workspace = match &cli.root {
        Some(root) => Workspace::at(root)?,
        None => Workspace::own()?,
    };
    let target_dir = cli.target_dir.unwrap_or_else(|| workspace.root().join("target/plugins"));
    let bundled = workspace.plugins()?;
    match cli.command {
        Command::Build { names } => {
            if let Some(unknown) = names.iter().find(|name| !bundled.contains(name)) {
                bail!("there is no plugin `{unknown}`; there are {}", bundled.join(", "));
            }
            let mut built = Vec::new();
            for name in if names.is_empty() { bundled } else { names } {
                let plugin = compile(&workspace, &name, &target_dir)?;
                println!("{name}: {} bytes, exports {}", plugin.entry.size, plugin.entry.exports.join(", "));
                built.push((name, plugin));
            }
            install(&workspace, &built)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Check { rebuild: again } => {
            let wrong = check(&workspace)?;
            for line in &wrong {
                println!("{line}");
            }
            if again {
                for name in &bundled {
                    match rebuild(&workspace, name, &target_dir)? {
                        Rebuilt::Same => println!("{name}: the same bytes"),
                        Rebuilt::Skipped(why) => println!("{name}: skipped: {why}"),
                    }
                }
            }
            if wrong.is_empty() {
                println!("{} plugins match their sources", bundled.len());
            }
            Ok(if wrong.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
        }
    }
}
