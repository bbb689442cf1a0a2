//! Weir as one of those that are measured: its configuration, its start, its readiness.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use weir_tenancy::key;

use crate::control;
use crate::peers::{Peer, PeerSetup, Up};

/// How long it may take to be ready: plugins may have to be compiled.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
pub(crate) const PEPPER: &str = "pepper of a gateway that lives for one measurement";
/// No limit that is measured: it is looked at for every request and never reached.
const MOST_PER_MINUTE: u64 = 1_000_000_000;

/// Where Weir is, and how it is set up.
#[derive(clap::Args, Debug, Clone)]
#[group(id = "weir-itself")]
pub(crate) struct WeirArgs {
    /// Weir's own program
    #[arg(long, default_value = "target/release/weir")]
    pub(crate) weir: PathBuf,
    /// The same from a guided build
    #[arg(long, default_value = "target/guided/weir")]
    pub(crate) guided: PathBuf,
    /// The folder of compiled plugins
    #[arg(long, default_value = "plugins/installed")]
    pub(crate) plugins: PathBuf,
    /// The plugins of `plugins`, in the order of its chain
    #[arg(long, value_delimiter = ',', default_value = "prompt-guard,redact-pii,route-by-cost,usage-tap")]
    pub(crate) chain: Vec<String>,
    /// A folder for compiled plugins that outlives the run; without it every start compiles them anew
    #[arg(skip)]
    pub(crate) cache: PathBuf,
}

/// Weir without plugins, or with a chain of them.
#[derive(Debug)]
pub(crate) struct Weir {
    args: WeirArgs,
    guided: bool,
    name: String,
    does: String,
    settings: String,
}

impl Weir {
    /// Without plugins.
    pub(crate) fn bare(args: &WeirArgs) -> Self {
        Self::new(WeirArgs { chain: Vec::new(), ..args.clone() })
    }

    /// With the chain of the command line.
    pub(crate) fn with_plugins(args: &WeirArgs) -> Self {
        Self::new(args.clone())
    }

    pub(crate) fn has_plugins(&self) -> bool {
        !self.args.chain.is_empty()
    }

    /// The same from a build that was told what runs.
    pub(crate) fn guided(self) -> Self {
        Self { guided: true, name: self.name.replacen("Weir", "Weir guided", 1), ..self }
    }

    pub(crate) fn is_guided(&self) -> bool {
        self.guided
    }

    fn program(&self) -> &Path {
        if self.guided { &self.args.guided } else { &self.args.weir }
    }

    fn new(args: WeirArgs) -> Self {
        let own = "key check, rate and concurrency limits, JSON parse, header mutation, usage and cost metering";
        let (name, does) = match args.chain.len() {
            0 => ("Weir".to_owned(), own.to_owned()),
            1 => ("Weir + 1 plugin".to_owned(), format!("{own}; the plugin {}", args.chain.join(", "))),
            many => (format!("Weir + {many} plugins"), format!("{own}; the plugins {}", args.chain.join(", "))),
        };
        let settings = "one worker per core, up to 4,096 connections to the upstream, limits far above the load, the \
                        settings of plugins as in config/weir.toml, log level warn, all else by default";
        Self { args, guided: false, name, does, settings: settings.to_owned() }
    }
}

impl Peer for Weir {
    fn name(&self) -> &str {
        &self.name
    }

    fn does(&self) -> &str {
        &self.does
    }

    fn settings(&self) -> &str {
        &self.settings
    }

    fn missing(&self, _tools: &Path) -> Option<String> {
        let program = self.program();
        if !program.is_file() {
            let (build, option) =
                if self.guided { ("benches/guided/build", "--guided") } else { ("cargo build --release", "--weir") };
            let program = program.display();
            return Some(format!("there is no {program}: build it by `{build}`, or name it by {option}"));
        }
        let files = self.args.chain.iter().map(|plugin| self.args.plugins.join(format!("{plugin}.wasm")));
        let gone = files.into_iter().find(|file| !file.is_file())?;
        Some(format!("there is no {}: build the plugins, or name others by --plugins and --chain", gone.display()))
    }

    fn version(&self, _tools: &Path) -> String {
        let output = Command::new(self.program()).arg("--version").output();
        let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        text.trim().strip_prefix("weir ").unwrap_or("unknown").to_owned()
    }

    fn start(&self, setup: &PeerSetup<'_>) -> Result<Up> {
        let key = key::generate("bench")?;
        let empty = setup.folder.join("no-plugins");
        fs::create_dir_all(&empty)?;
        let plugins = if self.args.chain.is_empty() { empty } else { fs::canonicalize(&self.args.plugins)? };
        let file = setup.folder.join("weir.toml");
        fs::write(&file, config(&self.args, setup, &plugins, &key.hash_line(PEPPER.as_bytes())))?;
        let messages = setup.folder.join("messages.log");
        let mut command = Command::new(fs::canonicalize(self.program())?);
        command.arg("serve").arg("--config").arg(&file).args(["--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"]);
        let running = setup.process_groups.start(command.stderr(File::create(&messages)?))?;
        let ready = running.url_after("gateway", PATIENCE).and_then(|url| {
            wait_until_ready(&running.url_after("admin", PATIENCE)?)?;
            Ok(url)
        });
        let url = ready.with_context(|| {
            format!(
                "{} does not start; its messages:\n{}",
                self.name,
                fs::read_to_string(&messages).unwrap_or_default()
            )
        })?;
        Ok(Up { url, key: Some(key.token()), model: "mock".to_owned(), headers: Vec::new(), running })
    }
}

/// Everything that counts on the way is on: keys, both limits, prices.
fn config(args: &WeirArgs, setup: &PeerSetup<'_>, plugins: &Path, hash: &str) -> String {
    let quote = |text: &str| serde_json::Value::from(text).to_string();
    let mut toml = format!(
        "pepper = {pepper}\n\n[server]\nworkers = {workers}\n\n[log]\nlevel = \"warn\"\n\n\
         [providers.mock]\nkind = \"openai\"\nbase_url = \"http://{upstream}/v1\"\napi_key = \"test\"\n\
         max_connections = 4096\n\n\
         [models.mock]\n\
         targets = [{{ provider = \"mock\", model = \"mock\", price = {{ input = 2.5, output = 10 }} }}]\n\n\
         [tenants.bench]\nmodels = [\"*\"]\nrequests_per_minute = {MOST_PER_MINUTE}\nconcurrency = 100000\n\
         keys = [{{ id = \"bench\", hash = \"{hash}\", requests_per_minute = {MOST_PER_MINUTE}, concurrency = 100000 }}]\n\n\
         [plugins]\nfolder = {folder}\ncache = {cache}\n",
        pepper = quote(PEPPER),
        workers = setup.cores,
        upstream = setup.upstream,
        folder = quote(&plugins.to_string_lossy()),
        cache = quote(&args.cache.to_string_lossy()),
    );
    for plugin in &args.chain {
        let _ok = write!(toml, "\n[[plugins.chain]]\nplugin = {}\ntenants = [\"bench\"]\n", quote(plugin));
        toml.push_str(settings(plugin));
    }
    toml
}

/// What a bundled plugin is set to: what the shipped configuration says. Others get no settings.
pub(crate) fn settings(plugin: &str) -> &'static str {
    match plugin {
        "prompt-guard" => {
            "config = { deny = [\"ignore all previous instructions\", \"ignore previous instructions\", \
             \"reveal your system prompt\"] }\n"
        }
        "redact-pii" => "config = { kinds = [\"email\", \"phone\", \"card\", \"iban\"] }\n",
        "route-by-cost" => {
            "config = { rules = [{ max_input_bytes = 2000, prefer = \"cheapest\" }], default = \"keep\" }\n"
        }
        _ => "",
    }
}

pub(crate) fn wait_until_ready(admin: &str) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    loop {
        match control::ask(admin, "GET", "/readyz") {
            Ok((200, _)) => return Ok(()),
            Ok(_) | Err(_) if Instant::now() < until => thread::sleep(Duration::from_millis(5)),
            Ok((status, _)) => bail!("the gateway is not ready after {PATIENCE:?}: /readyz answers {status}"),
            Err(error) => return Err(error.context(format!("/readyz cannot be asked after {PATIENCE:?}"))),
        }
    }
}
