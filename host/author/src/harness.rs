//! A plugin in the real sandbox, with one tenant and no gateway around it.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use weir_config::{Config, Grant, Isolation, Overrides};
use weir_sandbox::{Bound, Cache, Chain, Chains, Compiler, Library, LibraryEvent, LoadError, Sandbox, SandboxWorker};

use crate::AuthorError;
use crate::artefact::InspectedComponent;
use crate::logs::{self, LogLine};

/// The configuration that a plugin is tried in; its settings are put in afterwards.
const BARE: &str = "[providers.demo]\nkind = \"demo\"\n[models.m]\ntargets = [\"demo/m\"]\n\
                    [tenants.acme]\nmodels = [\"*\"]\n[plugins]\nfolder = \"plugins\"\n[[plugins.chain]]\nplugin = \"";

/// How a plugin is bound.
#[derive(Debug, Clone)]
pub(crate) struct Bind {
    pub(crate) tenant: String,
    pub(crate) settings: Json,
    pub(crate) grants: Vec<Grant>,
    pub(crate) isolation: Isolation,
}

/// Where plugins are compiled, once each: the engine, and a folder of compiled code that goes with this.
pub(crate) struct Bench {
    pub(crate) runtime: Runtime,
    pub(crate) sandbox: Arc<Sandbox>,
    folder: TempDir,
    compiler: Compiler,
    /// How long the last compiling took; what was compiled before is not compiled again.
    compiled: Cell<Option<Duration>>,
    /// Every plugin is called as a component, even if it could be called directly.
    components: bool,
}

/// A plugin that has started once.
pub(crate) struct Harness {
    pub(crate) worker: SandboxWorker,
    pub(crate) chains: Arc<Chains>,
    pub(crate) tenant: String,
    /// Everything but compiling: loading the code, linking, starting one instance.
    pub(crate) start: Duration,
}

impl Bench {
    pub(crate) fn new(compiler: Compiler) -> Result<Self, AuthorError> {
        let ground = |e: std::io::Error| AuthorError::Ground(e.to_string());
        let runtime = Builder::new_current_thread().enable_all().build().map_err(ground)?;
        let sandbox = Sandbox::new().map_err(|e| AuthorError::Ground(e.to_string()))?;
        let folder = tempfile::tempdir().map_err(ground)?;
        Ok(Self { runtime, sandbox, folder, compiler, compiled: Cell::new(None), components: false })
    }

    /// The same, with every plugin called as a component.
    pub(crate) fn of_components(compiler: Compiler) -> Result<Self, AuthorError> {
        Ok(Self { components: true, ..Self::new(compiler)? })
    }

    /// How long compiling took, whatever became of it afterwards; none if nothing was compiled yet.
    pub(crate) fn compiled(&self) -> Option<Duration> {
        self.compiled.get()
    }

    /// Puts a plugin to work. The inner error is the plugin's.
    pub(crate) fn start(
        &self,
        plugin: &InspectedComponent,
        bind: &Bind,
    ) -> Result<Result<Harness, LoadError>, AuthorError> {
        let ground = |e: std::io::Error| AuthorError::Ground(e.to_string());
        let name = plugin.name();
        let folder = self.folder.path().join("plugins");
        fs::create_dir_all(&folder).map_err(ground)?;
        // A folder of its own: what lies beside the file must not apply.
        fs::write(folder.join(format!("{name}.wasm")), &plugin.wasm).map_err(ground)?;
        let config = self.config(&name, bind)?;
        let cache =
            Cache::open(&self.folder.path().join("compiled")).map_err(|e| AuthorError::Ground(e.to_string()))?;
        let mut library = Library::with_compiler(Arc::clone(&self.sandbox), Some(cache), self.compiler);
        let mut compile = Duration::ZERO;
        let begin = Instant::now();
        let (chains, problems) = self.runtime.block_on(library.build(&config, &mut |event| {
            if let LibraryEvent::Compiled { took, .. } = event {
                compile = took;
                self.compiled.set(Some(took));
            }
        }));
        if let Some(problem) = problems.into_iter().next() {
            return Ok(Err(problem.error));
        }
        let start = begin.elapsed().saturating_sub(compile);
        Ok(Ok(Harness { worker: SandboxWorker::new(), chains, tenant: bind.tenant.clone(), start }))
    }

    fn config(&self, name: &str, bind: &Bind) -> Result<Config, AuthorError> {
        let file = self.folder.path().join("weir.toml");
        let text = format!("{BARE}{name}\"\n");
        let loaded = weir_config::parse(&text, &file, &|_| None, &Overrides::default());
        let mut config = loaded.map_err(|problems| AuthorError::Ground(problems.to_string()))?.config;
        for tenant in &mut config.tenants {
            tenant.name.clone_from(&bind.tenant);
        }
        config.plugins.direct = !self.components;
        for binding in &mut config.plugins.chain {
            binding.settings.config = bind.settings.clone();
            binding.settings.grants.clone_from(&bind.grants);
            binding.settings.isolation = bind.isolation;
        }
        Ok(config)
    }
}

impl Harness {
    /// The chain of the tenant.
    pub(crate) fn chain(&self) -> Result<&Chain, AuthorError> {
        let chain = self.chains.of(&self.tenant).map(|chain| &**chain);
        chain.ok_or_else(|| AuthorError::Ground("the tenant has no chain".to_owned()))
    }

    /// The plugin as it is bound to the tenant.
    pub(crate) fn bound(&self, hook: weir_sandbox::HookKind) -> Result<Option<&Arc<Bound>>, AuthorError> {
        Ok(self.chain()?.at(hook).first())
    }
}

/// That a plugin does not load, with what it said meanwhile.
pub(crate) fn load_error(path: &Path, error: LoadError, said: &[LogLine]) -> AuthorError {
    AuthorError::Load { path: path.to_owned(), error, said: logs::below(said) }
}
