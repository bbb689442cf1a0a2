//! `[plugins.dropped]`: what plugins may have at most that apply by their place in the folder.

use crate::grants::{self, Grant};
use crate::isolation::Isolation;
use crate::plugin_limits::PluginLimits;
use crate::table::ConfigTable;

/// What a plugin in `all/` or `tenants/…` may have at most. Whoever may put one there may also write the settings beside
/// it, and those can only tighten what stands here.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// The ceiling of each limit; `[plugins.defaults]` by default.
    pub limits: PluginLimits,
    /// What may be granted; log and counters by default. Never secrets or callouts.
    pub grants: Vec<Grant>,
    /// The least isolation; `tenant` by default.
    pub isolation: Isolation,
    /// `[plugins.defaults]`: what applies where settings do not speak of a limit, if its ceiling is no tighter.
    defaults: PluginLimits,
}

impl Dropped {
    /// The ceilings where no configuration says otherwise: what is usual within the given limits.
    #[must_use]
    pub fn new(defaults: PluginLimits) -> Self {
        let (grants, isolation) = (grants::USUAL.to_vec(), Isolation::default());
        Self { limits: defaults.clone(), grants, isolation, defaults }
    }

    /// Reads `[plugins.dropped]`: those keys of settings that have a ceiling.
    pub(crate) fn read(table: ConfigTable<'_>, defaults: &PluginLimits) -> Self {
        let usual = Self::new(defaults.clone());
        let granted = table.value("grants").map(|value| grants::read(&value, None));
        for (grant, at) in granted.iter().flatten().filter(|(grant, _)| grant.is_chains()) {
            let what = format!("lets settings beside a plugin grant \"{}\", which none may", grant.name());
            at.problem(what, "put the plugin into a [[plugins.chain]], which may");
        }
        let granted = granted.map(|granted| granted.into_iter().map(|(grant, _)| grant).collect());
        let dropped = Self {
            limits: PluginLimits::read(table.table("limits"), defaults, None),
            grants: granted.unwrap_or(usual.grants),
            isolation: Isolation::read(&table, usual.isolation, None),
            defaults: usual.defaults,
        };
        table.finish();
        dropped
    }

    /// The limits of a plugin whose settings do not speak of them.
    #[must_use]
    pub fn usual_limits(&self) -> PluginLimits {
        self.defaults.tightest(&self.limits)
    }
}
