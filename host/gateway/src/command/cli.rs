//! The command line.

use clap::builder::{StyledStr, ValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, Parser, Subcommand};
use std::net::SocketAddr;
use std::path::PathBuf;
use weir_config::Overrides;
use weir_sandbox::CompileTask;

/// The version, and the profile that it was built with.
const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("WEIR_BUILD"), ")");

/// An AI gateway that platform teams extend with WebAssembly.
#[derive(Debug, Parser)]
#[command(name = "weir", version = VERSION, about, args_conflicts_with_subcommands = true)]
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
    /// Check the configuration and every plugin that applies; exit with 1 if anything is wrong.
    Check(CheckArgs),
    /// Keys for tenants.
    #[command(subcommand)]
    Key(KeyCommand),
    /// Tools for authors of plugins: new, build, check, test, bench, inspect, keygen, sign, conform.
    #[command(subcommand)]
    Plugin(weir_author::PluginCommand),
    /// Compile one plugin, for the gateway or the tool that began this process.
    #[command(name = weir_sandbox::COMPILE, hide = true)]
    Compile(CompileArgs),
}

#[derive(Debug, Args)]
pub(crate) struct CompileArgs {
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

impl CompileArgs {
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
    #[arg(long, value_name = "ADDR", value_parser = address())]
    pub(crate) listen: Option<SocketAddr>,
    /// Where probes and metrics are, in place of server.admin
    #[arg(long, value_name = "ADDR", value_parser = address())]
    pub(crate) admin: Option<SocketAddr>,
    /// The folder of plugins, in place of plugins.folder
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
}

fn address() -> ValueParser {
    ValueParser::from(weir_config::listen_address)
}

/// What is often written, and what is meant by it.
const MEANT: [(&[&str], &str); 12] = [
    (&["start", "run", "up"], "to run the gateway: weir serve"),
    (&["validate", "test", "lint", "verify"], "to check the configuration: weir check"),
    (&["reload"], "to have a running gateway read its files anew, send it SIGHUP: kill -HUP PID"),
    (&["stop", "shutdown", "drain"], "to end a running gateway, send it SIGTERM: kill PID"),
    (&["status", "ready", "health"], "how a running gateway is: curl 'http://127.0.0.1:9090/readyz?verbose'"),
    (&["keygen", "new", "token"], "to make a key for a tenant: weir key new ID"),
    (&["plugins"], "tools for plugins: weir plugin"),
    (&["version"], "to show the version: weir --version"),
    (&["--port", "-p", "--host", "--bind", "--address", "-l"], "where clients connect: --listen 127.0.0.1:8080"),
    (&["--file", "-f", "--conf", "--cfg"], "to name a configuration: --config FILE"),
    (&["--verbose", "-v", "--debug", "--log-level", "--quiet", "-q"], "how much is logged: WEIR_LOG=debug weir"),
    (&["--plugin", "--plugin-dir", "--folder"], "to name the folder of plugins: --plugins DIR"),
];

impl Cli {
    /// Reads the command line. Ends the process where it asks for help, or is wrong, and says then how it is meant.
    pub(crate) fn read() -> Self {
        Self::try_parse().unwrap_or_else(|mut error| {
            if let Some(tip) = tip(&error) {
                let tip = ContextValue::StyledStrs(vec![StyledStr::from(tip)]);
                error.insert(ContextKind::Suggested, tip);
            }
            error.exit()
        })
    }
}

/// What is meant by a word that is not known.
fn tip(error: &clap::Error) -> Option<String> {
    let kind = match error.kind() {
        ErrorKind::UnknownArgument => ContextKind::InvalidArg,
        ErrorKind::InvalidSubcommand => ContextKind::InvalidSubcommand,
        _ => return None,
    };
    let Some(ContextValue::String(word)) = error.get(kind) else { return None };
    let first = std::env::args_os().nth(1);
    let first = first.as_ref().and_then(|first| first.to_str()).unwrap_or_default();
    let is_option = word.starts_with('-');
    match first {
        // Its own help says more.
        "plugin" => return None,
        "key" if kind == ContextKind::InvalidSubcommand && !is_option => {
            return Some(format!("to make a key: weir key new {word}"));
        }
        _ => {}
    }
    let meant = MEANT.iter().find(|(words, _)| words.contains(&word.as_str()));
    let is_file = !is_option && (first != word || word.contains(['/', '.']));
    meant
        .map(|(_, tip)| (*tip).to_owned())
        .or_else(|| is_file.then(|| format!("to name a configuration: --config {word}")))
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
pub(crate) struct CheckArgs {
    /// The configuration [default: as for serve]
    #[arg(long, short, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The folder of plugins, in place of plugins.folder
    #[arg(long, value_name = "DIR")]
    pub(crate) plugins: Option<PathBuf>,
}

impl CheckArgs {
    pub(crate) fn file(&self) -> PathBuf {
        file(self.config.as_ref())
    }

    pub(crate) fn overrides(&self) -> Overrides {
        Overrides { plugins: self.plugins.clone(), ..Overrides::default() }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key: prints the token, once, and what to put into the configuration.
    New {
        /// The public part of the key, `a-z`, `0-9` and `_`: it stands in the configuration and in the token
        #[arg(value_name = "ID")]
        id: String,
        /// The configuration whose pepper applies [default: as for serve]
        #[arg(long, short, value_name = "FILE")]
        config: Option<PathBuf>,
        /// Also print a `secret`, with which clients can sign their requests as AWS' SDKs do
        #[arg(long)]
        sigv4: bool,
    },
}

pub(crate) fn file(given: Option<&PathBuf>) -> PathBuf {
    given.cloned().unwrap_or_else(|| weir_config::default_path(&|name| std::env::var(name).ok()))
}
