//! `isolation` of a plugin.

use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::ToldTable;

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
}

/// An isolation. What isolates less than the ceiling, where there is one, is a problem.
pub(crate) struct IsolationKey(pub(crate) Option<Isolation>);

impl ConfigKey<Isolation> for IsolationKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Isolation) -> Isolation {
        let Some(value) = table.value(key) else { return default };
        let Some(given) = value.choice(&Isolation::ALL) else { return default };
        let Some(most) = self.0.filter(|most| given > *most) else { return given };
        let allowed = Isolation::ALL.iter().filter(|(_, one)| *one <= most).map(|(name, _)| format!("\"{name}\""));
        let allowed = allowed.collect::<Vec<_>>().join(" or ");
        value.past_ceiling(&allowed, &format!("give {allowed}"));
        default
    }

    fn tell(value: &Isolation, key: &str, told: &mut ToldTable) {
        told.open(key, value.name());
    }
}
