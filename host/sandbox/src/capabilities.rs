//! What the operator gave a plugin beyond the request: its secrets, and its way out.

use crate::callout_client::{CalloutClient, CalloutOpener};
use crate::error::LoadError;
use std::sync::Arc;
use weir_config::{Callouts, PluginSettings, Secret};

/// Shared by all instances of a plugin; it outlives none of its settings.
#[derive(Debug, Default)]
pub(crate) struct Capabilities {
    secrets: Vec<(String, Secret)>,
    pub(crate) callouts: Option<CalloutRoute>,
}

/// Where a plugin may call, and how it gets there.
#[derive(Debug)]
pub(crate) struct CalloutRoute {
    pub(crate) rules: Callouts,
    /// None where there is no way out at all.
    pub(crate) line: Option<Arc<dyn CalloutClient>>,
}

impl Capabilities {
    pub(crate) fn new(settings: &PluginSettings, egress: Option<&Arc<dyn CalloutOpener>>) -> Result<Self, LoadError> {
        let way = |rules: &Callouts| {
            let line = egress.map(|egress| egress.open(rules)).transpose().map_err(LoadError::Callouts)?;
            Ok::<_, LoadError>(CalloutRoute { rules: rules.clone(), line })
        };
        let callouts = settings.callouts.as_ref().map(way).transpose()?;
        Ok(Self { secrets: settings.secrets.clone(), callouts })
    }

    /// The secret of a name.
    pub(crate) fn secret(&self, name: &str) -> Option<&Secret> {
        self.secrets.iter().find(|(known, _)| known == name).map(|(_, secret)| secret)
    }
}
