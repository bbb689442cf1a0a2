//! Guests that were compiled, one beside the other for each way of calling it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use tokio::runtime::{Builder, Runtime};
use weir_config::{Config, Overrides};
use weir_sandbox::{Chain, Library, Sandbox};

use super::calls::{CallInput, told};

/// Guests that are compiled in one process; inputs that want others are of no use to the search any more.
const MOST: usize = 32;

/// Directly, and as a component: each has stores of its own.
const WAYS: [bool; 2] = [true, false];

/// What was compiled so far.
pub(super) struct CompiledGuests {
    runtime: Runtime,
    sandboxes: [Arc<Sandbox>; 2],
    made: HashMap<Vec<u8>, [Result<CompiledGuest, String>; 2]>,
}

/// A guest that can be called in one of the ways.
struct CompiledGuest {
    chain: Arc<Chain>,
    /// What it was compiled by, which has a say in what serves.
    _library: Library,
}

impl CompiledGuests {
    pub(super) fn new() -> Self {
        let runtime = Builder::new_current_thread().enable_time().build().expect("a runtime");
        let sandboxes = [Sandbox::new().expect("a sandbox"), Sandbox::new().expect("a sandbox")];
        Self { runtime, sandboxes, made: HashMap::new() }
    }

    /// What is told of a component in each way: what becomes of the calls, or why it does not load.
    pub(super) fn told(&mut self, component: &[u8], input: &CallInput) -> Option<[String; 2]> {
        let Self { runtime, sandboxes, made } = self;
        if !made.contains_key(component) {
            if made.len() == MOST {
                return None;
            }
            let made_now = [0, 1].map(|way| runtime.block_on(compiled(&sandboxes[way], component, WAYS[way])));
            made.insert(component.to_vec(), made_now);
        }
        let guests = made.get(component)?;
        let told = |guest: &Result<CompiledGuest, String>| match guest {
            Ok(guest) => runtime.block_on(told(&guest.chain, input)),
            Err(why) => why.clone(),
        };
        Some([told(&guests[0]), told(&guests[1])])
    }
}

async fn compiled(sandbox: &Arc<Sandbox>, component: &[u8], direct: bool) -> Result<CompiledGuest, String> {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("it.wasm"), component).expect("a file");
    let mut library = Library::new(Arc::clone(sandbox), None);
    let (chains, problems) = library.build(&config(folder.path(), direct), &mut |_| {}).await;
    match problems.first() {
        Some(problem) => Err(problem.error.to_string()),
        None => Ok(CompiledGuest { chain: Arc::clone(chains.of("acme").expect("a chain")), _library: library }),
    }
}

/// Nothing in it depends on the time: neither budget nor quarantine nor deadline is ever met.
fn config(folder: &Path, direct: bool) -> Config {
    let text = format!(
        "[providers.demo]\nkind = \"demo\"\n[models.m]\ntargets = [\"demo/m\"]\n[tenants.acme]\nmodels = [\"*\"]\n\
         [plugins]\nfolder = \"{}\"\ndirect = {direct}\n[[plugins.chain]]\nplugin = \"it\"\nconfig = {{ a = \"ä\" }}\n\
         grants = [\"kv\", \"log\", \"counters\"]\n\
         limits = {{ deadline = \"60s\", memory = \"1MiB\", faults = 0, cpu = \"1000s\", cpu_burst = \"3600s\", wait = \"60s\" }}\n",
        folder.display()
    );
    let loaded = weir_config::parse(&text, Path::new("weir.toml"), &|_| None, &Overrides::default());
    loaded.unwrap_or_else(|problems| panic!("{problems}")).config
}
