//! What lies in the plugin folder and does nothing, though whoever put it there may believe that it does: a guard that is
//! none. Each is named, with what may have been meant. What people keep beside plugins is left alone: hidden files, what
//! editors leave behind, notes for readers, and what belongs to a plugin that is there.

use crate::reason::visible;
use crate::source::TENANTS;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weir_config::file::{self, ENTRIES, EntryKind, FolderEntry};
use weir_config::nearest_name;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What is named of one folder; of the rest it is said how many there are.
const NAMED: usize = 16;
/// The same of all folders together.
const NAMED_OF_ALL: usize = 256;
/// Folders in the plugin folder into which a look is taken for plugins that lie too deep.
const LOOKED_INTO: usize = 16;
/// Bytes of a name that is shown.
const SHOWN: usize = 255;

/// How names end of files that are kept and not meant to do anything, or are being written.
const ASIDE: [&str; 25] = [
    "md",
    "bak",
    "backup",
    "orig",
    "old",
    "new",
    "rej",
    "swp",
    "swo",
    "swx",
    "tmp",
    "temp",
    "part",
    "partial",
    "crdownload",
    "download",
    "save",
    "disabled",
    "off",
    "dpkg-old",
    "dpkg-dist",
    "dpkg-new",
    "rpmnew",
    "rpmsave",
    "rpmorig",
];
/// How the names of notes for readers begin, in whatever case.
const NOTES: [&str; 7] = ["readme", "license", "licence", "notice", "changelog", "copying", "authors"];
/// How these may end.
const NOTE_ENDINGS: [&str; 5] = ["txt", "rst", "adoc", "html", "pdf"];
/// Names that others give: of what `weir-pack` writes, of file systems and of editors.
const OTHERS: [&str; 4] = ["plugins.lock", "lost+found", "4913", "thumbs.db"];
/// How sums and signatures of others end, which may lie beside a plugin's file under its name.
const SUMS: [&str; 6] = ["sha256", "sha512", "blake3", "md5", "asc", "minisig"];
/// How names end that mean something here, the longest first.
const MEANT: [&str; 4] = [".schema.json", ".wasm.sig", ".wasm", ".toml"];

/// Something in the plugin folder that does nothing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stray {
    /// Where it is, below the plugin folder; nothing in it that a terminal obeys.
    pub place: PathBuf,
    /// Why it does nothing, and what may be meant.
    pub why: String,
}

/// A folder in which plugins may lie, or which holds such.
#[derive(Debug, Clone, Copy)]
pub(super) enum Room<'a> {
    /// The plugin folder itself: what is in it is there for the chain to name.
    Whole,
    /// `all/`.
    All,
    /// `tenants/`.
    Tenants,
    /// A tenant's.
    Tenant(&'a str),
}

impl Room<'_> {
    /// Where it is, below the plugin folder.
    fn path(self) -> PathBuf {
        match self {
            Self::Whole => PathBuf::new(),
            Self::All => PathBuf::from("all"),
            Self::Tenants => PathBuf::from(TENANTS),
            Self::Tenant(name) => Path::new(TENANTS).join(shown(name.as_bytes())),
        }
    }
}

/// What is known of who is configured.
pub(super) struct ScanContext<'a> {
    /// The plugin folder.
    pub(super) folder: &'a Path,
    /// The tenants' names.
    pub(super) tenants: &'a BTreeSet<&'a str>,
    /// Files that the configuration is made of, should they lie there.
    pub(super) own: &'a [PathBuf],
}

/// All that was found.
#[derive(Debug, Default)]
pub(super) struct Strays(Vec<Stray>);

impl Strays {
    /// Looks through what is in a folder.
    pub(super) fn add(&mut self, room: Room<'_>, entries: &[FolderEntry], known: &ScanContext<'_>) {
        let mut entries: Vec<&FolderEntry> = entries.iter().collect();
        entries.sort();
        let look = Look::new(room, &entries, known);
        let mut found = entries.iter().filter_map(|entry| look.judge(entry));
        let named: Vec<Stray> = found.by_ref().take(NAMED).collect();
        let more = found.count();
        self.0.extend(named);
        if more > 0 {
            let why = format!("{} nothing", weir_config::counted(more, "more file in it does", "more files in it do"));
            self.0.push(Stray { place: room.path(), why });
        }
    }

    /// A folder of a tenant who is not configured, with no plugin in it that would be named.
    pub(super) fn add_nobodys(&mut self, tenant: &str, entries: &[FolderEntry], known: &ScanContext<'_>) {
        let is_left_alone = |entry: &FolderEntry| is_kept_aside(&entry.name.to_string_lossy());
        if !entries.iter().all(is_left_alone) {
            let why = format!(
                "there is no tenant `{}` in the configuration: name the folder after one, or remove it{}",
                shown(tenant.as_bytes()),
                near(tenant, known)
            );
            self.0.push(Stray { place: Room::Tenant(tenant).path(), why });
        }
    }

    /// What is told of all that was found.
    pub(super) fn told(mut self) -> Vec<Stray> {
        let more = self.0.len().saturating_sub(NAMED_OF_ALL);
        self.0.truncate(NAMED_OF_ALL);
        if more > 0 {
            let why =
                format!("{} named", weir_config::counted(more, "more thing in it is not", "more things in it are not"));
            self.0.push(Stray { place: PathBuf::new(), why });
        }
        self.0
    }
}

/// A look at one folder.
struct Look<'a> {
    room: Room<'a>,
    known: &'a ScanContext<'a>,
    /// The plugins in it, by the names of their files without `.wasm`.
    plugins: BTreeSet<String>,
    /// Folders that were looked into.
    looked: Cell<usize>,
}

impl<'a> Look<'a> {
    fn new(room: Room<'a>, entries: &[&FolderEntry], known: &'a ScanContext<'a>) -> Self {
        let stem = |entry: &&FolderEntry| Some(entry.name.to_str()?.strip_suffix(".wasm")?.to_owned());
        Self { room, known, plugins: entries.iter().filter_map(stem).collect(), looked: Cell::new(0) }
    }

    /// What is to be said of something in it, if anything is.
    fn judge(&self, entry: &FolderEntry) -> Option<Stray> {
        let name = entry.name.to_string_lossy();
        if is_kept_aside(&name) || self.is_own(entry) {
            return None;
        }
        let why = match entry.kind {
            EntryKind::Folder => self.folder(&name, entry),
            // What holds a tenant's files and cannot be read is a problem by itself.
            EntryKind::Other if matches!(self.room, Room::Tenants) => None,
            EntryKind::File | EntryKind::Other => self.file(&name),
        }?;
        Some(Stray { place: self.room.path().join(shown(name.as_bytes())), why })
    }

    /// Whether it is a file of the configuration's.
    fn is_own(&self, entry: &FolderEntry) -> bool {
        matches!(self.room, Room::Whole) && self.known.own.contains(&self.known.folder.join(&entry.name))
    }

    fn folder(&self, name: &str, entry: &FolderEntry) -> Option<String> {
        match self.room {
            // A tenant's; and what is called like a plugin is looked at as one.
            Room::Tenants => None,
            Room::All | Room::Tenant(_) if name.ends_with(".wasm") => None,
            Room::All | Room::Tenant(_) => {
                Some("is a folder, and nothing in it is looked at: put the files of plugins beside it".to_owned())
            }
            Room::Whole if name == "all" || name == TENANTS => None,
            Room::Whole => {
                let meant = nearest_name(name, &["all", TENANTS]).map(str::to_owned);
                let tenant = || self.known.tenants.contains(name).then(|| format!("{TENANTS}/{name}"));
                let hint = meant.or_else(tenant).map(|meant| format!("did you mean `{}/`? ", shown(meant.as_bytes())));
                (hint.is_some() || self.has_plugins(entry)).then(|| {
                    let hint = hint.unwrap_or_default();
                    format!("nothing in it is looked at: {hint}plugins lie in all/, {TENANTS}/NAME/, or here for the chain to name")
                })
            }
        }
    }

    /// Whether plugins are in a folder that is none of those in which they apply.
    fn has_plugins(&self, entry: &FolderEntry) -> bool {
        self.looked.set(self.looked.get() + 1);
        if self.looked.get() > LOOKED_INTO {
            return false;
        }
        let found = file::list(&self.known.folder.join(&entry.name), ENTRIES).unwrap_or_default();
        found.iter().any(|entry| entry.name.as_encoded_bytes().ends_with(b".wasm"))
    }

    fn file(&self, name: &str) -> Option<String> {
        let end = MEANT.into_iter().find(|end| name.ends_with(end));
        let stem = end.and_then(|end| name.strip_suffix(end)).unwrap_or_default();
        if let Room::Tenants = self.room {
            return Some("lies in no tenant's folder, and so is for nobody: put it into one, or into all/".to_owned());
        }
        let of_none =
            |what: &str| (!self.plugins.contains(stem)).then(|| self.of_none(what, stem, end.unwrap_or_default()));
        match end {
            Some(".wasm") => None,
            Some(".toml") if matches!(self.room, Room::Whole) => Some(
                "is not read: what the chain names has its settings in [[plugins.chain]], and what applies by its place \
                 lies in all/ or tenants/NAME/"
                    .to_owned(),
            ),
            Some(".toml") => of_none("settings"),
            Some(".schema.json") => of_none("a schema"),
            Some(".wasm.sig") => of_none("a signature"),
            Some(_) | None => self.unknown(name),
        }
    }

    /// A file that would belong to a plugin that is not there.
    fn of_none(&self, what: &str, stem: &str, end: &str) -> String {
        let plugins: Vec<&str> = self.plugins.iter().map(String::as_str).collect();
        let near =
            nearest_name(stem, &plugins).map(|near| format!("; did you mean `{}{end}`?", shown(near.as_bytes())));
        format!(
            "is {what} of no plugin: there is no {}.wasm beside it{}",
            shown(stem.as_bytes()),
            near.unwrap_or_default()
        )
    }

    /// A file whose name ends in a way that means nothing here.
    fn unknown(&self, name: &str) -> Option<String> {
        let lower = name.to_ascii_lowercase();
        let did_you_mean =
            |name: &str| format!("is nothing here by its name: did you mean `{}`?", shown(name.as_bytes()));
        if let Some(end) = MEANT.into_iter().find(|end| lower.ends_with(end)) {
            let stem = name.get(..name.len() - end.len()).unwrap_or_default();
            return Some(did_you_mean(&format!("{stem}{end}")));
        }
        let (base, ending) = name.rsplit_once('.').unwrap_or((name, ""));
        if SUMS.contains(&ending) && base.strip_suffix(".wasm").is_some_and(|stem| self.plugins.contains(stem)) {
            return None;
        }
        if let Some(at) = lower.find(".wasm") {
            return Some(did_you_mean(&format!("{}.wasm", name.get(..at).unwrap_or_default())));
        }
        if ending.eq_ignore_ascii_case("wat") {
            return Some("is WebAssembly text: `weir plugin build` makes a plugin of it".to_owned());
        }
        if let Some(near) = nearest_name(ending, &["wasm", "toml"]).filter(|_| !ending.is_empty()) {
            return Some(did_you_mean(&format!("{base}.{near}")));
        }
        if self.plugins.contains(base) {
            let base = shown(base.as_bytes());
            return Some(format!(
                "is not read beside {base}.wasm: its settings are {base}.toml, its schema is {base}.schema.json, its signatures \
                 are {base}.wasm.sig"
            ));
        }
        Some(
            "is nothing here by its name: a plugin is NAME.wasm, with NAME.toml, NAME.schema.json and NAME.wasm.sig"
                .to_owned(),
        )
    }
}

/// The tenant who may be meant by the name of a folder, in words.
pub(super) fn near(tenant: &str, known: &ScanContext<'_>) -> String {
    let names: Vec<&str> = known.tenants.iter().copied().collect();
    let near = nearest_name(tenant, &names);
    near.map(|near| format!("; did you mean `{}`?", shown(near.as_bytes()))).unwrap_or_default()
}

/// Whether it is kept beside plugins, and nobody takes it for one or for a part of one.
fn is_kept_aside(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let first = lower.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
    let ending = lower.rsplit('.').next().unwrap_or_default();
    name.starts_with(['.', '#'])
        || name.ends_with('~')
        || OTHERS.contains(&lower.as_str())
        || (NOTES.contains(&first) && (!lower.contains('.') || NOTE_ENDINGS.contains(&ending)))
        || ASIDE.contains(&ending)
}

/// A name as it may be shown: bounded, and without anything that a terminal obeys.
fn shown(name: &[u8]) -> String {
    visible(&String::from_utf8_lossy(name), SHOWN).0
}
