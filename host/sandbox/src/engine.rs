//! The wasmtime engine, configured once, and what every thread shares of the sandbox.

use crate::bounds::instances::Shares;
use crate::bounds::log_and_kv::Quotas;
use crate::bounds::machine;
use crate::callout_client::CalloutOpener;
use crate::compile::CompileStats;
use crate::compiled;
use crate::error::LoadError;
use crate::guest_state::GuestState;
use crate::host::{LinkTarget, link};
use crate::kv::Stores;
use crate::meter::Meter;
use crate::reason::reason;
use crate::tenant::TenantNames;
use std::borrow::Cow;
use std::collections::hash_map::DefaultHasher;
use std::future::Future;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, Module, OperatorCost, OptLevel, PoolingAllocationConfig,
};
use weir_component::PREPARED;
use weir_config::{Grant, PluginShares};

/// Largest plugin file that is compiled. Python components reach 20 MB; beyond this a file is a mistake or an attack.
pub(crate) const FILE_LIMIT: u64 = 64 << 20;
/// Memories of all instances together, as many as the machine has address space for: each takes some 4 GiB of it, and
/// nothing else until it is used.
const MEMORIES: [u32; 3] = [8_000, 2_000, 400];
/// Memories, core modules and tables that one instance may have. There is room for as many of each as all instances may
/// have together, so that it is places for instances alone that can be short, and these are shared out ([`Shares`]); one
/// with more tables than a place has takes several.
const MEMORIES_OF_ONE: u32 = 4;
const MODULES_OF_ONE: u32 = 100;
const TABLES_OF_ONE: u32 = 50;
const TABLES_OF_A_PLACE: u32 = 8;
/// Instances beside those that are shared out: they are tried out before their plugin serves, or are just going.
const BESIDE: u32 = 32;
/// Bytes of linear memory that stay for the next instance once one has ended, of pages that were written to. They stay for
/// good, for each place that was ever taken, so this is as much as a usual plugin writes to in a call and no more. Where the
/// system cannot tell which pages those are (before Linux 6.7) none stay: it would be the first ones, written to or not, and
/// of these so many that a thousand places would keep gigabytes.
const RESIDENT: usize = 64 << 10;
/// The same of a table, and of the stack; what a deep recursion has touched of a stack goes back to the system.
const TABLE_RESIDENT: usize = 16 << 10;
const STACK_RESIDENT: usize = 16 << 10;
/// Most linear memory that any limit in the configuration can give one plugin instance.
pub(crate) const MEMORY_CEILING: usize = 1 << 30;

/// The engine with everything that is shared by all threads: linkers, meter, tenants' numbers.
pub struct Sandbox {
    engine: Engine,
    pooling: bool,
    meter: Meter,
    tenants: TenantNames,
    stores: Arc<Stores>,
    quotas: Quotas,
    shares: Arc<Shares>,
    compiles: CompileStats,
    settings_hash: u64,
    egress: Option<Arc<dyn CalloutOpener>>,
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("pooling", &self.pooling).finish_non_exhaustive()
    }
}

impl Sandbox {
    /// Builds the engine. Instances come from the pooling allocator if this machine has the address space for it,
    /// else from the on-demand one; [`Sandbox::pooling`] tells which.
    ///
    /// # Errors
    /// What wasmtime says if not even the on-demand engine can be built.
    pub fn new() -> Result<Arc<Self>, LoadError> {
        Self::build(None)
    }

    /// The same with a way out for plugins that were granted callouts; without one these are denied.
    ///
    /// # Errors
    /// As [`Sandbox::new`].
    pub fn with_egress(egress: Arc<dyn CalloutOpener>) -> Result<Arc<Self>, LoadError> {
        Self::build(Some(egress))
    }

    fn build(egress: Option<Arc<dyn CalloutOpener>>) -> Result<Arc<Self>, LoadError> {
        let pooled = MEMORIES.into_iter().find_map(|count| Some((Engine::new(&config(Some(count))).ok()?, count)));
        let pooling = pooled.is_some();
        let (engine, memories) = match pooled {
            Some(pooled) => pooled,
            None => {
                tracing::warn!("no address space for the pooling allocator: instances will cost more");
                let engine = Engine::new(&config(None)).map_err(|e| LoadError::Compile(reason(&e)))?;
                (engine, MEMORIES.into_iter().max().unwrap_or_default())
            }
        };
        let room = (memories / MEMORIES_OF_ONE).saturating_sub(BESIDE);
        let shares = Shares::new(usize::try_from(room).unwrap_or(usize::MAX), machine::usual());
        let settings_hash = settings_hash(&engine);
        let (meter, tenants, stores) = (Meter::default(), TenantNames::default(), Arc::default());
        let (quotas, compiles) = (Quotas::default(), CompileStats::default());
        Ok(Arc::new(Self { engine, pooling, meter, tenants, stores, quotas, shares, compiles, settings_hash, egress }))
    }

    /// Whether instances come from the pooling allocator.
    #[must_use]
    pub fn pooling(&self) -> bool {
        self.pooling
    }

    /// What calls have cost so far.
    #[must_use]
    pub fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The numbers of tenants.
    #[must_use]
    pub fn tenants(&self) -> &TenantNames {
        &self.tenants
    }

    /// How compiling plugins went so far.
    #[must_use]
    pub fn compiles(&self) -> &CompileStats {
        &self.compiles
    }

    /// Changes how many instances there may be, and each tenant's share. Those that are there stay, also past lower bounds.
    pub fn set_shares(&self, shares: &PluginShares) {
        self.shares.set(shares);
    }

    /// Instances alive, how many there may be on this machine, and bytes of their linear memory and tables.
    #[must_use]
    pub fn instances(&self) -> (usize, usize, usize) {
        self.shares.figures()
    }

    /// Bytes of memory that all instances may have together, and bytes that those that have ended have left for the next ones,
    /// stacks included. Takes locks: for a scrape.
    #[must_use]
    pub fn memory(&self) -> (usize, usize) {
        let kept = self.engine.pooling_allocator_metrics().map_or(0, |pool| {
            let stacks = pool.unused_stack_bytes_resident().unwrap_or_default();
            pool.unused_memory_bytes_resident() + pool.unused_table_bytes_resident() + stacks
        });
        (self.shares.memory(), kept)
    }

    /// Ends when somebody is short of places that idle instances may have: each worker then has to
    /// [give up](crate::SandboxWorker::give_up) some.
    pub fn pressed(&self) -> impl Future<Output = ()> + '_ {
        self.shares.pressed()
    }

    /// Places that an instance of a component takes.
    pub(crate) fn places_of(component: &Component) -> usize {
        let tables = component.resources_required().map_or(TABLES_OF_ONE, |needed| needed.num_tables);
        usize::try_from(tables.div_ceil(TABLES_OF_A_PLACE).max(1)).unwrap_or(usize::MAX)
    }

    pub(crate) fn shares(&self) -> &Arc<Shares> {
        &self.shares
    }

    pub(crate) fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }

    pub(crate) fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    pub(crate) fn egress(&self) -> Option<&Arc<dyn CalloutOpener>> {
        self.egress.as_ref()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Changes whenever compiled code of another engine, version or setting would not fit this one.
    pub(crate) fn settings_hash(&self) -> u64 {
        self.settings_hash
    }

    /// Loads what [`compile_module`] made.
    pub(crate) fn load_module(&self, code: &[u8]) -> Result<Module, LoadError> {
        compiled::load_module(&self.engine, code).map_err(|e| LoadError::Cache(reason(&e)))
    }

    /// Loads what [`compile_component`] made.
    pub(crate) fn load(&self, code: &[u8]) -> Result<Component, LoadError> {
        compiled::load(&self.engine, code).map_err(|e| LoadError::Cache(reason(&e)))
    }

    /// A linker with the lent data and the granted capabilities, and nothing else.
    pub(crate) fn linker(&self, grants: &[Grant]) -> Result<Linker<GuestState>, LoadError> {
        let mut linker = Linker::new(&self.engine);
        link(LinkTarget::Component(&mut linker), grants).map_err(|e| LoadError::Contract(reason(&e)))?;
        Ok(linker)
    }

    /// The same for core modules.
    pub(crate) fn direct_linker(&self, grants: &[Grant]) -> Result<wasmtime::Linker<GuestState>, LoadError> {
        let mut linker = wasmtime::Linker::new(&self.engine);
        link(LinkTarget::Direct(&mut linker), grants).map_err(|e| LoadError::Contract(reason(&e)))?;
        Ok(linker)
    }
}

/// What is compiled in place of a file's bytes: the same, and nothing in it that a guest could not be interrupted in.
fn prepare(wasm: &[u8]) -> Result<Cow<'_, [u8]>, LoadError> {
    weir_component::prepare(wasm).map_err(|e| LoadError::Compile(e.to_string()))
}

/// An engine that compiles for those that run, and runs nothing: it keeps no room for instances. With it what
/// [`Sandbox::settings_hash`] is of such an engine.
pub(crate) fn compiler() -> Result<(Engine, u64), LoadError> {
    let engine = Engine::new(&config(None)).map_err(|e| LoadError::Compile(reason(&e)))?;
    let settings = settings_hash(&engine);
    Ok((engine, settings))
}

fn settings_hash(engine: &Engine) -> u64 {
    let mut hasher = DefaultHasher::new();
    engine.precompile_compatibility_hash().hash(&mut hasher);
    // What is compiled is not what stands in the file, but what was made of it.
    PREPARED.hash(&mut hasher);
    hasher.finish()
}

/// Compiles a component to native code, as bytes for the cache. Takes 0.1 to 30 s of CPU, or as long and as much memory as whoever
/// wrote it likes: only `compile` calls it.
pub(crate) fn compile_component(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    engine.precompile_component(&prepare(wasm)?).map_err(|e| LoadError::Compile(reason(&e)))
}

/// Compiles a core module, likewise.
pub(crate) fn compile_module(engine: &Engine, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
    engine.precompile_module(&prepare(wasm)?).map_err(|e| LoadError::Compile(reason(&e)))
}

/// Tells a half-written or foreign file from a component before the compiler does, with a clearer reason.
pub(crate) fn check_header(wasm: &[u8]) -> Result<(), LoadError> {
    if wasm.len() as u64 > FILE_LIMIT {
        return Err(LoadError::TooLarge { limit: FILE_LIMIT });
    }
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => Err(LoadError::CoreModule),
        _ => Err(LoadError::NotWasm),
    }
}

fn config(memories: Option<u32>) -> Config {
    let mut config = Config::new();
    config
        .wasm_component_model(true)
        // Costs 1.0 to 1.3 µs on every component call where it is on, and no hook needs it.
        .concurrency_support(false)
        // Guests give way after so much work of their own, counted in their code. A thread that ticks would cost a wake
        // each millisecond, more than everything that plugins do at a few hundred requests a second.
        .consume_fuel(true)
        .operator_cost(costs())
        .cranelift_opt_level(OptLevel::Speed)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20)
        .async_stack_zeroing(true)
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    // What no guest language here needs is not offered: less to validate, less to attack. Several memories are what the
    // adapters between the parts of a composed component need, and JavaScript's are composed.
    config.wasm_memory64(false).wasm_relaxed_simd(false).wasm_custom_page_sizes(false);
    if let Some(memories) = memories {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(memories)));
    }
    config
}

/// What the instructions of a guest count: one each, and where one does the work of many, what it does. Bytes that are
/// copied or filled count one each by default, and no more than a piece of them is done at once (`weir_component::prepare`);
/// an element of a table may have to be made first, a page more of memory is the kernel's work, and asking for it is, too,
/// where it is refused.
fn costs() -> OperatorCost {
    let mut costs = OperatorCost::new();
    (costs.MemoryGrow, costs.TableGrow) = (200, 200);
    let variable = &mut costs.variable;
    variable.memory_grow_per_page = 250;
    (variable.table_copy_per_element, variable.table_init_per_element) = (13, 13);
    (variable.table_fill_per_element, variable.table_grow_per_element) = (13, 13);
    costs
}

fn pool(memories: u32) -> PoolingAllocationConfig {
    let instances = memories / MEMORIES_OF_ONE;
    let resident = if PoolingAllocationConfig::is_pagemap_scan_available() { RESIDENT } else { 0 };
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * MODULES_OF_ONE)
        .total_memories(memories)
        .total_tables(instances * TABLES_OF_A_PLACE)
        .total_stacks(instances)
        .max_memory_size(MEMORY_CEILING)
        .table_elements(100_000)
        .max_tables_per_component(TABLES_OF_ONE)
        .max_memories_per_component(MEMORIES_OF_ONE)
        .max_core_instances_per_component(MODULES_OF_ONE)
        // Page faults are what a fresh instance pays for: keep what a usual plugin touches mapped between uses.
        .linear_memory_keep_resident(resident)
        .table_keep_resident(TABLE_RESIDENT)
        .async_stack_keep_resident(STACK_RESIDENT)
        .pagemap_scan(Enabled::Auto);
    pool
}
