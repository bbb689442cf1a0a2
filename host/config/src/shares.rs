//! `[plugins]`: what all instances together may take, and each tenant's share of it.

use std::ops::RangeInclusive;

use crate::keys::{ConfigKey, CountKey, SizeKey, keys, show_bytes};
use crate::table::ConfigTable;
use crate::told::ToldTable;

/// Most that `instances` may be.
const MOST: usize = 1_900;
/// Linear memory of many instances.
const MEMORY: RangeInclusive<u64> = 1 << 20..=1 << 40;

keys! {
    /// How many instances of plugins there may be, and how they are shared out among tenants. The numbers are of all workers
    /// together; what each plugin may have on one worker is in its own limits.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct PluginShares(table), with defaults {
        /// `instances`: instances at once, of all plugins; 1,000 by default, 16 to 1,900. The machine may have room for fewer.
        pub instances: usize = 1_000 => "instances" CountKey(16..=MOST);
        /// `tenant_instances`: those of one tenant; 250 by default, 1 to 1,900.
        pub tenant_instances: usize = 250 => "tenant_instances" CountKey(1..=MOST);
        /// `tenant_reserve`: so many a tenant gets out of the last quarter of all, which nobody takes who has more; 16 by
        /// default, 0 to 1,900.
        pub tenant_reserve: usize = 16 => "tenant_reserve" CountKey(0..=MOST);
        /// `memory`: bytes of linear memory and tables of all instances; 1 MiB to 1 TiB. By default a quarter of what the
        /// machine has, or the control group that the gateway runs in, but 64 MiB at least and 1 GiB at most.
        pub memory: Option<usize> = None => "memory" MachineMemoryKey();
        /// `tenant_memory`: those of one tenant; 256 MiB by default, 1 MiB to 1 TiB.
        pub tenant_memory: usize = 256 << 20 => "tenant_memory" SizeKey(MEMORY);
        /// `tenant_memory_reserve`: so much a tenant gets out of the last quarter of `memory`, which nobody takes who has
        /// more; 16 MiB by default, 0 to 1 TiB.
        pub tenant_memory_reserve: usize = 16 << 20 => "tenant_memory_reserve" SizeKey(0..=1 << 40);
    }
}

/// Memory that depends on the machine where nothing is said.
struct MachineMemoryKey();

impl ConfigKey<Option<usize>> for MachineMemoryKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<usize>) -> Option<usize> {
        let size = table.value(key).and_then(|value| value.size(MEMORY));
        size.and_then(|size| size.try_into().ok()).or(default)
    }

    fn tell(value: &Option<usize>, key: &str, told: &mut ToldTable) {
        told.open(key, value.map_or_else(|| "by the machine".to_owned(), show_bytes));
    }
}
