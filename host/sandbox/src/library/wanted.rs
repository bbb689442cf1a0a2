//! What shall apply: what the chain names, and what lies in the folder.

use super::strays::{ScanContext, near};
use super::{Library, LoadProblem, Wanted, scan};
use crate::error::LoadError;
use crate::signature::Beside;
use crate::source::PluginSource;
use crate::which::WhichBinding;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weir_config::{Config, PluginSettings, Plugins, Problems, Sidecar};

impl Library {
    /// Chain entries in order, then what applies by its place in the folder.
    pub(super) fn wanted(&mut self, config: &Config, problems: &mut Vec<LoadProblem>) -> Vec<Wanted> {
        let plugins = &config.plugins;
        let which = self.entries.tell(&plugins.chain);
        let mut wanted = Vec::new();
        for (binding, which) in plugins.chain.iter().zip(which) {
            wanted.push(Wanted {
                place: (PluginSource::Named(binding.plugin.clone()), which),
                settings: Ok(binding.settings.clone()),
                // What lies beside a file that the chain names is not read.
                beside: Beside::Unread,
                tenants: binding.tenants.clone(),
                models: binding.models.clone(),
                line: Some((binding.file.clone(), binding.line)),
            });
        }
        let tenants: BTreeSet<&str> = config.tenants.iter().map(|tenant| tenant.name.as_str()).collect();
        let own: Vec<PathBuf> = std::iter::once(&config.file).chain(&config.files).cloned().collect();
        let known = ScanContext { folder: &plugins.folder, tenants: &tenants, own: &own };
        for source in self.placed(plugins, &known, problems) {
            let (settings, beside) = match self.beside(&source, plugins) {
                Ok((settings, beside)) => (Ok(settings), beside),
                Err(error) => (Err(error), Beside::Unread),
            };
            let tenants = match &source {
                PluginSource::Tenant(tenant, _) if !tenants.contains(tenant.as_str()) => {
                    let error = LoadError::UnknownTenant { tenant: tenant.clone(), near: near(tenant, &known) };
                    problems.push(LoadProblem::new(source, error, false, true));
                    continue;
                }
                PluginSource::Tenant(tenant, _) => vec![tenant.clone()],
                PluginSource::All(_) | PluginSource::Named(_) | PluginSource::Folder(_) => Vec::new(),
            };
            let place = (source, WhichBinding::FIRST);
            wanted.push(Wanted { place, settings, beside, tenants, models: Vec::new(), line: None });
        }
        wanted
    }

    /// What applies by its place in the folder. Of a folder that cannot be read, or is away, what applied stays: that is no
    /// order to drop a policy.
    fn placed(
        &mut self,
        plugins: &Plugins,
        known: &ScanContext<'_>,
        problems: &mut Vec<LoadProblem>,
    ) -> Vec<PluginSource> {
        let good: BTreeSet<PluginSource> = self.good.keys().map(|(source, _)| source.clone()).collect();
        let kept = |under: &str| -> Vec<PluginSource> {
            let placed = good.iter().filter(|source| !matches!(source, PluginSource::Named(_)));
            placed.filter(|source| source.path(Path::new("")).starts_with(under)).cloned().collect()
        };
        let mut problem = |below: String, error: LoadError, kept: &[PluginSource]| {
            problems.push(LoadProblem::new(PluginSource::Folder(below), error, !kept.is_empty(), false));
        };
        let all = kept("");
        self.strays.clear();
        if let Err(error) = self.home.look(plugins, !all.is_empty()) {
            problem(String::new(), error, &all);
            return all;
        }
        let scan::Placed { files: mut placed, folders, unread, unnamed, strays } = scan::by_place(known);
        self.strays = strays.told();
        let unread = unread.into_iter().filter_map(|(source, why)| {
            let path = source.path(&plugins.folder);
            let PluginSource::Folder(below) = source else { return None };
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
        problems.extend(unnamed.into_iter().map(|(source, error)| LoadProblem::new(source, error, false, false)));
        // `all/` by name, then tenants by name.
        placed.sort();
        placed
    }

    /// The settings in the file beside a plugin, never past the ceilings, and what was read of the file.
    fn beside(&mut self, source: &PluginSource, plugins: &Plugins) -> Result<(PluginSettings, Beside), LoadError> {
        let spot = source.spot(&plugins.folder, "toml");
        let defaults = || PluginSettings::dropped(&plugins.dropped);
        let text = match self.files.text(&spot, Sidecar::BYTES) {
            Ok(text) => text,
            Err(why) if why.is_absent() => return Ok((defaults(), Beside::Absent)),
            Err(why) => return Err(Problems::unread(spot.path(), &why).into()),
        };
        let read = Sidecar::parse(text.to_string(), spot.path(), &plugins.dropped)?;
        // Nobody who wants the defaults cuts the text out and leaves the file.
        let had_more =
            || self.good.get(&(source.clone(), WhichBinding::FIRST)).is_some_and(|good| *good.settings() != defaults());
        if !read.has_keys && had_more() {
            return Err(LoadError::Emptied { path: spot.path().to_owned() });
        }
        Ok((read.settings, Beside::of(Some(read.text.as_bytes()))))
    }
}
