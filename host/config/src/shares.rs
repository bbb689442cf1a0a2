//! `[plugins]`: what all instances together may take, and each tenant's share of it.

use crate::table::ConfigTable;

/// How many instances of plugins there may be, and how they are shared out among tenants. The numbers are of all workers
/// together; what each plugin may have on one worker is in its own limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PluginShares {
    /// `instances`: instances at once, of all plugins; 1,000 by default, 16 to 1,900. The machine may have room for fewer.
    pub instances: usize,
    /// `tenant_instances`: those of one tenant; 250 by default, 1 to 1,900.
    pub tenant_instances: usize,
    /// `tenant_reserve`: so many a tenant gets out of the last quarter of all, which nobody takes who has more; 16 by
    /// default, 0 to 1,900.
    pub tenant_reserve: usize,
    /// `memory`: bytes of linear memory and tables of all instances; 1 MiB to 1 TiB. By default a quarter of what the machine
    /// has, or the control group that the gateway runs in, but 64 MiB at least and 1 GiB at most.
    pub memory: Option<usize>,
    /// `tenant_memory`: those of one tenant; 256 MiB by default, 1 MiB to 1 TiB.
    pub tenant_memory: usize,
    /// `tenant_memory_reserve`: so much a tenant gets out of the last quarter of `memory`, which nobody takes who has more;
    /// 16 MiB by default, 0 to 1 TiB.
    pub tenant_memory_reserve: usize,
}

impl Default for PluginShares {
    fn default() -> Self {
        Self {
            instances: 1_000,
            tenant_instances: 250,
            tenant_reserve: 16,
            memory: None,
            tenant_memory: 256 << 20,
            tenant_memory_reserve: 16 << 20,
        }
    }
}

impl PluginShares {
    /// Most that `instances` may be.
    const MOST: usize = 1_900;

    pub(crate) fn read(table: &ConfigTable<'_>) -> Self {
        let default = Self::default();
        Self {
            instances: table.whole("instances", default.instances, 16..=Self::MOST),
            tenant_instances: table.whole("tenant_instances", default.tenant_instances, 1..=Self::MOST),
            tenant_reserve: table.whole("tenant_reserve", default.tenant_reserve, 0..=Self::MOST),
            memory: table
                .value("memory")
                .and_then(|value| value.size(1 << 20..=1 << 40))
                .and_then(|size| size.try_into().ok()),
            tenant_memory: table.size("tenant_memory", default.tenant_memory, 1 << 20..=1 << 40),
            tenant_memory_reserve: table.size("tenant_memory_reserve", default.tenant_memory_reserve, 0..=1 << 40),
        }
    }
}
