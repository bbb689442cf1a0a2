//! What bounds a guest: its slices and its time, its memory, how many instances there are, what it may log and keep, how much CPU
//! time it may have in a second, and how often it may fail. Each is charged to the tenant that it is for.

pub(crate) mod byte_rate;
pub(crate) mod cpu_timer;
pub(crate) mod instances;
pub(crate) mod log_and_kv;
pub(crate) mod machine;
pub(crate) mod memory;
pub(crate) mod plugin_quota;
pub(crate) mod slice;
pub(crate) mod yielding;
