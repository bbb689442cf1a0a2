//! Versions that did not stand their trial: remembered, so that no file comes back by being put there once more.
//!
//! Whoever can write one tenant's folder can have versions rolled back at will, so what is remembered is bounded for each
//! folder apart: nobody makes the gateway forget what was found of somebody else's plugins. It is not kept over a restart:
//! then there is no older version that could serve in the place of a refused one.

use crate::source::{FilePlace, PluginSource};
use blake3::Hash;
use std::collections::{HashMap, VecDeque};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Whose plugins are remembered together.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Folder {
    Chain,
    All,
    Tenant(String),
}

impl Folder {
    fn of(source: &PluginSource) -> Self {
        match source {
            PluginSource::Named(_) | PluginSource::Folder(_) => Self::Chain,
            PluginSource::All(_) => Self::All,
            PluginSource::Tenant(tenant, _) => Self::Tenant(tenant.clone()),
        }
    }
}

#[derive(Debug, Clone)]
struct Version {
    place: FilePlace,
    digest: Hash,
    why: String,
}

/// What is remembered.
#[derive(Debug, Clone, Default)]
pub(super) struct RefusedVersions(HashMap<Folder, VecDeque<Version>>);

impl RefusedVersions {
    /// Remembers a version, of each folder at most so many; the oldest are forgotten first.
    pub(super) fn remember(&mut self, place: &FilePlace, digest: Hash, why: String, most: usize) {
        self.forget(place, digest);
        let versions = self.0.entry(Folder::of(&place.0)).or_default();
        versions.push_back(Version { place: place.clone(), digest, why });
        while versions.len() > most {
            versions.pop_front();
        }
        debug_assert!(versions.len() <= most, "of each folder at most so many");
    }

    /// Forgets a version: the operator wants it all the same.
    pub(super) fn forget(&mut self, place: &FilePlace, digest: Hash) {
        if let Some(versions) = self.0.get_mut(&Folder::of(&place.0)) {
            versions.retain(|version| version.place != *place || version.digest != digest);
        }
    }

    /// Forgets the versions of tenants who are no more.
    pub(super) fn keep_tenants(&mut self, known: impl Fn(&str) -> bool) {
        self.0.retain(|folder, versions| match folder {
            Folder::Tenant(tenant) => known(tenant) && !versions.is_empty(),
            Folder::Chain | Folder::All => !versions.is_empty(),
        });
    }

    /// Why a version is not to serve at a place, if it was found not to do there.
    pub(super) fn why(&self, place: &FilePlace, digest: Hash) -> Option<&str> {
        let versions = self.0.get(&Folder::of(&place.0))?;
        let found = versions.iter().find(|version| version.place == *place && version.digest == digest);
        found.map(|version| version.why.as_str())
    }
}
