//! The wasmtime engine, configured once, and what every thread shares of the sandbox.

use crate::compiled;
use crate::egress::Egress;
use crate::error::LoadError;
use crate::host::{self, Host, Links};
use crate::kv::Stores;
use crate::meter::Meter;
use crate::quotas::Quotas;
use crate::reason::reason;
use crate::tenant::TenantNames;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use wasmtime::component::{Component, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, Module, OperatorCost, OptLevel, PoolingAllocationConfig,
};
use weir_config::Grant;

/// Largest plugin file that is compiled. Python components reach 20 MB; beyond this a file is a mistake or an attack.
pub(crate) const FILE_LIMIT: u64 = 64 << 20;
/// Instances of all plugins, tenants and threads together, as many as the machine has address space for: each takes
/// some 4 GiB of it, and no memory until it is used.
const INSTANCES: [u32; 3] = [4000, 1000, 200];
/// Guests that can be in the middle of a call at once, on all threads together.
const STACKS: u32 = 1000;
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
    settings_hash: u64,
    egress: Option<Arc<dyn Egress>>,
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
    pub fn with_egress(egress: Arc<dyn Egress>) -> Result<Arc<Self>, LoadError> {
        Self::build(Some(egress))
    }

    fn build(egress: Option<Arc<dyn Egress>>) -> Result<Arc<Self>, LoadError> {
        let pooled = INSTANCES.into_iter().find_map(|count| Engine::new(&config(Some(count))).ok());
        let pooling = pooled.is_some();
        let engine = match pooled {
            Some(engine) => engine,
            None => {
                tracing::warn!("no address space for the pooling allocator: instances will cost more");
                Engine::new(&config(None)).map_err(|e| LoadError::Compile(reason(&e)))?
            }
        };
        let mut hasher = DefaultHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        let settings_hash = hasher.finish();
        let (meter, tenants, stores) = (Meter::default(), TenantNames::default(), Arc::default());
        let quotas = Quotas::default();
        Ok(Arc::new(Self { engine, pooling, meter, tenants, stores, quotas, settings_hash, egress }))
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

    pub(crate) fn stores(&self) -> &Arc<Stores> {
        &self.stores
    }

    pub(crate) fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    pub(crate) fn egress(&self) -> Option<&Arc<dyn Egress>> {
        self.egress.as_ref()
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Changes whenever compiled code of another engine, version or setting would not fit this one.
    pub(crate) fn settings_hash(&self) -> u64 {
        self.settings_hash
    }

    /// Compiles a component to native code, as bytes for the cache. Takes 0.1 to 30 s of CPU: never on a serving thread.
    pub(crate) fn compile(&self, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
        check_header(wasm)?;
        self.engine.precompile_component(wasm).map_err(|e| LoadError::Compile(reason(&e)))
    }

    /// Compiles a core module, likewise.
    pub(crate) fn compile_module(&self, wasm: &[u8]) -> Result<Vec<u8>, LoadError> {
        self.engine.precompile_module(wasm).map_err(|e| LoadError::Compile(reason(&e)))
    }

    /// Loads what [`Sandbox::compile_module`] made.
    pub(crate) fn load_module(&self, code: &[u8]) -> Result<Module, LoadError> {
        compiled::load_module(&self.engine, code).map_err(|e| LoadError::Cache(reason(&e)))
    }

    /// Loads what [`Sandbox::compile`] made.
    pub(crate) fn load(&self, code: &[u8]) -> Result<Component, LoadError> {
        compiled::load(&self.engine, code).map_err(|e| LoadError::Cache(reason(&e)))
    }

    /// A linker with the lent data and the granted capabilities, and nothing else.
    pub(crate) fn linker(&self, grants: &[Grant]) -> Result<Linker<Host>, LoadError> {
        let mut linker = Linker::new(&self.engine);
        host::link(Links::Component(&mut linker), grants).map_err(|e| LoadError::Contract(reason(&e)))?;
        Ok(linker)
    }

    /// The same for core modules.
    pub(crate) fn direct_linker(&self, grants: &[Grant]) -> Result<wasmtime::Linker<Host>, LoadError> {
        let mut linker = wasmtime::Linker::new(&self.engine);
        host::link(Links::Direct(&mut linker), grants).map_err(|e| LoadError::Contract(reason(&e)))?;
        Ok(linker)
    }
}

/// Tells a half-written or foreign file from a component before the compiler does, with a clearer reason.
fn check_header(wasm: &[u8]) -> Result<(), LoadError> {
    if wasm.len() as u64 > FILE_LIMIT {
        return Err(LoadError::TooLarge { limit: FILE_LIMIT });
    }
    match wasm.get(..8) {
        Some([0, b'a', b's', b'm', _, _, 1, 0]) => Ok(()),
        Some([0, b'a', b's', b'm', _, _, 0, 0]) => Err(LoadError::CoreModule),
        _ => Err(LoadError::NotWasm),
    }
}

fn config(instances: Option<u32>) -> Config {
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
        .memory_init_cow(true)
        .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(20));
    // What no guest language here needs is not offered: less to validate, less to attack. Several memories are what the
    // adapters between the parts of a composed component need, and JavaScript's are composed.
    config.wasm_memory64(false).wasm_relaxed_simd(false).wasm_custom_page_sizes(false);
    if let Some(instances) = instances {
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(instances)));
    }
    config
}

/// What the instructions of a guest count: one each, and where one does the work of many, what it does. Bytes that are
/// copied or filled count one each by default; a page more of memory is the kernel's work.
fn costs() -> OperatorCost {
    let mut costs = OperatorCost::new();
    costs.variable.memory_grow_per_page = 250;
    costs
}

fn pool(instances: u32) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(instances)
        .total_core_instances(instances * 4)
        .total_memories(instances * 2)
        .total_tables(instances * 4)
        .total_stacks(STACKS.min(instances))
        .max_memory_size(MEMORY_CEILING)
        .table_elements(100_000)
        .max_tables_per_component(50)
        .max_memories_per_component(4)
        .max_core_instances_per_component(100)
        // Page faults are what a fresh instance pays for: keep what a usual plugin touches mapped between uses.
        .linear_memory_keep_resident(2 << 20)
        .table_keep_resident(64 << 10)
        .async_stack_keep_resident(64 << 10)
        .pagemap_scan(Enabled::Auto);
    pool
}
