//! What is open since the start, and which no reload changes: what runs is what it is compared with, whatever files say.

use std::collections::BTreeMap;
use weir_config::Config;

/// A key, or a table, that no reload changes.
struct FixedKey {
    key: &'static str,
    /// What a configuration says of it.
    said: fn(&Config) -> String,
    /// Puts what runs in its place.
    keep: fn(&mut Config, &Config),
}

/// All of them, as docs/operating.md has them under "Reload".
const KEYS: [FixedKey; 8] = [
    FixedKey {
        key: "server.listen",
        said: |config| config.server.listen.to_string(),
        keep: |config, running| config.server.listen = running.server.listen,
    },
    FixedKey {
        key: "server.admin",
        said: |config| config.server.admin.to_string(),
        keep: |config, running| config.server.admin = running.server.admin,
    },
    FixedKey {
        key: "server.workers",
        said: |config| config.server.workers.to_string(),
        keep: |config, running| config.server.workers = running.server.workers,
    },
    FixedKey {
        key: "server.huge_pages",
        said: |config| config.server.huge_pages.to_string(),
        keep: |config, running| config.server.huge_pages = running.server.huge_pages,
    },
    FixedKey {
        key: "plugins.folder",
        said: |config| config.plugins.folder.display().to_string(),
        keep: |config, running| {
            config.plugins.folder.clone_from(&running.plugins.folder);
            config.plugins.folder_by = running.plugins.folder_by;
        },
    },
    FixedKey {
        key: "plugins.cache",
        said: |config| format!("{:?}", config.plugins.cache),
        keep: |config, running| config.plugins.cache.clone_from(&running.plugins.cache),
    },
    FixedKey {
        key: "plugins.reload",
        said: |config| config.plugins.reload.to_string(),
        keep: |config, running| config.plugins.reload = running.plugins.reload,
    },
    FixedKey {
        key: "log",
        said: |config| format!("{:?}", config.log),
        keep: |config, running| config.log.clone_from(&running.log),
    },
];

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
        KEYS.iter().for_each(|fixed| (fixed.keep)(config, running));
    }
}

fn waiting(new: &Config, running: &Config) -> BTreeMap<&'static str, String> {
    let differing = |fixed: &FixedKey| {
        let said = (fixed.said)(new);
        (said != (fixed.said)(running)).then_some((fixed.key, said))
    };
    KEYS.iter().filter_map(differing).collect()
}
