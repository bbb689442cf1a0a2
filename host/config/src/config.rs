//! The whole of a configuration, and how it is read.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::cors::Cors;
use crate::file::{self, Looked};
use crate::limits::Limits;
use crate::log::Log;
use crate::metrics::MetricsConfig;
use crate::names::DeclaredNames;
use crate::overrides::Overrides;
use crate::plugins::Plugins;
use crate::problem::{Problem, Problems};
use crate::provider::{self, ProviderConfig};
use crate::secret::Secret;
use crate::server::Server;
use crate::source::{self, At, ConfigSource};
use crate::table::ConfigTable;
use crate::tenant::{self, TenantConfig};
use crate::told::{Tell, ToldTable};
use crate::{model, model::ModelConfig};

/// A configuration in which nothing is wrong: every name that it refers to is in it, every value within its bounds,
/// every path absolute.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file that it came from, absolute.
    pub file: PathBuf,
    /// `[server]`.
    pub server: Server,
    /// `[limits]`.
    pub limits: Limits,
    /// `[metrics]`.
    pub metrics: MetricsConfig,
    /// `[cors]`.
    pub cors: Cors,
    /// `[log]`.
    pub log: Log,
    /// `[providers.NAME]`, in the order of the file.
    pub providers: Vec<ProviderConfig>,
    /// `[models.NAME]`, in the order of the file.
    pub models: Vec<ModelConfig>,
    /// `[tenants.NAME]`, in the order of the file.
    pub tenants: Vec<TenantConfig>,
    /// `[plugins]`.
    pub plugins: Plugins,
    /// The files beside this one that it depends on, absolute, each once: those behind `file:`, and every `ca_file`.
    /// What stood in them when they were read is in the values that name them.
    pub files: Vec<PathBuf>,
    /// `pepper`: goes into the hash of every tenant's key; empty by default. Changing it invalidates all keys.
    pub pepper: Secret,
}

impl Tell for Config {
    fn tell(&self, told: &mut ToldTable) {
        // All of them, so that a section that is added cannot be left out. Where they were read from makes no difference, and
        // what other files say stands in the values that name them.
        let Self { file: _, server, limits, metrics, cors, log, providers, models, tenants, plugins, files: _, pepper } =
            self;
        told.hidden("pepper", pepper.expose());
        told.table("server", server);
        told.table("limits", limits);
        told.table("metrics", metrics);
        told.table("cors", cors);
        told.table("log", log);
        providers.iter().for_each(|provider| told.named("providers", &provider.name, |told| provider.tell(told)));
        models.iter().for_each(|model| told.named("models", &model.name, |told| model.tell(providers, told)));
        tenants.iter().for_each(|tenant| told.named("tenants", &tenant.name, |told| tenant.tell(told)));
        told.table("plugins", plugins);
    }
}

/// A configuration, and what looks wrong in it without being so.
#[derive(Debug, Clone, PartialEq)]
pub struct Loaded {
    /// The configuration.
    pub config: Config,
    /// What an operator should look at, in the order of the lines.
    pub warnings: Vec<Problem>,
}

/// What came of reading a configuration file.
pub struct ConfigReading {
    /// The configuration, or every problem of the file at once, in the order of its lines; that it cannot be read is one.
    pub loaded: Result<Loaded, Problems>,
    /// The file's text, if it could be read. May hold secrets.
    pub text: Option<String>,
    /// `log.json`, whatever else is wrong with the file; false where it cannot be told.
    pub log_json: bool,
}

impl fmt::Debug for ConfigReading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reading").field("loaded", &self.loaded).finish_non_exhaustive()
    }
}

/// Reads the configuration in a file, with the process's environment.
///
/// # Errors
/// Every problem of the file at once, in the order of its lines; that it cannot be read is one.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Loaded, Problems> {
    read(path, overrides, &Looked::default()).loaded
}

/// The `pepper` of the configuration in a file, whatever else of it is wrong, as long as it is TOML.
///
/// # Errors
/// Why the file cannot be read, where it is no TOML, or what is wrong with its pepper.
pub fn pepper(path: &Path) -> Result<Secret, Problems> {
    let looked = Looked::default();
    let text = source::read_file(path, &looked).map_err(Problems::of)?;
    let env = |name: &str| std::env::var(name).ok();
    let source = ConfigSource::new(&text, path, Some(&env), &looked);
    let parsed = source.table(&text)?;
    let pepper = read_pepper(&ConfigTable::new(&source, At { key: String::new(), line: 1 }, Some(parsed.get_ref())));
    source.finish().map(|_| pepper)
}

fn read_pepper(root: &ConfigTable<'_>) -> Secret {
    root.value("pepper").and_then(|value| value.secret()).unwrap_or_default()
}

/// The same, for whoever watches the file: none that does not lie still is read.
pub fn read(path: &Path, overrides: &Overrides, looked: &Looked) -> ConfigReading {
    match source::read_file(path, looked) {
        Ok(text) => {
            let (loaded, log_json) = parse_still(&text, path, &|name| std::env::var(name).ok(), overrides, looked);
            ConfigReading { loaded, text: Some(text), log_json }
        }
        Err(problem) => ConfigReading { loaded: Err(Problems::of(problem)), text: None, log_json: false },
    }
}

/// Reads a configuration from `text`, as if it stood in `file`: problems name that file, and relative paths start
/// from its folder. `env` answers what `${NAME}` stands for. Reads the files that secrets refer to with `file:`.
///
/// # Errors
/// Every problem of the text at once, in the order of its lines.
pub fn parse(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    overrides: &Overrides,
) -> Result<Loaded, Problems> {
    parse_still(text, file, env, overrides, &Looked::default()).0
}

/// The configuration, and whether its log is to be JSON.
fn parse_still(
    text: &str,
    file: &Path,
    env: &dyn Fn(&str) -> Option<String>,
    overrides: &Overrides,
    looked: &Looked,
) -> (Result<Loaded, Problems>, bool) {
    let source = ConfigSource::new(text, file, Some(env), looked);
    let parsed = match source.table(text) {
        Ok(parsed) => parsed,
        Err(problems) => return (Err(problems), false),
    };
    let root = ConfigTable::new(&source, At { key: String::new(), line: 1 }, Some(parsed.get_ref()));
    let config = read_sections(root, file, overrides);
    let log_json = config.log.json;
    (source.finish().map(|warnings| Loaded { config, warnings }), log_json)
}

/// Reads every section, in the order in which they refer to each other.
fn read_sections(root: ConfigTable<'_>, file: &Path, overrides: &Overrides) -> Config {
    let pepper = read_pepper(&root);
    let server = Server::read(root.table("server"), overrides);
    let limits = Limits::read(root.table("limits"));
    let metrics = MetricsConfig::read(root.table("metrics"));
    let cors = Cors::read(root.table("cors"));
    let log = Log::read(root.table("log"));

    let providers = provider::read(&root.table("providers"));
    let provider_names: Vec<&str> = providers.iter().map(|provider| provider.name.as_str()).collect();
    let models = model::read(&root.table("models"), &provider_names);
    let model_names: Vec<&str> = models.iter().map(|model| model.name.as_str()).collect();

    let exposed = Some(server.listen).filter(|listen| !listen.ip().is_loopback());
    let mut reader = tenant::TenantReader::new(model_names.clone(), exposed, pepper.is_empty());
    let tenants = reader.read(&root.table("tenants"));
    let tenant_names = tenants.iter().map(|tenant| tenant.name.as_str()).collect();

    let names = DeclaredNames { models: model_names, tenants: tenant_names };
    let plugins = Plugins::read(root.table("plugins"), &names, overrides.plugins.as_deref());
    let (file, files) = (source::absolute(file), root.source.files());
    root.finish();
    Config { file, server, limits, metrics, cors, log, providers, models, tenants, plugins, files, pepper }
}

/// Where the configuration is unless the command line says otherwise: what `WEIR_CONFIG` names, else
/// `config/weir.toml` if there is anything of that name, else `weir.toml`; relative to the working folder.
pub fn default_path(env: &dyn Fn(&str) -> Option<String>) -> PathBuf {
    if let Some(path) = env("WEIR_CONFIG").filter(|path| !path.is_empty()) {
        return PathBuf::from(path);
    }
    let usual = Path::new("config").join("weir.toml");
    // Whatever stands there is what was meant: if it is no file, that is said, and not another one taken in its place.
    if file::kind(&usual).is_some() { usual } else { PathBuf::from("weir.toml") }
}
