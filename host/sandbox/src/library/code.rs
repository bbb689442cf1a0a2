//! From a file's bytes to compiled code: kept, from the cache, or made now.

use super::{Event, Library};
use crate::cache::Cache;
use crate::direct::DirectCode;
use crate::error::LoadError;
use crate::plugin::Code;
use crate::source::Source;
use std::sync::Arc;
use std::time::Instant;
use wasmtime::Module;
use weir_component::Direct;

impl Library {
    /// Compiled code: kept, from the cache, or made now.
    pub(super) async fn code(
        &mut self,
        source: &Source,
        hash: blake3::Hash,
        wasm: Vec<u8>,
        note: &mut dyn FnMut(Event),
    ) -> Result<Arc<Code>, LoadError> {
        if let Some(code) = self.codes.get(&hash) {
            return Ok(Arc::clone(code));
        }
        if let Some(error) = self.bad.get(&hash) {
            return Err(error.clone());
        }
        let (wasm, start) = (Arc::new(wasm), Instant::now());
        let bytes = wasm.len();
        let mut begun = false;
        let mut begin = || {
            if !std::mem::replace(&mut begun, true) {
                note(Event::Compiling { source: source.clone(), bytes });
            }
        };
        let cached = self.cache.as_ref().and_then(|c| c.get(&hash, self.sandbox.settings_hash()));
        let component = match cached.and_then(|code| self.sandbox.load(&code).ok()) {
            Some(component) => component,
            None => {
                begin();
                let (sandbox, wasm) = (Arc::clone(&self.sandbox), Arc::clone(&wasm));
                let compiled = tokio::task::spawn_blocking(move || sandbox.compile(&wasm)).await;
                let compiled = compiled.map_err(|e| LoadError::Compile(e.to_string())).flatten();
                let compiled = compiled.inspect_err(|e| self.remember_bad(hash, e))?;
                self.keep(|cache| cache.put(&hash, self.sandbox.settings_hash(), &compiled));
                self.sandbox.load(&compiled)?
            }
        };
        let direct = self.direct(source, (&hash, wasm), &mut begin).await?;
        let took = start.elapsed();
        note(match begun {
            true => Event::Compiled { source: source.clone(), took },
            false => Event::Cached { source: source.clone(), took },
        });
        let code = Code::new(hash, component, direct, &self.sandbox).inspect_err(|e| self.remember_bad(hash, e))?;
        let code = Arc::new(code);
        self.codes.insert(hash, Arc::clone(&code));
        Ok(code)
    }

    /// The plugin's core modules, if it can be called without the component layer.
    async fn direct(
        &self,
        source: &Source,
        (file, wasm): (&blake3::Hash, Arc<Vec<u8>>),
        begin: &mut impl FnMut(),
    ) -> Result<Option<DirectCode>, LoadError> {
        let apart = tokio::task::spawn_blocking(move || Direct::of(&wasm)).await;
        let parts = match apart.map_err(|e| LoadError::Compile(e.to_string()))? {
            Ok(parts) => parts,
            Err(why) => {
                tracing::debug!(plugin = source.name(), %why, "called as a component");
                return Ok(None);
            }
        };
        let guest = self.module(Some(file), parts.guest, begin).await?;
        let driver = self.module(None, parts.driver, begin).await?;
        Ok(Some(DirectCode { guest, driver, imports: parts.imports, table: parts.table }))
    }

    /// A compiled core module, from the cache or made now. One that is of a file alone is kept as a part of it; others have
    /// the same drivers.
    async fn module(
        &self,
        file: Option<&blake3::Hash>,
        wasm: Vec<u8>,
        begin: &mut impl FnMut(),
    ) -> Result<Module, LoadError> {
        let hash = blake3::hash(&wasm);
        let settings = self.sandbox.settings_hash();
        let cached = self.cache.as_ref().and_then(|cache| match file {
            Some(file) => cache.get_part((file, &hash), settings),
            None => cache.get(&hash, settings),
        });
        if let Some(module) = cached.and_then(|code| self.sandbox.load_module(&code).ok()) {
            return Ok(module);
        }
        begin();
        let sandbox = Arc::clone(&self.sandbox);
        let compiled = tokio::task::spawn_blocking(move || sandbox.compile_module(&wasm)).await;
        let compiled = compiled.map_err(|e| LoadError::Compile(e.to_string())).flatten()?;
        self.keep(|cache| match file {
            Some(file) => cache.put_part((file, &hash), settings, &compiled),
            None => cache.put(&hash, settings, &compiled),
        });
        self.sandbox.load_module(&compiled)
    }

    fn remember_bad(&mut self, hash: blake3::Hash, error: &LoadError) {
        // Bounded: a folder that is written to a thousand times must not grow this for ever.
        if self.bad.len() >= 256 {
            self.bad.clear();
        }
        self.bad.insert(hash, error.clone());
    }

    fn keep(&self, put: impl FnOnce(&Cache) -> std::io::Result<()>) {
        if let Some(cache) = &self.cache
            && let Err(why) = put(cache)
        {
            tracing::warn!(%why, "compiled code is not kept: the next start compiles again");
        }
    }
}
