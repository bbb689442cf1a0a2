//! What serves in place of what cannot be loaded, and which versions of signed plugins have served.

use super::Library;
use crate::error::LoadError;
use crate::plugin::LoadedPlugin;
use crate::signature::{PublicKey, SignedFiles, Vouched};
use crate::source::{FilePlace, PluginSource};
use crate::trust::Trust;
use std::sync::Arc;
use weir_config::Plugins;

/// Bytes of the signatures of one plugin.
const SIGNATURES: u64 = 1 << 20;

impl Library {
    /// The last good version of a place. One that applies by its place in the folder stays within the ceilings that hold
    /// now, whatever held when it was good; where it cannot work within them there is none, and whom it guarded is closed.
    pub(super) fn last_good(&mut self, place: &FilePlace, plugins: &Plugins) -> Option<Arc<LoadedPlugin>> {
        let good = Arc::clone(self.good.get(place)?);
        self.judge_trust(&good);
        if matches!(place.0, PluginSource::Named(_)) {
            return Some(good);
        }
        let within = good.settings().clone().within(&plugins.dropped);
        if within == *good.settings() {
            return Some(good);
        }
        let (name, code) = (Arc::clone(good.name()), Arc::clone(good.code()));
        let bounded = LoadedPlugin::new(&self.sandbox, name, code, within, good.may_be_direct());
        let Ok(bounded) = bounded.map(Arc::new) else {
            if !good.open() {
                self.outgrown.push(place.0.clone());
            }
            return None;
        };
        bounded.signed_by(good.signers());
        self.judge_trust(&bounded);
        self.good.insert(place.clone(), Arc::clone(&bounded));
        Some(bounded)
    }

    /// Whom a configuration trusts, as far as the newest one that was judged good does.
    pub(super) fn trust_of(&self, plugins: &Plugins) -> Result<Trust, LoadError> {
        let trust = Trust::read(plugins)?;
        Ok(match &self.newest {
            Some(newest) => trust.without_revoked(newest),
            None => trust,
        })
    }

    /// Tells the library of the newest configuration that was judged good: whom it does not trust is not trusted from now on,
    /// whatever serves.
    pub fn judged(&mut self, plugins: &Plugins) {
        // A key that is none is said when the configuration is built.
        self.newest = Trust::read(plugins).ok();
    }

    /// What somebody who is trusted vouches for of a plugin, and who does, if it may serve; none where nobody needs to.
    pub(super) fn vouched_for(
        &mut self,
        source: &PluginSource,
        found: &SignedFiles<'_>,
        plugins: &Plugins,
    ) -> Result<Option<(Vouched, Vec<PublicKey>)>, LoadError> {
        let trust = self.trust.as_ref().map_err(LoadError::clone)?;
        if !trust.looks() {
            return Ok(None);
        }
        let spot = source.spot(&plugins.folder, "wasm.sig");
        let signatures = match self.files.text(&spot, SIGNATURES) {
            Ok(text) => Some(text),
            Err(why) if why.is_missing() => None,
            Err(why) => return Err(LoadError::unread(spot.path().to_owned(), &why)),
        };
        let vouched = trust.check(found, signatures.as_deref())?;
        let older = || plugins.allow_older.iter().any(|name| name == source.name());
        if let Some((vouched, _)) = vouched.as_ref().filter(|_| !older()) {
            self.seen.check(source, *vouched)?;
        }
        Ok(vouched)
    }

    /// Notes what is vouched for of a plugin that is ready to serve, and by whom.
    pub(super) fn vouch(
        &mut self,
        source: &PluginSource,
        plugin: &LoadedPlugin,
        vouched: Option<(Vouched, Vec<PublicKey>)>,
    ) {
        let signers = match vouched {
            Some((vouched, signers)) => {
                self.vouched.insert(source.clone(), (plugin.code().hash, vouched));
                signers
            }
            None => {
                self.vouched.remove(source);
                Vec::new()
            }
        };
        plugin.signed_by(signers);
        self.judge_trust(plugin);
    }

    /// Whether those who vouched for a plugin may still: if not, it is not called.
    pub(super) fn judge_trust(&self, plugin: &LoadedPlugin) {
        if let Ok(trust) = &self.trust {
            plugin.judge(trust);
        }
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
