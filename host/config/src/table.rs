//! A table of the file. Asking for a key makes it known; [`ConfigTable::finish`] reports the keys that nobody asked for.

use std::cell::RefCell;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::time::Duration;

use toml::de::{DeTable, DeValue};

use crate::source::{At, ConfigSource};
use crate::suggest;
use crate::value::ConfigValue;

/// The keys of the file as a whole. One that stands behind a table is read as that table's.
const OF_THE_FILE: [&str; 10] =
    ["cors", "limits", "log", "metrics", "models", "pepper", "plugins", "providers", "server", "tenants"];

/// A table and where it stands; one that the file does not have reads as an empty one.
pub(crate) struct ConfigTable<'t> {
    pub(crate) source: &'t ConfigSource<'t>,
    pub(crate) at: At,
    entries: Option<&'t DeTable<'t>>,
    known: RefCell<Vec<&'static str>>,
    /// Keys of which something has been said already.
    overlooked: RefCell<Vec<String>>,
}

impl<'t> ConfigTable<'t> {
    pub(crate) fn new(source: &'t ConfigSource<'t>, at: At, entries: Option<&'t DeTable<'t>>) -> Self {
        Self { source, at, entries, known: RefCell::default(), overlooked: RefCell::default() }
    }

    /// The value of a key; none if the table does not have it.
    pub(crate) fn value(&self, key: &'static str) -> Option<ConfigValue<'t>> {
        self.known.borrow_mut().push(key);
        let (_, value) = self.entries?.get_key_value(key)?;
        Some(ConfigValue { source: self.source, at: self.at_of(key), toml: value.get_ref() })
    }

    /// The value of a key that must be there; a problem that says `fix` if it is not.
    pub(crate) fn required(&self, key: &'static str, fix: &str) -> Option<ConfigValue<'t>> {
        let value = self.value(key);
        if value.is_none() {
            self.source.problem(&self.at.child(key, self.at.line), "is missing", fix);
        }
        value
    }

    /// Whether the table has a key.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.entries.is_some_and(|entries| entries.contains_key(key))
    }

    /// Where a key stands, or would stand if the table had it.
    pub(crate) fn at_of(&self, key: &str) -> At {
        let spanned = self.entries.and_then(|entries| entries.get_key_value(key)).map(|(spanned, _)| spanned);
        self.at.child(key, spanned.map_or(self.at.line, |spanned| self.source.line(spanned.span().start)))
    }

    /// The table under a key; an empty one if there is none.
    pub(crate) fn table(&self, key: &'static str) -> ConfigTable<'t> {
        let found = self.value(key).and_then(|value| value.table());
        found.unwrap_or_else(|| ConfigTable::new(self.source, self.at.child(key, self.at.line), None))
    }

    /// Every entry of a table whose keys are names that the operator chose, in the order of the file.
    pub(crate) fn named(&self) -> Vec<(&'t str, ConfigValue<'t>)> {
        let mut entries: Vec<_> = self.entries.into_iter().flat_map(|entries| entries.iter()).collect();
        entries.sort_by_key(|(key, _)| key.span().start);
        let entry = |(key, value): (&'t toml::Spanned<_>, &'t toml::Spanned<DeValue<'t>>)| {
            let name: &'t std::borrow::Cow<'t, str> = key.get_ref();
            let at = self.at.child(name, self.source.line(key.span().start));
            (name.as_ref(), ConfigValue { source: self.source, at, toml: value.get_ref() })
        };
        entries.into_iter().map(entry).collect()
    }

    pub(crate) fn flag(&self, key: &'static str, default: bool) -> bool {
        self.value(key).and_then(|value| value.flag()).unwrap_or(default)
    }

    pub(crate) fn whole<N>(&self, key: &'static str, default: N, range: RangeInclusive<N>) -> N
    where
        N: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        self.value(key).and_then(|value| value.whole(range)).unwrap_or(default)
    }

    /// A limit that may be left out: none means unlimited.
    pub(crate) fn limit(&self, key: &'static str) -> Option<u32> {
        self.value(key).and_then(|value| value.whole(1..=u32::MAX))
    }

    pub(crate) fn size(&self, key: &'static str, default: usize, range: RangeInclusive<u64>) -> usize {
        let size = self.value(key).and_then(|value| value.size(range));
        size.and_then(|size| usize::try_from(size).ok()).unwrap_or(default)
    }

    pub(crate) fn duration(&self, key: &'static str, default: Duration, range: RangeInclusive<Duration>) -> Duration {
        self.value(key).and_then(|value| value.duration(range)).unwrap_or(default)
    }

    pub(crate) fn choice<C: Copy>(&self, key: &'static str, default: C, choices: &[(&str, C)]) -> C {
        self.value(key).and_then(|value| value.choice(choices)).unwrap_or(default)
    }

    /// Says no more of a key.
    pub(crate) fn overlook(&self, key: &str) {
        self.overlooked.borrow_mut().push(key.to_owned());
    }

    /// Reports every key that nobody asked for.
    pub(crate) fn finish(self) {
        let (known, overlooked) = (self.known.borrow(), self.overlooked.borrow());
        for (name, value) in self.named() {
            if !known.contains(&name) && !overlooked.iter().any(|key| key == name) {
                let is_misplaced = !self.at.key.is_empty() && OF_THE_FILE.contains(&name);
                let fix = match is_misplaced {
                    true => format!("`{name}` belongs to the file as a whole: put it above the first table"),
                    false => suggest::fix(name, "known here", &known),
                };
                value.problem("is not known", fix);
            }
        }
    }
}

impl<'t> ConfigValue<'t> {
    /// The value as a table; a problem if it is none.
    pub(crate) fn table(&self) -> Option<ConfigTable<'t>> {
        let Some(entries) = self.toml.as_table() else {
            self.no_table();
            return None;
        };
        Some(ConfigTable::new(self.source, self.at.clone(), Some(entries)))
    }
}
