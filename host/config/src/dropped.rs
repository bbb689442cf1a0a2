//! `[plugins.dropped]`: what plugins may have at most that apply by their place in the folder.

use crate::grants::{self, Grant, Granted, GrantsKey};
use crate::isolation::{Isolation, IsolationKey};
use crate::keys::keys;
use crate::plugin_limits::{PluginLimits, PluginLimitsKey};
use crate::table::ConfigTable;

keys! {
    /// What a plugin in `all/` or `tenants/…` may have at most. Whoever may put one there may also write the settings beside
    /// it, and those can only tighten what stands here.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Dropped(table, usual: Dropped, granted: Option<&Granted<'_>>) {
        /// The least isolation; `tenant` by default.
        pub isolation: Isolation = usual.isolation => "isolation" IsolationKey(None);
        /// What may be granted; log and counters by default. Never secrets or callouts.
        pub grants: Vec<Grant> = usual.grants => "grants" GrantsKey(granted);
        /// The ceiling of each limit; `[plugins.defaults]` by default.
        pub limits: PluginLimits = usual.limits => "limits" PluginLimitsKey(None);
        /// `[plugins.defaults]`: what applies where settings do not speak of a limit, if its ceiling is no tighter.
        defaults: PluginLimits = usual.defaults;
    }
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
        let granted = Granted::of(&table, None);
        let chains = granted.iter().flat_map(Granted::iter).filter(|(grant, _)| grant.is_chains());
        for (grant, at) in chains {
            let what = format!("lets settings beside a plugin grant \"{}\", which none may", grant.name());
            at.problem(what, "put the plugin into a [[plugins.chain]], which may");
        }
        let dropped = Self::of(&table, Self::new(defaults.clone()), granted.as_ref());
        table.finish();
        dropped
    }

    /// The limits of a plugin whose settings do not speak of them.
    #[must_use]
    pub fn usual_limits(&self) -> PluginLimits {
        self.defaults.tightest(&self.limits)
    }
}
