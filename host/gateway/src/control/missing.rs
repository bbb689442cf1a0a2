//! What a configuration has to have so that anybody can be served at all. One rule for `check`, the start and reloads.

use weir_config::{Config, TenantConfig};

/// Something of which there has to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// A tenant.
    Tenant,
    /// A key of any tenant.
    Key,
    /// A model.
    Model,
}

impl Missing {
    /// What is missing of a configuration. No key is missing where there is no tenant to have one.
    pub(crate) fn of(config: &Config) -> impl Iterator<Item = Self> {
        let none = |missing: &Self| missing.names(config).next().is_none();
        let tenant = none(&Self::Tenant);
        let all = [Self::Tenant, Self::Key, Self::Model];
        all.into_iter().filter(none).filter(move |missing| !(tenant && *missing == Self::Key))
    }

    /// What it is called.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Tenant => "tenant",
            Self::Key => "key",
            Self::Model => "model",
        }
    }

    /// What comes of it.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Tenant | Self::Key => "nobody can ask",
            Self::Model => "nothing can be asked for",
        }
    }

    /// All that there are of it in a configuration, by name.
    pub(crate) fn names(self, config: &Config) -> Box<dyn Iterator<Item = &str> + '_> {
        let tenants = || config.tenants.iter();
        match self {
            Self::Tenant => Box::new(tenants().map(|tenant| tenant.name.as_str())),
            Self::Key => Box::new(tenants().flat_map(|tenant: &TenantConfig| &tenant.keys).map(|key| key.id.as_str())),
            Self::Model => Box::new(config.models.iter().map(|model| model.name.as_str())),
        }
    }
}
