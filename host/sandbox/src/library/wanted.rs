//! What shall apply: what the chain names, and what lies in the folder.

use super::{Library, Problem, Wanted, scan};
use crate::error::LoadError;
use crate::signature::Beside;
use crate::source::Source;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use weir_config::{Config, PluginSettings, Plugins};

impl Library {
    /// Chain entries in order, then what applies by its place in the folder.
    pub(super) fn wanted(&mut self, config: &Config, problems: &mut Vec<Problem>) -> Vec<Wanted> {
        let plugins = &config.plugins;
        let mut nth: BTreeMap<&str, usize> = BTreeMap::new();
        let mut wanted = Vec::new();
        for binding in &plugins.chain {
            let n = nth.entry(&binding.plugin).or_default();
            wanted.push(Wanted {
                place: (Source::Named(binding.plugin.clone()), *n),
                settings: Ok(binding.settings.clone()),
                // What lies beside a file that the chain names is not read.
                beside: Beside::Unread,
                tenants: binding.tenants.clone(),
                models: binding.models.clone(),
            });
            *n += 1;
        }
        for source in self.placed(plugins, problems) {
            let (settings, beside) = match self.beside(&source, plugins) {
                Ok((settings, beside)) => (Ok(settings), beside),
                Err(error) => (Err(error), Beside::Unread),
            };
            let tenants = match &source {
                Source::Tenant(tenant, _) if config.tenants.iter().all(|known| known.name != *tenant) => {
                    let error = LoadError::UnknownTenant { tenant: tenant.clone() };
                    problems.push(Problem::new(source, error, false, true));
                    continue;
                }
                Source::Tenant(tenant, _) => vec![tenant.clone()],
                Source::All(_) | Source::Named(_) | Source::Folder(_) => Vec::new(),
            };
            wanted.push(Wanted { place: (source, 0), settings, beside, tenants, models: Vec::new() });
        }
        wanted
    }

    /// What applies by its place in the folder. Of a folder that cannot be read, or is away, what applied stays: that is no
    /// order to drop a policy.
    fn placed(&mut self, plugins: &Plugins, problems: &mut Vec<Problem>) -> Vec<Source> {
        let good: BTreeSet<Source> = self.good.keys().map(|(source, _)| source.clone()).collect();
        let kept = |under: &str| -> Vec<Source> {
            let placed = good.iter().filter(|source| !matches!(source, Source::Named(_)));
            placed.filter(|source| source.path(Path::new("")).starts_with(under)).cloned().collect()
        };
        let mut problem = |below: String, error: LoadError, kept: &[Source]| {
            problems.push(Problem::new(Source::Folder(below), error, !kept.is_empty(), false));
        };
        let all = kept("");
        if let Err(error) = self.home.look(plugins, !all.is_empty()) {
            problem(String::new(), error, &all);
            return all;
        }
        let scan::Placed { files: mut placed, folders, unread, unnamed } = scan::by_place(&plugins.folder);
        let unread = unread.into_iter().filter_map(|(source, why)| {
            let path = source.path(&plugins.folder);
            let Source::Folder(below) = source else { return None };
            Some((below, LoadError::unread(path, &why)))
        });
        let unmounted = self.home.look_at_parts(&plugins.folder, &folders, |below| !kept(below).is_empty());
        for (below, error) in unread.chain(unmounted) {
            let kept = kept(&below);
            problem(below.clone(), error, &kept);
            // What lies beneath a mount is nobody's order, either.
            placed.retain(|source| !source.path(Path::new("")).starts_with(&below));
            placed.extend(kept);
        }
        problems.extend(unnamed.into_iter().map(|(source, error)| Problem::new(source, error, false, false)));
        // `all/` by name, then tenants by name.
        placed.sort();
        placed
    }

    /// The settings in the file beside a plugin, never past the ceilings, and what was read of the file.
    fn beside(&self, source: &Source, plugins: &Plugins) -> Result<(PluginSettings, Beside), LoadError> {
        let path = source.path(&plugins.folder).with_extension("toml");
        let read = weir_config::read_sidecar(&path, &plugins.dropped, &self.looked);
        let defaults = || PluginSettings::dropped(&plugins.dropped);
        let Some(read) = read? else { return Ok((defaults(), Beside::Absent)) };
        // Nobody who wants the defaults cuts the text out and leaves the file.
        let had_more = || self.good.get(&(source.clone(), 0)).is_some_and(|good| *good.settings() != defaults());
        if !read.has_keys && had_more() {
            return Err(LoadError::Emptied { path });
        }
        Ok((read.settings, Beside::of(Some(read.text.as_bytes()))))
    }
}
