//! The gateway of the villains: a tenant that behaves, with the bundled plugins, and many that do not.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use weir_tenancy::key;

use crate::gateway::quote;
use crate::weir::{PEPPER, settings};

/// The tenant that behaves.
pub(super) const GOOD: &str = "good";
/// The tenant that has all villains in its folder that can be loaded.
const ALL: &str = "bad";
/// Tenants in whose folders there is more than plugins.
pub(super) const BOMBS: [&str; 4] = ["bombs-1", "bombs-2", "bombs-3", "bombs-4"];
/// The plugin that observes every request.
pub(super) const TAP: &str = "usage-tap";
/// The plugins of the tenant that behaves, in their order.
const CHAIN: [&str; 4] = ["prompt-guard", "redact-pii", "route-by-cost", TAP];
/// Villains that cannot be loaded, import what only the chain grants, or refuse whatever they are asked: a tenant with one
/// of these has nothing else.
const ALONE: [&str; 11] = [
    "callout-bad-pointer",
    "callout-flood",
    "callout-headers",
    "error-in-init",
    "loop-in-init",
    "loop-in-start",
    "memory-declared",
    "random-flood",
    "rude-refusal",
    "secret-thief",
    "table-declared",
];

/// What the gateway is started with.
#[derive(Debug)]
pub(super) struct Setup {
    /// The live folder of plugins.
    pub(super) plugins: PathBuf,
    cache: PathBuf,
    provider: SocketAddr,
    tenants: String,
    /// The key of the tenant that behaves, and those of all others.
    pub(super) good: String,
    pub(super) bad: Vec<String>,
}

impl Setup {
    /// # Errors
    /// There is no room for files, no bundled plugin where it should be, or no villain.
    pub(super) fn new(folder: &Path, bundled: &Path, provider: SocketAddr) -> Result<Self> {
        let plugins = folder.join("plugins");
        fs::create_dir_all(&plugins)?;
        for plugin in CHAIN {
            let from = bundled.join(format!("{plugin}.wasm"));
            fs::copy(&from, plugins.join(format!("{plugin}.wasm")))
                .with_context(|| format!("there is no {}: name the folder by --plugins", from.display()))?;
        }
        let mut names = vec![ALL.to_owned()];
        for villain in weir_pack::hostiles()? {
            let component = weir_pack::hostile(&villain)?;
            if !ALONE.contains(&villain.as_str()) {
                place(&plugins, ALL, &villain, &component)?;
            }
            let own = format!("v-{villain}");
            place(&plugins, &own, &villain, &component)?;
            names.push(own);
        }
        names.extend(BOMBS.map(str::to_owned));
        let mut tenants = String::new();
        let mut token = |name: &str| -> Result<String> {
            // An id has no dash.
            let id = name.replace('-', "_");
            let key = key::generate(&id)?;
            let hash = key.hash_line(PEPPER.as_bytes());
            let _ok = writeln!(
                tenants,
                "[tenants.{name}]\nmodels = [\"*\"]\nkeys = [{{ id = \"{id}\", hash = \"{hash}\" }}]"
            );
            Ok(key.token())
        };
        let good = token(GOOD)?;
        let bad = names.iter().map(|name| token(name)).collect::<Result<_>>()?;
        Ok(Self { plugins, cache: folder.join("compiled"), provider, tenants, good, bad })
    }

    /// The configuration: everything that bounds plugins is as it is by default.
    pub(super) fn config(&self) -> String {
        let (provider, tenants) = (self.provider, &self.tenants);
        let mut toml = format!(
            "pepper = {pepper}\n[server]\ndrain = \"5s\"\n[log]\nlevel = \"error\"\n\
             [providers.p]\nkind = \"openai\"\nbase_url = \"http://{provider}/v1\"\napi_key = \"test\"\n\
             max_connections = 4096\n[models.m]\ntargets = [\"p/m\"]\n{tenants}\n",
            pepper = quote(PEPPER),
        );
        let (folder, cache) = (quote(&self.plugins.to_string_lossy()), quote(&self.cache.to_string_lossy()));
        let _ok = write!(toml, "[plugins]\nfolder = {folder}\ncache = {cache}\n");
        for plugin in CHAIN {
            let _ok = writeln!(toml, "\n[[plugins.chain]]\nplugin = {}\ntenants = [\"{GOOD}\"]", quote(plugin));
            toml.push_str(settings(plugin));
        }
        toml
    }
}

/// Puts a villain into a tenant's folder; requests go on without it when it faults, so that the next one has its turn.
fn place(plugins: &Path, tenant: &str, name: &str, component: &[u8]) -> Result<()> {
    let folder = plugins.join("tenants").join(tenant);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join(format!("{name}.toml")), "on_failure = \"open\"\n")?;
    fs::write(folder.join(format!("{name}.wasm")), component)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_villain_has_a_tenant_of_its_own_and_the_configuration_is_lawful() {
        let folder = tempfile::tempdir().unwrap();
        let bundled = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/installed");
        let setup = Setup::new(folder.path(), &bundled, "127.0.0.1:9".parse().unwrap()).unwrap();
        let (text, file) = (setup.config(), folder.path().join("weir.toml"));
        let read = weir_config::parse(&text, &file, &|_| None, &weir_config::Overrides::default());
        let config = read.map_err(|problems| problems.to_string()).unwrap().config;
        let villains = weir_pack::hostiles().unwrap().len();
        assert_eq!(config.tenants.len(), 2 + villains + BOMBS.len());
        let all = fs::read_dir(setup.plugins.join("tenants").join(ALL)).unwrap().count();
        assert_eq!(all, 2 * (villains - ALONE.len()), "each with its settings");
    }
}
