//! The gateway of the attackers: a tenant that behaves, with the bundled plugins, and many that do not.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use weir_pack::hostile_folders::{HOSTILE_FOLDERS, HostileFolder, RENAMED, Signer};
use weir_tenancy::key;

use super::clients;
use crate::control;
use crate::gateway::{Gateway, Program, quote};
use crate::weir::{PEPPER, settings};

/// The tenant that behaves.
pub(super) const GOOD: &str = "good";
/// The tenant that has all attackers in its folder that can be loaded.
const ALL: &str = "bad";
/// The plugin that observes every request.
pub(super) const TAP: &str = "usage-tap";
/// The tenant in whose folder a broken file lies from the start on.
pub(super) const BROKEN: &str = "broken";
/// The plugins of the tenant that behaves, in their order.
const CHAIN: [&str; 4] = ["prompt-guard", "redact-pii", "route-by-cost", TAP];
/// Attackers that cannot be loaded, import what only the chain grants, or refuse whatever they are asked: a tenant with one
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

/// The tenant in whose folder an attacker lies alone.
pub(super) fn own(attacker: &str) -> String {
    format!("v-{attacker}")
}

/// The folders that are filled and emptied while requests are served: all but the one that is broken from the start on.
pub(super) fn meddled() -> impl Iterator<Item = &'static HostileFolder> {
    HOSTILE_FOLDERS.iter().filter(|folder| folder.tenant != BROKEN)
}

/// What the gateway is started with.
#[derive(Debug)]
pub(super) struct HostileSetup {
    /// The live folder of plugins.
    pub(super) plugins: PathBuf,
    cache: PathBuf,
    provider: SocketAddr,
    tenants: String,
    signer: Signer,
    bundled: PathBuf,
    /// The keys of the tenant that behaves, of the one whose guard is to be replaced, of the one whose folder is broken, and
    /// of all others.
    pub(super) good: String,
    pub(super) renamed: String,
    broken: String,
    pub(super) bad: Vec<String>,
}

impl HostileSetup {
    /// # Errors
    /// There is no room for files, no bundled plugin where it should be, no attacker, or the gateway's program does not sign.
    pub(super) fn new(folder: &Path, program: &Program, provider: SocketAddr) -> Result<Self> {
        let plugins = folder.join("plugins");
        fs::create_dir_all(&plugins)?;
        for plugin in CHAIN {
            let from = program.plugins.join(format!("{plugin}.wasm"));
            fs::copy(&from, plugins.join(format!("{plugin}.wasm")))
                .with_context(|| format!("there is no {}: name the folder by --plugins", from.display()))?;
        }
        let mut names = vec![ALL.to_owned()];
        names.extend(weir_pack::hostiles()?.iter().map(|attacker| own(attacker)));
        names.extend(meddled().map(|folder| folder.tenant.to_owned()));
        let at_start = HOSTILE_FOLDERS.iter().filter(|folder| folder.tenant == BROKEN);
        at_start.into_iter().try_for_each(|folder| folder.lay(&plugins.join("tenants"), 0))?;
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
        let (good, renamed, broken) = (token(GOOD)?, token(RENAMED.tenant)?, token(BROKEN)?);
        let bad = names.iter().map(|name| token(name)).collect::<Result<_>>()?;
        let signer = Signer::new(&fs::canonicalize(&program.gateway)?, &folder.join("signer"))?;
        let (cache, bundled) = (folder.join("compiled"), program.plugins.clone());
        let setup = Self { plugins, cache, provider, tenants, signer, bundled, good, renamed, broken, bad };
        // The guard that is to be replaced: it was signed as what it is.
        let deny = format!("config = {{ deny = [{}] }}\n", quote(clients::DENIED));
        setup.signer.put(
            (&setup.bundled.join("prompt-guard.wasm"), Some(&deny)),
            ("strict", "strict"),
            &setup.tenants_folder(),
        )?;
        Ok(setup)
    }

    fn tenants_folder(&self) -> PathBuf {
        self.plugins.join("tenants")
    }

    /// Puts a plugin that was signed as a counter in the place of a guard.
    ///
    /// # Errors
    /// It cannot be signed.
    pub(super) fn rename_signed(&self) -> Result<()> {
        let counter = self.bundled.join(format!("{TAP}.wasm"));
        self.signer.put((&counter, None), (TAP, "strict"), &self.tenants_folder())
    }

    /// Puts every attacker into the folder of a tenant of its own, and those that can be loaded into that of one tenant. They are
    /// new to the gateway each time: with other settings, so that none is in quarantine from before.
    ///
    /// # Errors
    /// There is no room for files, or no attacker.
    pub(super) fn lay(&self, number: u32) -> Result<()> {
        for attacker in weir_pack::hostiles()? {
            let component = weir_pack::hostile(&attacker)?;
            if !ALONE.contains(&attacker.as_str()) {
                place(&self.plugins, ALL, (&attacker, &component), number)?;
            }
            place(&self.plugins, &own(&attacker), (&attacker, &component), number)?;
        }
        Ok(())
    }

    /// Takes every folder of a tenant's away, but for that of the guard which somebody wants to replace, and in the end that
    /// one as well.
    ///
    /// # Errors
    /// They are not ours.
    pub(super) fn take_away(&self, is_end: bool) -> Result<()> {
        for entry in fs::read_dir(self.tenants_folder())? {
            let folder = entry?.path();
            if is_end || !folder.ends_with(RENAMED.tenant) {
                fs::remove_dir_all(folder)?;
            }
        }
        Ok(())
    }

    /// What a tenant whose folder was broken at the start is told: a status, and whether it says why.
    ///
    /// # Errors
    /// Nobody answers.
    pub(super) fn broken(&self, gateway: &Gateway) -> Result<(u16, bool)> {
        clients::told(control::loopback(&gateway.url)?, &self.broken, "tenant_closed")
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
        let public = quote(&self.signer.public);
        let _ok = write!(toml, "[plugins]\nfolder = {folder}\ncache = {cache}\nkeys = [{public}]\n");
        for plugin in CHAIN {
            let _ok = writeln!(toml, "\n[[plugins.chain]]\nplugin = {}\ntenants = [\"{GOOD}\"]", quote(plugin));
            toml.push_str(settings(plugin));
        }
        toml
    }
}

/// Puts an attacker into a tenant's folder; requests go on without it when it faults, so that the next one has its turn.
fn place(plugins: &Path, tenant: &str, (name, component): (&str, &[u8]), number: u32) -> Result<()> {
    let folder = plugins.join("tenants").join(tenant);
    fs::create_dir_all(&folder)?;
    let settings = format!("on_failure = \"open\"\nconfig = {{ number = {number} }}\n");
    fs::write(folder.join(format!("{name}.toml")), settings)?;
    fs::write(folder.join(format!("{name}.wasm")), component)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn every_attacker_has_a_tenant_of_its_own_and_the_configuration_is_valid() {
        let folder = tempfile::tempdir().unwrap();
        let plugins = Path::new(env!("CARGO_MANIFEST_DIR")).join("../plugins/installed");
        // A program that signs nothing and says that all is well, so that there is no key.
        let program = Program { gateway: "/bin/true".into(), plugins };
        let setup = HostileSetup::new(folder.path(), &program, "127.0.0.1:9".parse().unwrap()).unwrap();
        let (text, file) = (setup.config().replace("keys = [\"\"]", ""), folder.path().join("weir.toml"));
        let read = weir_config::parse(&text, &file, &|_| None, &weir_config::Overrides::default());
        let config = read.map_err(|problems| problems.to_string()).unwrap().config;
        let attackers = weir_pack::hostiles().unwrap().len();
        assert_eq!(config.tenants.len(), 3 + attackers + HOSTILE_FOLDERS.len());
        setup.lay(1).unwrap();
        let all = fs::read_dir(setup.plugins.join("tenants").join(ALL)).unwrap().count();
        assert_eq!(all, 2 * (attackers - ALONE.len()), "each with its settings");
        assert!(setup.plugins.join("tenants/broken/broken.wasm").is_file());
        let left = || fs::read_dir(setup.plugins.join("tenants")).unwrap().count();
        setup.take_away(false).unwrap();
        assert_eq!(left(), 1, "the guard that somebody wants to replace");
        setup.take_away(true).unwrap();
        assert_eq!(left(), 0);
    }
}
