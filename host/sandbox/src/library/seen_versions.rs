//! The newest version of each signed plugin that has served here: an older one, though its signature holds, is no update.
//!
//! It is kept beside the compiled code, so that a restart does not forget it. That holds against whoever may write to the
//! plugin folder, and not to the cache; whoever takes the cache away, or starts with an empty one, begins anew.

use crate::compile::cache::Cache;
use crate::error::LoadError;
use crate::signature::Vouched;
use crate::source::PluginSource;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// The first line of what is kept.
const FORM: &str = "weir-versions 1";
/// Places of which a version is kept. Only what somebody trusted signed takes one.
const PLACES: usize = 16_384;

/// Versions by place, each with the manifest that it is of.
type Versions = BTreeMap<String, Vouched>;

/// The newest versions that have served.
#[derive(Debug, Default)]
pub(super) struct SeenVersions {
    newest: Versions,
    /// Under which name it is kept: that of the plugin folder.
    name: Option<blake3::Hash>,
    /// Why what was kept cannot be told.
    lost: Option<String>,
    /// What could not be kept yet.
    unkept: bool,
}

impl SeenVersions {
    /// What was kept for a plugin folder by an earlier process, if it is not known yet.
    pub(super) fn open(&mut self, cache: Option<&Cache>, folder: &Path) {
        let name = blake3::hash(folder.as_os_str().as_encoded_bytes());
        if self.name == Some(name) && self.lost.is_none() {
            return;
        }
        let kept = cache.map_or(Ok(None), |cache| cache.text(&name));
        let read = kept.and_then(|text| text.map_or_else(|| Ok(Versions::new()), |text| read(&text)));
        self.name = Some(name);
        match read {
            Ok(newest) => (self.newest, self.lost) = (newest, None),
            Err(why) => self.lost = Some(why),
        }
    }

    /// Whether this version may serve at a place, with what has served there before.
    pub(super) fn check(&self, place: &PluginSource, vouched: Vouched) -> Result<(), LoadError> {
        if let Some(why) = &self.lost {
            return Err(LoadError::Versions(why.clone()));
        }
        let Vouched { version, manifest } = vouched;
        match self.newest.get(&place.to_string()) {
            Some(newest) if version < newest.version => Err(LoadError::Older { version, newest: newest.version }),
            // A number that stands for two things says nothing about which is the later one.
            Some(newest) if version == newest.version && manifest != newest.manifest => {
                Err(LoadError::SameVersion { version })
            }
            Some(_) => Ok(()),
            None if self.newest.len() < PLACES => Ok(()),
            None => Err(LoadError::Versions(format!("there are {PLACES} of them already"))),
        }
    }

    /// Keeps the versions that serve now, where they are newer than what was seen.
    pub(super) fn remember<'a>(
        &mut self,
        cache: Option<&Cache>,
        serving: impl Iterator<Item = (&'a PluginSource, Vouched)>,
    ) {
        for (place, vouched) in serving {
            let place = place.to_string();
            let newer = self.newest.get(&place).is_none_or(|newest| vouched.version > newest.version);
            // A name that is two lines is no signed plugin's.
            if newer && !place.contains('\n') {
                self.newest.insert(place, vouched);
                self.unkept = true;
            }
        }
        if self.unkept {
            self.keep(cache);
        }
    }

    fn keep(&mut self, cache: Option<&Cache>) {
        let (Some(cache), Some(name), None) = (cache, self.name, &self.lost) else { return };
        // Another gateway with the same folder and cache may have seen what this one has not.
        if let Ok(Some(theirs)) = cache.text(&name).and_then(|text| text.map(|text| read(&text)).transpose()) {
            for (place, theirs) in theirs {
                let newest = self.newest.entry(place).or_insert(theirs);
                if theirs.version > newest.version {
                    *newest = theirs;
                }
            }
        }
        match cache.keep_text(&name, &write(&self.newest)) {
            Ok(()) => self.unkept = false,
            Err(why) => {
                let file = cache.text_path(&name);
                tracing::error!(file = %file.display(), %why, "the versions of signed plugins are not kept: a restart forgets them");
            }
        }
    }
}

fn write(newest: &Versions) -> String {
    let mut text = format!("{FORM}\n");
    for (place, Vouched { version, manifest }) in newest.iter().take(PLACES) {
        let _ = writeln!(text, "{version} {} {place}", manifest.to_hex());
    }
    text
}

fn read(text: &str) -> Result<Versions, String> {
    let mut lines = text.lines();
    if lines.next() != Some(FORM) {
        return Err(format!("what was kept does not begin with `{FORM}`"));
    }
    let entry = |line: &str| {
        let (version, rest) = line.split_once(' ')?;
        let (manifest, place) = rest.split_once(' ')?;
        let (version, manifest) = (version.parse().ok()?, blake3::Hash::from_hex(manifest).ok()?);
        Some((place.to_owned(), Vouched { version, manifest }))
    };
    lines.map(|line| entry(line).ok_or_else(|| "what was kept is not as it was written".to_owned())).collect()
}
