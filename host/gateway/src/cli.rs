//! The command line.

use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use weir_config::Overrides;
use weir_sandbox::CompileTask;

/// An AI gateway that platform teams extend with WebAssembly.
#[derive(Debug, Parser)]
#[command(name = "weir", version, about, args_conflicts_with_subcommands = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Without a command, `serve` is meant.
    #[command(flatten)]
    pub(crate) serve: Serve,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the gateway.
    Serve(Serve),
    /// Check the configuration and every plugin it names; exit with 1 if anything is wrong.
    Check(Check),
    /// Keys for tenants.
    #[command(subcommand)]
    Key(Key),
    /// Tools for authors of plugins: new, build, check, test, bench, inspect, keygen, sign, conform.
    #[command(subcommand)]
    Plugin(weir_author::Command),
    /// Compile one plugin, for the gateway or the tool that began this process.
    #[command(name = weir_sandbox::COMPILE, hide = true)]
    Compile(Compile),
}

#[derive(Debug, Args)]
pub(crate) struct Compile {
    #[arg(long)]
    memory: u64,
    #[arg(long)]
    cpu: u64,
    #[arg(long)]
    output: u64,
    #[arg(long)]
    settings: u64,
    #[arg(long)]
    parent: u32,
}

impl Compile {
    pub(crate) fn task(&self) -> CompileTask {
        let Self { memory, cpu, output, settings, parent } = *self;
        CompileTask { memory, cpu, output, settings, parent }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Serve {
    /// The configuration [default: $WEIR_CONFIG, config/weir.toml or weir.toml, whichever is there first]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Where clients connect, in place of server.listen; port 0 lets the system choose
    #[arg(long, value_name = "ADDR")]
    pub(crate) listen: Option<SocketAddr>,
    /// Where probes and metrics are, in place of server.admin
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<SocketAddr>,
    /// The folder of plugins, in place of plugins.folder
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
}

impl Serve {
    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { listen: self.listen, admin: self.admin, plugins: self.plugins.clone() }
    }

    pub(crate) fn file(&self) -> PathBuf {
        file(self.config.as_ref())
    }
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    /// The configuration [default: as for serve]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of plugins, in place of plugins.folder
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
}

impl Check {
    pub(crate) fn file(&self) -> PathBuf {
        file(self.config.as_ref())
    }

    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { plugins: self.plugins.clone(), ..Overrides::default() }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Make a key: prints the token, once, and what to put into the configuration.
    New {
        /// The public part of the key, `a-z`, `0-9` and `_`: it stands in logs and in the token
        #[arg(value_name = "ID")]
        id: String,
        /// The configuration whose pepper applies [default: as for serve]
        #[arg(long, short, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

pub(crate) fn file(given: Option<&PathBuf>) -> PathBuf {
    given.cloned().unwrap_or_else(|| weir_config::default_path(&|name| std::env::var(name).ok()))
}
