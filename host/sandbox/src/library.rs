//! The plugins in service: files to code, code and settings to plugins, plugins to chains; the last good of each kept.

mod canary;
mod closed;
mod code;
mod entries;
mod events;
mod files;
mod gone;
mod home;
mod judge;
mod publish;
mod ready;
mod refused;
mod scan;
mod seen_versions;
mod serving;
mod shipped;
mod starts;
mod strays;
mod trial;
mod wanted;

use crate::chains::Chains;
use crate::compile::cache::Cache;
use crate::compile::{Compiler, Compiles};
use crate::engine::Sandbox;
use crate::error::LoadError;
use crate::plugin::{Code, LoadedPlugin};
use crate::signature::{Beside, SignedFiles, Vouched};
use crate::source::{FilePlace, PluginSource};
use crate::trust::Trust;
use entries::Entries;
use files::Files;
use gone::Gone;
use home::Home;
use refused::RefusedVersions;
use seen_versions::SeenVersions;
use shipped::Schema;
use starts::{StartProgress, Starts};
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use trial::Trial;
use weir_config::file::{FileError, FileSpot, Looked};
use weir_config::{CompileLimits, Config, PluginSettings, Plugins};

pub use events::{LibraryEvent, LoadProblem};
pub use ready::Prepared;
pub use strays::Stray;
pub use trial::TrialOutcome;

/// What was published of one plugin: where, for which tenants and models, and which one.
type Published = (FilePlace, Vec<String>, Vec<String>, u64);

/// What shall apply: a place, with settings, to whom.
struct Wanted {
    place: FilePlace,
    settings: Result<PluginSettings, LoadError>,
    /// What was read of the file of settings beside it.
    beside: Beside,
    tenants: Vec<String>,
    models: Vec<String>,
    /// The line of the configuration that says so, if one does.
    line: Option<(PathBuf, u32)>,
}

/// Loads plugins and builds chains. Owned by the control thread; nothing of it is on the way of a request.
pub struct Library {
    sandbox: Arc<Sandbox>,
    cache: Option<Cache>,
    compiles: Compiles,
    /// The files that were asked for since somebody settled last.
    wanted: HashSet<blake3::Hash>,
    /// Whether compiling anything, or trying it out, has begun since then.
    begun: bool,
    codes: HashMap<blake3::Hash, Arc<Code>>,
    /// Files that did not compile within some bounds, so that a broken file is not compiled anew at every look.
    bad: HashMap<(blake3::Hash, CompileLimits), LoadError>,
    /// Plugins that are tried out before they serve, and those of them that were asked for since somebody settled last.
    starts: Starts,
    starting: HashSet<u64>,
    good: HashMap<FilePlace, Arc<LoadedPlugin>>,
    trials: HashMap<FilePlace, Trial>,
    /// The schema that the settings of a plugin were held against, by its number: both are those of just this plugin.
    schemas: HashMap<u64, Beside>,
    /// Which entry of the chain is which binding.
    entries: Entries,
    /// The plugin folder as it was last found.
    home: Home,
    /// What lay in it and did nothing.
    strays: Vec<Stray>,
    /// What was read of plugins' files.
    files: Files,
    /// Whom the configuration trusts, or why that cannot be told.
    trust: Result<Trust, LoadError>,
    /// Whom the newest configuration trusts that was judged good, whether it serves or not.
    newest: Option<Trust>,
    /// Versions that did not stand their trial, so that they do not get another one, and how many are remembered.
    refused: RefusedVersions,
    remembered: usize,
    /// Files whose compiled code is still kept, and for how long it is.
    gone: Gone,
    keep_gone: Duration,
    /// What applied by its place and cannot work within the ceilings of now.
    outgrown: Vec<PluginSource>,
    /// The file of each signed plugin that was made last, and what is vouched for of it.
    vouched: HashMap<PluginSource, (blake3::Hash, Vouched)>,
    /// The newest versions of signed plugins that have served.
    seen: SeenVersions,
    last: Vec<Published>,
    current: Arc<Chains>,
}

/// What a library served and kept at one moment, to come back to.
#[derive(Debug, Clone)]
pub struct Checkpoint {
    good: HashMap<FilePlace, Arc<LoadedPlugin>>,
    trials: HashMap<FilePlace, Trial>,
    refused: RefusedVersions,
    entries: Entries,
    last: Vec<Published>,
    current: Arc<Chains>,
}

impl std::fmt::Debug for Library {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Library").field("generation", &self.current.generation).finish_non_exhaustive()
    }
}

impl Library {
    /// An empty library. Without a cache everything is compiled at each start.
    #[must_use]
    pub fn new(sandbox: Arc<Sandbox>, cache: Option<Cache>) -> Self {
        Self::with_compiler(sandbox, cache, Compiler::default())
    }

    /// The same with somebody else who compiles.
    #[must_use]
    pub fn with_compiler(sandbox: Arc<Sandbox>, cache: Option<Cache>, compiler: Compiler) -> Self {
        Self {
            compiles: Compiles::new(&sandbox, compiler),
            starts: Starts::new(&sandbox),
            starting: HashSet::new(),
            wanted: HashSet::new(),
            begun: false,
            sandbox,
            cache,
            codes: HashMap::new(),
            bad: HashMap::new(),
            good: HashMap::new(),
            trials: HashMap::new(),
            schemas: HashMap::new(),
            entries: Entries::default(),
            home: Home::default(),
            strays: Vec::new(),
            files: Files::default(),
            trust: Ok(Trust::default()),
            newest: None,
            refused: RefusedVersions::default(),
            remembered: 1,
            gone: Gone::default(),
            keep_gone: Duration::ZERO,
            outgrown: Vec::new(),
            vouched: HashMap::new(),
            seen: SeenVersions::default(),
            last: Vec::new(),
            current: Arc::default(),
        }
    }

    /// The chains that were built last.
    #[must_use]
    pub fn current(&self) -> &Arc<Chains> {
        &self.current
    }

    /// What lay in the plugin folder when it was looked at last and does nothing, in the order of its folders; bounded.
    #[must_use]
    pub fn strays(&self) -> &[Stray] {
        &self.strays
    }

    /// What is served and kept now.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let Self { good, trials, refused, entries, last, current, .. } = self;
        let (good, trials, refused, last) = (good.clone(), trials.clone(), refused.clone(), last.clone());
        Checkpoint { good, trials, refused, entries: entries.clone(), last, current: Arc::clone(current) }
    }

    /// Goes back to what was served and kept then: what has been built since will not serve. What was compiled stays.
    pub fn restore(&mut self, to: Checkpoint) {
        let Checkpoint { good, trials, refused, entries, last, current } = to;
        (self.good, self.trials, self.refused, self.entries) = (good, trials, refused, entries);
        (self.last, self.current) = (last, current);
        // A trial that was ended meanwhile goes on.
        self.trials.values().for_each(Trial::go_on);
    }

    /// Has the next look read every file anew, also those that look as they did.
    pub fn read_anew(&mut self) {
        self.files.forget();
    }

    /// The same as [`build`](Self::build) at once, with what is ready; of files of which somebody has found out whether they lie
    /// still, one that does not is not read. What is being compiled is a problem until it is done.
    pub async fn build_still(
        &mut self,
        config: &Config,
        looked: &Looked,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> (Arc<Chains>, Vec<LoadProblem>) {
        self.files.look(looked.clone());
        let mut problems = Vec::new();
        self.trust = self.trust_of(&config.plugins);
        self.remembered = config.plugins.remember_rolled_back;
        self.sandbox.quotas().set(&config.plugins);
        if let Some(cache) = &mut self.cache {
            cache.set_room(config.plugins.cache_size as u64);
        }
        self.seen.open(self.cache.as_ref(), &config.plugins.folder);
        self.outgrown.clear();
        self.compiles.set_processes(config.plugins.compile.processes);
        let wanted = self.wanted(config, &mut problems);
        let mut served = Vec::new();
        for want in wanted {
            let open = want.settings.as_ref().is_ok_and(|s| s.on_failure == weir_config::OnFailure::Open);
            let made = match &want.settings {
                Ok(settings) => self.plugin(&want.place, (settings, want.beside), &config.plugins, note).await,
                Err(error) => Err(error.clone()),
            };
            let plugin = match made {
                Ok(plugin) => Some(self.admit(&want.place, plugin, Instant::now())),
                Err(error) => {
                    // What is on trial is no longer what the file says.
                    self.end_trial(&want.place);
                    let last_good = self.last_good(&want.place, &config.plugins);
                    let problem = LoadProblem::of(want.place.clone(), error, last_good.is_some(), open);
                    let revoked = last_good.as_ref().is_some_and(|good| good.is_revoked());
                    problems.push(LoadProblem { line: want.line.clone(), revoked, ..problem });
                    last_good
                }
            };
            if let Some(plugin) = plugin {
                served.push((want, plugin));
            }
        }
        self.files.looked();
        self.forget(config, &served);
        let closed = self.closed(config, &mut problems);
        self.publish(config, &served, &closed);
        (Arc::clone(&self.current), problems)
    }

    /// The plugin for a place: the one that serves there already if file and settings are the same, else a new one,
    /// compiled if need be and started once to see that it takes its settings.
    async fn plugin(
        &mut self,
        place: &FilePlace,
        (settings, beside): (&PluginSettings, Beside),
        plugins: &Plugins,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> Result<Arc<LoadedPlugin>, LoadError> {
        let (source, folder) = (&place.0, &plugins.folder);
        let spot = source.spot(folder, "wasm");
        let unreadable = |why| unreadable(source, &spot, why);
        let component = self.files.component(&spot).await.map_err(unreadable)?;
        let hash = component.hash;
        check_pin(settings, hash)?;
        let schema = Schema::read(&mut self.files, source, folder, component.has_schema)?;
        let found = SignedFiles { name: source.name(), component: hash, settings: beside, schema: schema.beside() };
        let vouched = self.vouched_for(source, &found, plugins)?;
        self.may_serve(place, hash, settings)?;
        let on_trial = self.trials.get(place).map(|trial| &trial.plugin);
        let same = |plugin: &&Arc<LoadedPlugin>| {
            plugin.code().hash == hash && plugin.settings() == settings && plugin.may_be_direct() == plugins.direct
        };
        if let Some(serving) = self.good.get(place).into_iter().chain(on_trial).find(same).cloned() {
            self.check_again(&serving, &schema)?;
            self.vouch(source, &serving, vouched);
            return Ok(serving);
        }
        let name = source.binding(&place.1);
        let plugin = match self.starts.find(|plugin| **plugin.name() == *name && same(&plugin)) {
            Some(plugin) => {
                self.wanted.insert(hash);
                self.check_again(&plugin, &schema)?;
                plugin
            }
            None => {
                self.known_bad(hash, &plugins.compile)?;
                if self.compiles.is_pending(&hash) {
                    // Its file may be long, and there is a look whenever anything changes: it is not read for each of them.
                    self.wanted.insert(hash);
                    schema.check(&[], settings)?;
                    return Err(LoadError::Compiling);
                }
                let wasm = self.files.bytes(&spot, component).await.map_err(unreadable)?;
                schema.check(&wasm, settings)?;
                let code = self.code((source, spot), hash, wasm, plugins, note).await?;
                let plugin = LoadedPlugin::new(&self.sandbox, name.into(), code, settings.clone(), plugins.direct)
                    .map(Arc::new)?;
                self.schemas.insert(plugin.id(), schema.beside());
                plugin
            }
        };
        self.try_out(source, &plugin)?;
        self.vouch(source, &plugin, vouched);
        Ok(plugin)
    }

    /// Holds the settings of a plugin against the schema beside it, where that is another one than they were held against.
    fn check_again(&mut self, plugin: &LoadedPlugin, schema: &Schema) -> Result<(), LoadError> {
        if self.schemas.get(&plugin.id()) != Some(&schema.beside()) {
            schema.check(&[], plugin.settings())?;
            self.schemas.insert(plugin.id(), schema.beside());
        }
        Ok(())
    }

    /// Has a plugin started once, beside everything else, so that a version that cannot start never serves.
    ///
    /// # Errors
    /// [`LoadError::Starting`] until that is done, and what came of it.
    fn try_out(&mut self, source: &PluginSource, plugin: &Arc<LoadedPlugin>) -> Result<(), LoadError> {
        self.starting.insert(plugin.id());
        match self.starts.want(plugin, source.tenant().map(Arc::from)) {
            StartProgress::Pending { begun } => {
                self.begun |= begun;
                Err(LoadError::Starting)
            }
            StartProgress::Done(outcome) => outcome,
        }
    }
}

/// Whether the file is the one that the binding names, if it names one.
fn check_pin(settings: &PluginSettings, hash: blake3::Hash) -> Result<(), LoadError> {
    match &settings.blake3 {
        Some(wanted) if *wanted != *hash.to_hex() => {
            Err(LoadError::Pinned { found: hash.to_hex().to_string(), wanted: wanted.clone() })
        }
        Some(_) | None => Ok(()),
    }
}

/// Why a plugin's file is not read. A link that leads nowhere is there.
fn unreadable(source: &PluginSource, spot: &FileSpot, why: FileError) -> LoadError {
    match why {
        why if why.is_absent() => LoadError::Missing { name: source.name().to_owned() },
        FileError::TooLong(limit) => LoadError::TooLarge { limit },
        why => LoadError::unread(spot.path().to_owned(), &why),
    }
}
