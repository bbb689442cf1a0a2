//! From a file's bytes to compiled code: kept, from the cache, or compiled now, while everything else goes on.

use super::{Library, LibraryEvent};
use crate::abi::core::DirectCode;
use crate::compile::{CompileJob, CompileOutcome, NativeCode, Progress, check};
use crate::error::LoadError;
use crate::plugin::Code;
use crate::source::PluginSource;
use std::sync::Arc;
use std::time::Instant;
use weir_component::{Direct, Indirect};
use weir_config::file::{FileBytes, FileSpot};
use weir_config::{CompileLimits, Plugins};

/// What is known of a file before it is compiled: its parts, if it can be called without the component layer.
type Parts = Result<Direct, Indirect>;

impl Library {
    /// Says again what is wrong with a file that did not compile within these bounds.
    ///
    /// # Errors
    /// If it is one.
    pub(super) fn known_bad(&mut self, hash: blake3::Hash, limits: &CompileLimits) -> Result<(), LoadError> {
        let known = self.bad.get(&(hash, limits.clone())).cloned();
        known.map_or(Ok(()), |error| {
            self.wanted.insert(hash);
            Err(error)
        })
    }

    /// Compiled code: kept, from the cache, or what was compiled since it was asked for first.
    ///
    /// # Errors
    /// [`LoadError::Compiling`] until then.
    pub(super) async fn code(
        &mut self,
        (source, spot): (&PluginSource, FileSpot),
        hash: blake3::Hash,
        wasm: FileBytes,
        plugins: &Plugins,
        note: &mut dyn FnMut(LibraryEvent),
    ) -> Result<Arc<Code>, LoadError> {
        self.wanted.insert(hash);
        if let Some(code) = self.codes.get(&hash) {
            return Ok(Arc::clone(code));
        }
        let limits = &plugins.compile;
        let (start, bytes, bounds, wasm) = (Instant::now(), wasm.len(), limits.clone(), Arc::new(wasm));
        let counted = aside(&wasm, move |wasm| check(wasm, &bounds)).await?;
        counted.inspect_err(|e| self.remember_bad(hash, limits, e))?;
        let owner = source.tenant().map(Arc::from);
        let job = CompileJob { hash, spot, owner, limits: limits.clone() };
        let mut begin = || note(LibraryEvent::Compiling { source: source.clone(), bytes });
        let kept = self.cache.as_ref().and_then(|cache| cache.get(&hash, self.sandbox.settings_hash()));
        // Before its parts are taken out: until it is compiled nobody needs them, and a file may be long.
        let done = if kept.is_none() { Some(self.ended(job.clone(), &mut begin)?) } else { None };
        let parts = aside(&wasm, Direct::of).await?;
        if let Err(why) = &parts {
            tracing::debug!(plugin = source.name(), %why, "called as a component");
        }
        if let Some(code) = kept.and_then(|component| self.cached(component, &hash, &parts)) {
            note(LibraryEvent::Cached { source: source.clone(), took: start.elapsed() });
            return self.take(hash, limits, code);
        }
        let done = match done {
            Some(done) => done,
            None => self.ended(job, &mut begin)?,
        };
        let made = done.made?;
        let direct = made.direct.as_ref().map(|(guest, driver)| (guest.as_slice(), driver.as_slice()));
        let code = self.load(&made.component, direct, &parts)?;
        self.keep(&hash, &made, &parts);
        note(LibraryEvent::Compiled { source: source.clone(), took: done.took });
        self.take(hash, limits, code)
    }

    /// What came of compiling a plugin within its bounds; `begin` is called when that begins.
    fn ended(&mut self, job: CompileJob, begin: &mut dyn FnMut()) -> Result<CompileOutcome, LoadError> {
        loop {
            match self.compiles.want(job.clone()) {
                Progress::Pending { begun: false } => return Err(LoadError::Compiling),
                Progress::Pending { begun: true } => {
                    self.begun = true;
                    begin();
                    return Err(LoadError::Compiling);
                }
                Progress::Done(done) => {
                    done.made.as_ref().err().iter().for_each(|e| self.remember_bad(job.hash, &done.limits, e));
                    // What did not do within other bounds may do within those that are meant now.
                    if done.made.is_ok() || done.limits == job.limits {
                        return Ok(done);
                    }
                }
            }
        }
    }

    fn take(&mut self, hash: blake3::Hash, within: &CompileLimits, loaded: Loaded) -> Result<Arc<Code>, LoadError> {
        let (component, direct) = loaded;
        let code = Code::new(hash, component, direct, &self.sandbox);
        let code = code.inspect_err(|e| self.remember_bad(hash, within, e))?;
        let code = Arc::new(code);
        self.codes.insert(hash, Arc::clone(&code));
        Ok(code)
    }

    /// The code of a file, which is in the cache, and of its parts, if they are there, too.
    fn cached(&self, component: FileBytes, hash: &blake3::Hash, parts: &Parts) -> Option<Loaded> {
        let cache = self.cache.as_ref()?;
        let settings = self.sandbox.settings_hash();
        let direct = match parts {
            Ok(parts) => {
                // The module is of this file alone, and kept as a part of it; others have the same driver.
                let guest = cache.get_part((hash, &blake3::hash(&parts.guest)), settings)?;
                Some((guest, cache.get(&blake3::hash(&parts.driver), settings)?))
            }
            Err(_) => None,
        };
        let direct = direct.as_ref().map(|(guest, driver): &(FileBytes, FileBytes)| (&**guest, &**driver));
        self.load(&component, direct, parts).ok()
    }

    /// Makes machine code of this process of what was compiled: the component, and its module and the driver of that.
    fn load(&self, component: &[u8], direct: Option<(&[u8], &[u8])>, parts: &Parts) -> Result<Loaded, LoadError> {
        let component = self.sandbox.load(component)?;
        let direct = match (parts, direct) {
            (Ok(parts), Some((guest, driver))) => Some(DirectCode {
                guest: self.sandbox.load_module(guest)?,
                driver: self.sandbox.load_module(driver)?,
                imports: parts.imports.clone(),
                table: parts.table.clone(),
            }),
            (Err(_), None) => None,
            (Ok(_), None) | (Err(_), Some(_)) => {
                return Err(LoadError::Cache("what was compiled is not what was asked for".to_owned()));
            }
        };
        Ok((component, direct))
    }

    fn remember_bad(&mut self, hash: blake3::Hash, within: &CompileLimits, error: &LoadError) {
        if !error.is_verdict() {
            return;
        }
        // Bounded: a folder that is written to a thousand times must not grow this for ever.
        if self.bad.len() >= 256 {
            self.bad.clear();
        }
        self.bad.insert((hash, within.clone()), error.clone());
    }

    fn keep(&self, hash: &blake3::Hash, made: &NativeCode, parts: &Parts) {
        let Some(cache) = &self.cache else { return };
        let settings = self.sandbox.settings_hash();
        let put = || {
            cache.put(hash, settings, &made.component)?;
            let (Ok(parts), Some((guest, driver))) = (parts, &made.direct) else { return Ok(()) };
            cache.put_part((hash, &blake3::hash(&parts.guest)), settings, guest)?;
            cache.put(&blake3::hash(&parts.driver), settings, driver)
        };
        let kept: std::io::Result<()> = put();
        if let Err(why) = kept {
            tracing::warn!(%why, "compiled code is not kept: the next start compiles again");
        }
    }
}

/// Has something found out of a file on a thread where nothing else waits for it.
async fn aside<T: Send + 'static>(
    wasm: &Arc<FileBytes>,
    what: impl FnOnce(&[u8]) -> T + Send + 'static,
) -> Result<T, LoadError> {
    let wasm = Arc::clone(wasm);
    tokio::task::spawn_blocking(move || what(&wasm)).await.map_err(|e| LoadError::Compiler(e.to_string()))
}

/// Code that can run: the component, and its parts if it can be called directly.
type Loaded = (wasmtime::component::Component, Option<DirectCode>);
