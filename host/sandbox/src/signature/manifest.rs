//! What is signed: which plugin this is, which version of it, and every file that it is read from.

use std::fmt;

use blake3::Hash;

/// The first line of a manifest: what it is, and of which form.
const FORM: &str = "weir-plugin 2";
/// The other lines begin with these words, in this order.
const KEYS: [&str; 5] = ["name", "version", "component", "settings", "schema"];
const BLAKE3: &str = "blake3:";
const NONE: &str = "none";
/// Bytes of a plugin's name.
const NAME: usize = 128;

/// What a signature is of. One text stands for it, and no other: [`Manifest::text`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The plugin's name: its file's without `.wasm`.
    pub name: String,
    /// Counts up with each version that is to take the place of an earlier one.
    pub version: u64,
    /// BLAKE3 of `NAME.wasm`.
    pub component: Hash,
    /// BLAKE3 of `NAME.toml`; none if there must be none.
    pub settings: Option<Hash>,
    /// BLAKE3 of `NAME.schema.json`; none if there must be none.
    pub schema: Option<Hash>,
}

/// A file that may lie beside a plugin's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Beside {
    /// It was not read, whether it is there or not, and decides nothing.
    Unread,
    /// There is none.
    Absent,
    /// It was read, and this is its BLAKE3.
    Read(Hash),
}

impl Beside {
    /// What was read of a file, if it is there.
    #[must_use]
    pub fn of(read: Option<&[u8]>) -> Self {
        read.map_or(Self::Absent, |bytes| Self::Read(blake3::hash(bytes)))
    }
}

/// What is to serve: a plugin's name, and the files that were read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedFiles<'a> {
    /// The name under which it lies there.
    pub name: &'a str,
    /// BLAKE3 of its component.
    pub component: Hash,
    /// `NAME.toml`.
    pub settings: Beside,
    /// `NAME.schema.json`.
    pub schema: Beside,
}

/// A part of a plugin, for messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PluginPart {
    /// Its `NAME.wasm`.
    Component,
    /// Its `NAME.toml`.
    Settings,
    /// Its `NAME.schema.json`.
    Schema,
}

impl fmt::Display for PluginPart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Component => "component (NAME.wasm)",
            Self::Settings => "settings file (NAME.toml)",
            Self::Schema => "schema (NAME.schema.json)",
        })
    }
}

/// How what is there differs from what was signed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Difference {
    /// It was signed under another name.
    #[error(
        "it was signed as `{signed}` and lies here as `{found}`: a signature is of one plugin, and not of what else it may be taken for"
    )]
    Name {
        /// In the manifest.
        signed: String,
        /// Of the file.
        found: String,
    },
    /// A file is not the one that was signed.
    #[error("its {0} was changed after it was signed")]
    Changed(PluginPart),
    /// A file that was signed is not there.
    #[error("its {0} was signed and is not there")]
    Gone(PluginPart),
    /// There is a file where the manifest says that there is none.
    #[error("its {0} was added after it was signed: remove it, or sign anew")]
    Added(PluginPart),
}

impl Manifest {
    /// A manifest of these files.
    #[must_use]
    pub fn of(name: &str, version: u64, component: &[u8], settings: Option<&[u8]>, schema: Option<&[u8]>) -> Self {
        let (component, settings, schema) =
            (blake3::hash(component), settings.map(blake3::hash), schema.map(blake3::hash));
        Self { name: name.to_owned(), version, component, settings, schema }
    }

    /// Whether a text can be the name of a signed plugin: a line of its own in a manifest, and a file's.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let valid = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.');
        let starts = name.starts_with(|c: char| c.is_ascii_alphanumeric());
        starts && name.len() <= NAME && name.bytes().all(valid) && !name.ends_with(".wasm")
    }

    /// The one text that stands for it, which is what is signed and what begins a `.sig` file.
    #[must_use]
    pub fn text(&self) -> String {
        let hash = |hash: &Hash| format!("{BLAKE3}{}", hash.to_hex());
        let beside = |found: &Option<Hash>| found.as_ref().map_or_else(|| NONE.to_owned(), hash);
        let Self { name, version, component, settings, schema } = self;
        let (component, settings, schema) = (hash(component), beside(settings), beside(schema));
        format!("{FORM}\nname {name}\nversion {version}\ncomponent {component}\nsettings {settings}\nschema {schema}\n")
    }

    /// Reads the manifest at a text's beginning; answers what stands behind it, too.
    ///
    /// # Errors
    /// The line, from 1, and why it is not as [`Manifest::text`] writes it: that text and no other is taken.
    pub(super) fn read(text: &str) -> Result<(Self, &str), (usize, String)> {
        let mut lines = text.lines();
        if lines.next() != Some(FORM) {
            return Err((1, format!("a manifest begins with the line `{FORM}`")));
        }
        let [mut name, mut version, mut component, mut settings, mut schema] = [""; 5];
        let values = [&mut name, &mut version, &mut component, &mut settings, &mut schema];
        for (at, (key, value)) in KEYS.iter().zip(values).enumerate() {
            let found = lines.next().and_then(|line| line.strip_prefix(key)?.strip_prefix(' '));
            *value = found.ok_or_else(|| (at + 2, format!("here stands `{key}`, a blank and its value")))?;
        }
        if !Self::is_name(name) {
            return Err((2, "this can be no plugin's name".to_owned()));
        }
        let hash = |text: &str| text.strip_prefix(BLAKE3).and_then(|digits| Hash::from_hex(digits).ok());
        let no_hash = |line: usize| (line, format!("here stands `{BLAKE3}` and 64 hexadecimal digits"));
        let beside = |text: &str, line: usize| match text {
            NONE => Ok(None),
            text => hash(text).map(Some).ok_or_else(|| no_hash(line)),
        };
        let manifest = Self {
            name: name.to_owned(),
            version: version.parse().map_err(|_| (3, "a version is a whole number".to_owned()))?,
            component: hash(component).ok_or_else(|| no_hash(4))?,
            settings: beside(settings, 5)?,
            schema: beside(schema, 6)?,
        };
        // What is signed is what is read: no second way to write the same.
        let rest = text.strip_prefix(&manifest.text());
        let rest = rest.ok_or_else(|| (1, "it is not written as `weir plugin sign` writes it".to_owned()))?;
        Ok((manifest, rest))
    }

    /// How what is there differs from it first, if it does.
    pub(super) fn compare(&self, found: &SignedFiles<'_>) -> Result<(), Difference> {
        self.differences(found).into_iter().next().map_or(Ok(()), Err)
    }

    /// In what it differs from what is there: the name, and every file that is not as it was signed.
    #[must_use]
    pub fn differences(&self, found: &SignedFiles<'_>) -> Vec<Difference> {
        let renamed = || Difference::Name { signed: self.name.clone(), found: found.name.to_owned() };
        let name = (self.name != found.name).then(renamed);
        let component = (self.component != found.component).then_some(Difference::Changed(PluginPart::Component));
        let beside = |signed: Option<Hash>, found: Beside, part: PluginPart| match (signed, found) {
            (_, Beside::Unread) | (None, Beside::Absent) => None,
            (None, Beside::Read(_)) => Some(Difference::Added(part)),
            (Some(_), Beside::Absent) => Some(Difference::Gone(part)),
            (Some(signed), Beside::Read(found)) => (signed != found).then_some(Difference::Changed(part)),
        };
        let settings = beside(self.settings, found.settings, PluginPart::Settings);
        let schema = beside(self.schema, found.schema, PluginPart::Schema);
        [name, component, settings, schema].into_iter().flatten().collect()
    }
}
