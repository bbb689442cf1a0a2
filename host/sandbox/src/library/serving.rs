//! What serves in place of what cannot be loaded, and which versions of signed plugins have served.

use super::{Library, Place};
use crate::error::LoadError;
use crate::plugin::Plugin;
use crate::signature::{Found, Vouched};
use crate::source::Source;
use std::sync::Arc;
use weir_config::Plugins;

impl Library {
    /// The last good version of a place. One that applies by its place in the folder stays within the ceilings that hold
    /// now, whatever held when it was good; where it cannot work within them there is none, and whom it guarded is closed.
    pub(super) fn last_good(&mut self, place: &Place, plugins: &Plugins) -> Option<Arc<Plugin>> {
        let good = Arc::clone(self.good.get(place)?);
        if matches!(place.0, Source::Named(_)) {
            return Some(good);
        }
        let within = good.settings().clone().within(&plugins.dropped);
        if within == *good.settings() {
            return Some(good);
        }
        let (name, code) = (Arc::clone(good.name()), Arc::clone(good.code()));
        let bounded = Plugin::new(&self.sandbox, name, code, within, good.may_be_direct());
        let Ok(bounded) = bounded.map(Arc::new) else {
            if !good.open() {
                self.outgrown.push(place.0.clone());
            }
            return None;
        };
        self.good.insert(place.clone(), Arc::clone(&bounded));
        Some(bounded)
    }

    /// What somebody who is trusted vouches for of a plugin, if it may serve; none where nobody needs to.
    pub(super) fn vouched_for(
        &self,
        source: &Source,
        found: &Found<'_>,
        plugins: &Plugins,
    ) -> Result<Option<Vouched>, LoadError> {
        let trust = self.trust.as_ref().map_err(LoadError::clone)?;
        let vouched = trust.check(found, &source.path(&plugins.folder), &self.looked)?;
        let older = || plugins.allow_older.iter().any(|name| name == source.name());
        if let Some(vouched) = vouched.filter(|_| !older()) {
            self.seen.check(source, vouched)?;
        }
        Ok(vouched)
    }

    /// Notes what is vouched for of a plugin that is ready to serve.
    pub(super) fn vouch(&mut self, source: &Source, hash: blake3::Hash, vouched: Option<Vouched>) {
        match vouched {
            Some(vouched) => self.vouched.insert(source.clone(), (hash, vouched)),
            None => self.vouched.remove(source),
        };
    }

    /// Tells the library that what it built last serves: from now on no older version of a signed plugin does at its
    /// place. A version on trial does not serve everybody yet.
    pub fn went_live(&mut self) {
        let Self { good, vouched, seen, cache, .. } = self;
        let serving = good.iter().filter_map(|((source, _), plugin)| {
            let (hash, vouched) = vouched.get(source)?;
            (*hash == plugin.code().hash).then_some((source, *vouched))
        });
        seen.remember(cache.as_ref(), serving);
    }
}
