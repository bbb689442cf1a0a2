//! What is told of a configuration: its tables as a tree, with what each key says.

use crate::authorities::Authorities;
use crate::syntax::quoted;

/// What has keys that are told of.
pub(crate) trait Tell {
    /// Tells what each of its keys says.
    fn tell(&self, told: &mut ToldTable);
}

/// What a key says.
#[derive(PartialEq)]
pub(crate) enum Fact {
    /// May be shown.
    Open(String),
    /// May be compared, and is never shown.
    Hidden(String),
    /// A file: its path is shown, and what stands in it is compared.
    File(Option<Authorities>),
}

/// A table of the file as keys and what they say.
pub(crate) struct ToldTable {
    /// What the table is recognised by.
    pub(crate) id: String,
    /// Where it stands; empty for the file as a whole.
    pub(crate) path: String,
    /// What is said of it when it is added or removed, where its path does not say enough.
    pub(crate) name: Option<String>,
    /// What its keys say, in the order of the documentation.
    pub(crate) facts: Vec<(String, Fact)>,
    /// The tables within it that are told of by themselves.
    tables: Vec<Self>,
    /// What keys begin with while those of an inner table are told.
    within: String,
}

impl ToldTable {
    /// All that is told of the file as a whole: each table, those within it behind it.
    pub(crate) fn all(file: &impl Tell) -> Vec<Self> {
        let mut told = Self::new(String::new(), String::new(), None);
        file.tell(&mut told);
        let mut all = Vec::new();
        told.lay_out(&mut all);
        all
    }

    fn new(id: String, path: String, name: Option<String>) -> Self {
        Self { id, path, name, facts: Vec::new(), tables: Vec::new(), within: String::new() }
    }

    fn lay_out(mut self, all: &mut Vec<Self>) {
        let tables = std::mem::take(&mut self.tables);
        all.push(self);
        tables.into_iter().for_each(|table| table.lay_out(all));
    }

    /// A key whose value may be shown.
    pub(crate) fn open(&mut self, key: &str, shown: impl ToString) {
        self.fact(key, Fact::Open(shown.to_string()));
    }

    /// A key of which only is said that it changed.
    pub(crate) fn hidden(&mut self, key: &str, value: impl Into<String>) {
        self.fact(key, Fact::Hidden(value.into()));
    }

    /// A key that names a file, of which counts what stands in it.
    pub(crate) fn file(&mut self, key: &str, file: Option<&Authorities>) {
        self.fact(key, Fact::File(file.cloned()));
    }

    fn fact(&mut self, key: &str, fact: Fact) {
        self.facts.push((format!("{}{key}", self.within), fact));
    }

    /// An inner table that comes and goes with this one: its keys are told of among this one's.
    pub(crate) fn within(&mut self, key: &str, table: &impl Tell) {
        let before = self.within.len();
        self.within.push_str(key);
        self.within.push('.');
        table.tell(self);
        self.within.truncate(before);
    }

    /// An inner table behind the keys of this one.
    pub(crate) fn table(&mut self, key: &str, table: &impl Tell) {
        let path = self.path_of(key);
        self.add(Self::new(path.clone(), path, None), |told| table.tell(told));
    }

    /// One of the inner tables that the operator gave names to.
    pub(crate) fn named(&mut self, key: &str, name: &str, tell: impl FnOnce(&mut Self)) {
        let path = format!("{}.{}", self.path_of(key), quoted(name));
        self.add(Self::new(path.clone(), path, None), tell);
    }

    /// The inner tables of a list, each recognised by its label: by one label the first by the first, and so on.
    pub(crate) fn list<'i, T: Tell + 'i>(&mut self, key: &str, items: impl Iterator<Item = (String, &'i T)>) {
        let path = self.path_of(key);
        let mut labels: Vec<String> = Vec::new();
        for (index, (label, item)) in items.enumerate() {
            let place = labels.iter().filter(|before| **before == label).count();
            let table = Self::new(format!("{path}.{label}.{place}"), format!("{path}[{index}]"), Some(label.clone()));
            self.add(table, |told| item.tell(told));
            labels.push(label);
        }
    }

    fn add(&mut self, mut table: Self, tell: impl FnOnce(&mut Self)) {
        tell(&mut table);
        self.tables.push(table);
    }

    /// Where a key of this table stands.
    pub(crate) fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    /// What it is called when it is added or removed.
    pub(crate) fn label(&self) -> String {
        match &self.name {
            Some(name) => format!("{} ({name})", self.path),
            None => self.path.clone(),
        }
    }

    /// What a key says; none if it is not there.
    pub(crate) fn says(&self, key: &str) -> Option<&Fact> {
        self.facts.iter().find(|(name, _)| name == key).map(|(_, fact)| fact)
    }
}

/// Items between brackets.
pub(crate) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// Names between brackets, each in quotes.
pub(crate) fn names(names: &[String]) -> String {
    list(names.iter().map(|name| format!("{name:?}")))
}
