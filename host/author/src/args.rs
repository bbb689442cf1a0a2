//! The command line behind `weir plugin`.

use clap::Subcommand;
use std::path::PathBuf;

/// Examples stand behind each command's help; keys of cases behind that of `test`.
const CASE: &str = r#"Example:
  weir plugin test word-policy.wasm --case cases.json

A case, or { "cases": [ ... ] } with a "name" in each. Everything but "hook" may be left out:
  {
    "hook": "policy",
    "settings": { "deny": ["bluebird"] },
    "tenant": "acme", "id": "req-1", "model": "m", "dialect": "openai.chat", "streaming": false,
    "headers": { "x-team": "red" },
    "body": { "model": "m", "messages": [{ "role": "user", "content": "Hello" }] },
    "candidates": [{ "provider": "p", "model": "m", "healthy": true, "input_price": 0, "output_price": 0 }],
    "attempt": { "number": 1, "provider": "p", "model": "m", "headers": {}, "body": {} },
    "reply": { "status": 200, "headers": {}, "body": {} },
    "events": [["Hel", "lo"], ["!"]],
    "outcome": { "status": 200, "code": "content_filter", "attempts": 1, "input_tokens": 100, "output_tokens": 20,
                 "provenance": "reported", "duration_us": 60000, "first_byte_us": 20000 },
    "grants": ["counters"],
    "kv": { "text": "value", "number": 3 },
    "expect": {
      "decision": "refuse", "status": 400, "code": "content_filter", "message": "no",
      "headers": { "x-checked-by": "word-policy", "x-gone": null }, "body": { "/user": "acme" },
      "counters": { "seen": 1 }, "texts": ["Hel", "lo!"], "order": [1, 0], "init_error": "settings.deny"
    }
  }
"decision" is pass, refuse or fault. A "body" that is a string is taken as the JSON text itself. "events" are batches of
texts, "texts" what the client sees of them, "order" the candidates that a router chose. "note" is for people."#;

/// Tools for authors of plugins; none needs a gateway.
#[derive(Debug, Clone, Subcommand)]
pub enum PluginCommand {
    /// Begin a plugin: a folder that builds, in the language of your choice.
    #[command(after_help = "Example:\n  weir plugin new needs-team --lang rust")]
    New {
        /// The plugin's name: a-z, 0-9 and `-`
        #[arg(value_name = "NAME")]
        name: String,
        /// The language: rust, go, javascript, typescript, python, c, zig, wat
        #[arg(long, value_name = "LANGUAGE")]
        lang: String,
        /// The folder, which must be empty [default: ./NAME]
        #[arg(long, value_name = "DIR")]
        dir: Option<PathBuf>,
    },
    /// Build a plugin with its language's own tools, and check it.
    ///
    /// Runs the folder's `build` script; without one, cargo if there is a Cargo.toml; without that, or if the script lacks
    /// a tool, makes a component of a .wat file whose first line is `;; world: NAME`, for which nothing need be installed.
    #[command(after_help = "Example:\n  weir plugin build needs-team -o plugins/installed/needs-team.wasm")]
    Build {
        /// The plugin's folder
        #[arg(value_name = "DIR", default_value = ".")]
        dir: PathBuf,
        /// What to make [default: DIR/NAME.wasm, where NAME is the folder's]
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Say whether a plugin loads, and what it must be granted; exit with 1 if it does not load.
    #[command(after_help = "Example:\n  weir plugin check needs-team.wasm --grants log,counters")]
    Check {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What is granted, '' for nothing; needing anything else is a mistake then [default: what it needs]
        #[arg(long, value_name = "GRANTS", value_delimiter = ',', num_args = 0..)]
        grants: Option<Vec<String>>,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Run a hook on a case in the real sandbox: decision, changes, log, counters, CPU, memory; exit with 1 if it differs.
    #[command(after_help = CASE)]
    Test {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// A file of cases; may be given several times
        #[arg(long = "case", value_name = "CASE", required = true)]
        cases: Vec<PathBuf>,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Time the calls of a hook, in every isolation.
    #[command(after_help = "Example:\n  weir plugin bench word-policy.wasm --case cases.json --seconds 3")]
    Bench {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What to call it with, the first case of this file [default: its first hook with a short request]
        #[arg(long, value_name = "CASE")]
        case: Option<PathBuf>,
        /// How long to call it, all isolations together
        #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Say what is in a plugin: hooks, imports, sizes, what made it, signatures, the schema of its settings.
    #[command(after_help = "Example:\n  weir plugin inspect plugins/installed/redact-pii.wasm")]
    Inspect {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// For machines
        #[arg(long)]
        json: bool,
    },
    /// Make a pair of keys to sign plugins with: prints the public one.
    #[command(after_help = "Example:\n  weir plugin keygen -o release.key")]
    Keygen {
        /// Where the secret key goes; nothing is written over
        #[arg(long, short, value_name = "FILE", default_value = "weir-plugin.key")]
        output: PathBuf,
    },
    /// Sign a plugin, with its settings and schema beside it: manifest and signature go into FILE.sig.
    #[command(after_help = "Example:\n  weir plugin sign word-policy.wasm --key release.key")]
    Sign {
        /// The component
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// The file with the secret key
        #[arg(long, value_name = "KEYFILE")]
        key: PathBuf,
        /// Which version it is; a gateway takes none that is older than one that has served [default: the one in FILE.sig
        /// if nothing has changed since, else the next; seconds since 1970 if there is none]
        #[arg(long, value_name = "N")]
        version: Option<u64>,
    },
    /// Hold several plugins to the same decisions; exit with 1 if one decides otherwise.
    #[command(
        after_help = "Example:\n  weir plugin conform plugins/examples --cases plugin-sdk/conformance/cases.json"
    )]
    Conform {
        /// Components, or folders with components in them
        #[arg(value_name = "DIR-OR-FILE", required = true)]
        plugins: Vec<PathBuf>,
        /// The file of cases
        #[arg(long, value_name = "CASES")]
        cases: PathBuf,
        /// For machines
        #[arg(long)]
        json: bool,
    },
}
