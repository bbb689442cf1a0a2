//! `isolation` of a plugin.

use crate::table::ConfigTable;

/// Who may share a plugin's instance, which may keep state between calls; what isolates more is less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Isolation {
    /// `request`: a fresh instance for every request.
    Request,
    /// `tenant`: instances are used again, but only by the same tenant.
    #[default]
    Tenant,
    /// `shared`: instances are used again by anyone.
    Shared,
}

impl Isolation {
    /// Every isolation by its name in the configuration, the strictest first.
    pub const ALL: [(&'static str, Self); 3] =
        [("request", Self::Request), ("tenant", Self::Tenant), ("shared", Self::Shared)];

    /// Its name in the configuration.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, one)| *one == self).map_or("", |(name, _)| name)
    }

    /// Reads the key `isolation`. What isolates less than the ceiling, where there is one, is a problem.
    pub(crate) fn read(table: &ConfigTable<'_>, default: Self, ceiling: Option<Self>) -> Self {
        let Some(value) = table.value("isolation") else { return default };
        let Some(given) = value.choice(&Self::ALL) else { return default };
        let Some(most) = ceiling.filter(|most| given > *most) else { return given };
        let allowed = Self::ALL.iter().filter(|(_, one)| *one <= most).map(|(name, _)| format!("\"{name}\""));
        let allowed = allowed.collect::<Vec<_>>().join(" or ");
        value.past_ceiling(&allowed, &format!("give {allowed}"));
        default
    }
}
