//! What is open since the start, and which no reload changes: what runs is what it is compared with, whatever files say.

use std::collections::BTreeMap;
use weir_config::Config;

/// What files say that waits for the next start, by key.
#[derive(Default)]
pub(crate) struct Fixed {
    waiting: BTreeMap<&'static str, String>,
}

impl Fixed {
    /// Puts what runs in the place of what a new configuration says and a reload cannot do; says so, once for each change.
    pub(super) fn keep(&mut self, config: &mut Config, running: &Config) {
        let waiting = waiting(config, running);
        for key in waiting.iter().filter(|(key, value)| self.waiting.get(*key) != Some(value)).map(|(key, _)| key) {
            tracing::warn!("configuration: {key} takes effect at the next start");
        }
        for key in self.waiting.keys().filter(|key| !waiting.contains_key(*key)) {
            tracing::info!("configuration: {key} is again what runs");
        }
        self.waiting = waiting;
        config.server.listen = running.server.listen;
        config.server.admin = running.server.admin;
        config.server.workers = running.server.workers;
        config.server.huge_pages = running.server.huge_pages;
        config.plugins.folder.clone_from(&running.plugins.folder);
        config.plugins.folder_by = running.plugins.folder_by;
        config.plugins.cache.clone_from(&running.plugins.cache);
        config.plugins.reload = running.plugins.reload;
        config.log.clone_from(&running.log);
    }
}

fn waiting(new: &Config, running: &Config) -> BTreeMap<&'static str, String> {
    let facts = |config: &Config| {
        let (server, plugins) = (&config.server, &config.plugins);
        [
            ("server.listen", server.listen.to_string()),
            ("server.admin", server.admin.to_string()),
            ("server.workers", server.workers.to_string()),
            ("server.huge_pages", server.huge_pages.to_string()),
            ("plugins.folder", plugins.folder.display().to_string()),
            ("plugins.cache", format!("{:?}", plugins.cache)),
            ("plugins.reload", plugins.reload.to_string()),
            ("log", format!("{:?}", config.log)),
        ]
    };
    let differing = facts(new).into_iter().zip(facts(running)).filter(|(new, running)| new != running);
    differing.map(|(new, _)| new).collect()
}
