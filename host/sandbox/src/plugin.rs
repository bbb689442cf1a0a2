//! A plugin ready to serve: compiled code, checked against the contract, with the operator's settings.

use crate::abi::core::{DirectCode, DirectPre};
use crate::bounds::plugin_quota::{PluginQuota, QuotaState};
use crate::capabilities::Capabilities;
use crate::engine::Sandbox;
use crate::error::LoadError;
use crate::guest_state::{GuestState, NewGuest};
use crate::hook::{HookKind, INIT};
use crate::meter::PluginCounters;
use crate::meter::tally::VersionTally;
use crate::reason::reason;
use crate::signature::PublicKey;
use crate::source;
use crate::trust::Trust;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre};
use weir_component::contract::HostInterface;
use weir_config::{Grant, Isolation, OnFailure, PluginSettings};

/// Compiled code of one file, without settings.
#[derive(Debug)]
pub(crate) struct Code {
    /// BLAKE3 of the file.
    pub(crate) hash: blake3::Hash,
    component: Component,
    /// Places that an instance takes among all.
    places: usize,
    /// The same as core modules, if it can be called without the component layer.
    direct: Option<DirectCode>,
    exports: Exports,
    imports: Vec<String>,
}

/// Where a component's hooks are.
#[derive(Debug)]
pub(crate) struct Exports {
    pub(crate) init: Option<ComponentExportIndex>,
    pub(crate) hooks: [Option<ComponentExportIndex>; HookKind::ALL.len()],
}

impl Code {
    pub(crate) fn new(
        hash: blake3::Hash,
        component: Component,
        direct: Option<DirectCode>,
        sandbox: &Sandbox,
    ) -> Result<Self, LoadError> {
        let find = |(interface, function): (&str, &str)| {
            let interface = component.get_export_index(None, interface)?;
            component.get_export_index(Some(&interface), function)
        };
        let exports = Exports { init: find(INIT), hooks: HookKind::ALL.map(|hook| find(hook.export())) };
        if exports.hooks.iter().all(Option::is_none) {
            return Err(LoadError::NoHook);
        }
        let ty = component.component_type();
        let imports = ty.imports(sandbox.engine()).map(|(name, _)| name.to_owned()).collect();
        let places = Sandbox::places_of(&component);
        Ok(Self { hash, component, places, direct, exports, imports })
    }

    /// Refuses what is imported but not granted, before the linker does with a text for engine developers.
    fn check_grants(&self, grants: &[Grant]) -> Result<(), LoadError> {
        let mut missing = Vec::new();
        for import in &self.imports {
            let bare = import.split('@').next().unwrap_or_default();
            let name = bare.strip_prefix("weir:plugin/").unwrap_or_default();
            if let Some((grant, needed)) = Grant::ALL.into_iter().find(|(grant, _)| *grant == name) {
                if !grants.contains(&needed) {
                    missing.push((import.as_str(), grant));
                }
                continue;
            }
            // An exported interface's own types may show as an import; they carry no function.
            if !HostInterface::is_lent(name) && !HookKind::ALL.iter().any(|hook| hook.export().0.starts_with(bare)) {
                return Err(LoadError::UnknownImport { import: import.clone() });
            }
        }
        if missing.is_empty() { Ok(()) } else { Err(LoadError::not_granted(&missing)) }
    }
}

/// Code that is called directly, joined to what is granted.
pub(crate) type DirectLink<'a> = (&'a DirectCode, &'a DirectPre);

/// A plugin with its settings. Two bindings of one file with other settings are two of these; they share the code.
pub struct LoadedPlugin {
    id: u64,
    name: Arc<str>,
    code: Arc<Code>,
    pre: InstancePre<GuestState>,
    /// Whether it may be called without the component layer.
    may_be_direct: bool,
    direct: Option<DirectPre>,
    settings: PluginSettings,
    powers: Arc<Capabilities>,
    config: String,
    /// Bytes of memory that an instance has once it has begun.
    needs: AtomicUsize,
    /// How it stands with each tenant, for as long as this version serves.
    standings: Mutex<BTreeMap<Arc<str>, Arc<PluginQuota>>>,
    tally: VersionTally,
    /// Those who were trusted and vouched for it.
    signers: Mutex<Vec<PublicKey>>,
    /// Whether none of them may any more.
    revoked: AtomicBool,
}

impl std::fmt::Debug for LoadedPlugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

static NEXT: AtomicU64 = AtomicU64::new(1);

impl LoadedPlugin {
    /// Checks grants and links; does not run anything of the guest's yet.
    pub(crate) fn new(
        sandbox: &Sandbox,
        name: Arc<str>,
        code: Arc<Code>,
        settings: PluginSettings,
        may_be_direct: bool,
    ) -> Result<Self, LoadError> {
        code.check_grants(&settings.grants)?;
        let linker = sandbox.linker(&settings.grants)?;
        let pre = linker.instantiate_pre(&code.component).map_err(|e| LoadError::Contract(reason(&e)))?;
        let join = |direct: &DirectCode| direct.link(sandbox.direct_linker(&settings.grants)?);
        let direct = code.direct.as_ref().filter(|_| may_be_direct).map(join).transpose()?;
        let powers = Arc::new(Capabilities::new(&settings, sandbox.egress())?);
        let config = settings.config.to_string();
        Ok(Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            name,
            code,
            pre,
            may_be_direct,
            direct,
            settings,
            powers,
            config,
            needs: AtomicUsize::new(0),
            standings: Mutex::default(),
            tally: VersionTally::default(),
            signers: Mutex::default(),
            revoked: AtomicBool::new(false),
        })
    }

    /// The name of its binding: the file's without `.wasm`, with the folders that it lies in, and of a file that the chain
    /// names more than once with a number from the second binding on. Figures, notes and values are kept under it.
    #[must_use]
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its file, below the plugin folder.
    #[must_use]
    pub fn file(&self) -> String {
        format!("{}.wasm", source::file_of(&self.name))
    }

    /// Whether it lies in a folder of one tenant's own.
    pub(crate) fn is_tenants_own(&self) -> bool {
        source::is_tenants_own(&self.name)
    }

    /// BLAKE3 of its file, in hexadecimal.
    #[must_use]
    pub fn hash(&self) -> String {
        self.code.hash.to_hex().to_string()
    }

    /// Its hooks, in journey order.
    pub fn hooks(&self) -> impl Iterator<Item = HookKind> + '_ {
        HookKind::ALL.into_iter().filter(|hook| self.has(*hook))
    }

    /// Whether it exports a hook.
    #[must_use]
    pub fn has(&self, hook: HookKind) -> bool {
        self.code.exports.hooks.get(hook as usize).is_some_and(Option::is_some)
    }

    /// The hook of answers that it has, and the one that it has not, if it guards the one form of them and not the other:
    /// whole answers or streams. One that requests may go on without guards nothing.
    #[must_use]
    pub fn half_of_answers(&self) -> Option<(HookKind, HookKind)> {
        match (self.has(HookKind::Response), self.has(HookKind::Event)) {
            _ if self.open() => None,
            (true, false) => Some((HookKind::Response, HookKind::Event)),
            (false, true) => Some((HookKind::Event, HookKind::Response)),
            (true, true) | (false, false) => None,
        }
    }

    /// The operator's settings.
    #[must_use]
    pub fn settings(&self) -> &PluginSettings {
        &self.settings
    }

    /// Distinguishes this plugin with these settings from every other in the life of the process.
    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn code(&self) -> &Arc<Code> {
        &self.code
    }

    /// Places that an instance takes among all.
    pub(crate) fn places(&self) -> usize {
        self.code.places
    }

    /// Bytes of memory that an instance has once it has begun, as far as one was tried out.
    pub(crate) fn needs(&self) -> usize {
        self.needs.load(Ordering::Relaxed)
    }

    /// One that was tried out has so many.
    pub(crate) fn needed(&self, bytes: usize) {
        self.needs.fetch_max(bytes, Ordering::Relaxed);
    }

    pub(crate) fn exports(&self) -> &Exports {
        &self.code.exports
    }

    pub(crate) fn pre(&self) -> &InstancePre<GuestState> {
        &self.pre
    }

    /// Whether the operator lets it be called without the component layer.
    pub(crate) fn may_be_direct(&self) -> bool {
        self.may_be_direct
    }

    /// How it is called without the component layer, if it can be.
    pub(crate) fn direct(&self) -> Option<DirectLink<'_>> {
        self.code.direct.as_ref().zip(self.direct.as_ref())
    }

    /// What the state of a new instance is made of.
    pub(crate) fn new_guest(&self) -> NewGuest<'_> {
        NewGuest { plugin: self.name(), id: self.id(), memory: self.settings().limits.memory, powers: self.powers() }
    }

    pub(crate) fn powers(&self) -> &Arc<Capabilities> {
        &self.powers
    }

    /// Its own table in the configuration, as JSON text.
    pub(crate) fn config(&self) -> &str {
        &self.config
    }

    pub(crate) fn isolation(&self) -> Isolation {
        self.settings.isolation
    }

    /// How it stands with a tenant. Not for the hot path: keep the answer.
    pub(crate) fn standing(&self, tenant: &Arc<str>, counters: &Arc<PluginCounters>) -> Arc<PluginQuota> {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        let standing = standings.entry(Arc::clone(tenant));
        let new = || Arc::new(PluginQuota::new(&self.name, tenant, counters, &self.settings.limits));
        Arc::clone(standing.or_insert_with(new))
    }

    /// Forgets how it stands with tenants who are not `needed` any more, and for whom nothing of it is bound.
    pub fn forget_standings(&self, needed: impl Fn(&str) -> bool) {
        let mut standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
        standings.retain(|tenant, standing| needed(tenant) || Arc::strong_count(standing) > 1);
    }

    pub(crate) fn tally(&self) -> &VersionTally {
        &self.tally
    }

    /// Shows how it stands with each tenant who has asked for something since it serves.
    pub fn each_standing(&self, mut see: impl FnMut(&str, QuotaState)) {
        let now = Instant::now();
        // A tenant's first request needs the lock, so it is not held while anybody looks.
        let standings: Vec<_> = {
            let standings = self.standings.lock().unwrap_or_else(PoisonError::into_inner);
            standings.iter().map(|(tenant, standing)| (Arc::clone(tenant), Arc::clone(standing))).collect()
        };
        standings.iter().for_each(|(tenant, standing)| see(tenant, standing.state(now)));
    }

    /// Those who vouch for it are these now.
    pub(crate) fn signed_by(&self, signers: Vec<PublicKey>) {
        *self.signers.lock().unwrap_or_else(PoisonError::into_inner) = signers;
    }

    /// Those who were trusted and vouched for it; none if nobody needed to.
    pub(crate) fn signers(&self) -> Vec<PublicKey> {
        self.signers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// It is called from now on if those who vouched for it are trusted, and not if they are not. Answers whether it was
    /// called until now and is not any more.
    pub(crate) fn judge(&self, trust: &Trust) -> bool {
        let revoked = !trust.admits(&self.signers());
        !self.revoked.swap(revoked, Ordering::Relaxed) && revoked
    }

    /// Whether nobody who is trusted vouches for it any more.
    pub(crate) fn is_revoked(&self) -> bool {
        self.revoked.load(Ordering::Relaxed)
    }

    /// Whether requests go on without it when it faults.
    pub(crate) fn open(&self) -> bool {
        self.settings.on_failure == OnFailure::Open
    }
}
