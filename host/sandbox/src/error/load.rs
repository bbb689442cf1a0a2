//! What can go wrong while a plugin is loaded.

use super::fault::Fault;
use crate::signature::{SignatureError, SigningKeyError};
use std::path::PathBuf;
use weir_config::{FileError, Problems};

/// Why a plugin did not go into service. The text is for operators and names the fix.
#[derive(Debug, Clone, thiserror::Error)]
pub enum LoadError {
    /// The file could not be read.
    #[error("cannot read {path}: {why}", path = .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The operating system's reason.
        why: String,
    },
    /// A file of it is still being written.
    #[error("{path}: is still being written; it is read once it lies still", path = .path.display())]
    Moving {
        /// The file.
        path: PathBuf,
    },
    /// The plugin folder, or a part of it, is not the one that the operator means.
    #[error("{path} {why}: put it back, or mend plugins.folder (--plugins) and start anew", path = .path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What is the matter with it.
        why: String,
    },
    /// The file is larger than the host compiles.
    #[error("is larger than a plugin may be, which is {limit} bytes")]
    TooLarge {
        /// The bound.
        limit: u64,
    },
    /// A file that is meant to be a plugin has a name that no plugin can have.
    #[error("{why}")]
    Name {
        /// What is the matter with it, and what to do.
        why: &'static str,
    },
    /// Not WebAssembly at all: empty, half-written or something else.
    #[error("not a WebAssembly file (is it still being written, or truncated?)")]
    NotWasm,
    /// A core module where a component is needed.
    #[error("a core WebAssembly module, not a component: build it for weir:plugin@0.1 (docs/plugins.md)")]
    CoreModule,
    /// Validation or compilation failed.
    #[error("does not compile: {0}")]
    Compile(String),
    /// It is being compiled, and serves once that is done.
    #[error("is being compiled")]
    Compiling,
    /// It is tried out, and serves once that went well.
    #[error("is being tried out: its start is under way, or waits for its turn")]
    Starting,
    /// There is more in it than is compiled.
    #[error("has {found} {what}, and no more than {limit} are compiled (plugins.compile.{key})")]
    TooMuch {
        /// What there is too much of.
        what: &'static str,
        /// How much of it there is.
        found: u64,
        /// The bound.
        limit: u64,
        /// Its key in `[plugins.compile]`.
        key: &'static str,
    },
    /// Compiling it was ended at a bound.
    #[error("is not compiled: that would take more than {limit} (plugins.compile.{key})")]
    Exceeded {
        /// The bound, with what it is a bound of.
        limit: String,
        /// Its key in `[plugins.compile]`.
        key: &'static str,
    },
    /// Compiling it ended in a way that says nothing about it.
    #[error("is not compiled: {0}; it is tried again at the next look")]
    Compiler(String),
    /// It imports capabilities that the operator did not grant.
    #[error(
        "uses what is not granted, {imports}: add {missing} to the `grants` of its [[plugins.chain]]; a plugin that lies in the folder may \
             have them in its NAME.toml as far as [plugins.dropped] allows, `secrets` and `callouts` never"
    )]
    NotGranted {
        /// The interfaces as the plugin names them, with a comma between any two.
        imports: String,
        /// The grants that offer them, in quotes, in the same order.
        missing: String,
    },
    /// It imports something that Weir does not offer.
    #[error("imports `{import}`, which Weir does not offer: build it against weir:plugin@0.1 and without WASI")]
    UnknownImport {
        /// The interface as the plugin names it.
        import: String,
    },
    /// It exports no hook.
    #[error("exports no hook of weir:plugin@0.1 (policy, router, upstream-request, response, event, observe)")]
    NoHook,
    /// An import or export has another shape than the contract says.
    #[error("does not fit weir:plugin@0.1: {0}")]
    Contract(String),
    /// The file is not the one that the binding names.
    #[error("is not the pinned file: its BLAKE3 is {found}, the binding wants {wanted} (`blake3`)")]
    Pinned {
        /// Of the file.
        found: String,
        /// In the binding.
        wanted: String,
    },
    /// It was on trial and did worse than the version that serves.
    #[error(
        "was on trial and is rolled back: {why}; put another file there, which gets a trial of its own, or name this \
             one in `blake3`, without `canary`, to let it serve: {blake3}"
    )]
    RolledBack {
        /// How it was worse, or who ended its trial.
        why: String,
        /// BLAKE3 of the file, in hexadecimal.
        blake3: String,
    },
    /// Nobody whom the operator trusts vouches for the file.
    #[error("is not trusted: {0} (plugins.keys, plugins.require_signature)")]
    Signature(#[from] SignatureError),
    /// An earlier version than has served at its place: its signature holds, and it is no update.
    #[error(
        "its version {version} is older than {newest}, which has served here: put that or a newer one there, or name the \
         plugin in plugins.allow_older"
    )]
    Older {
        /// In its manifest.
        version: u64,
        /// The newest that has served.
        newest: u64,
    },
    /// A version that has served at its place, of other files.
    #[error(
        "its version {version} has served here with other files: sign it as a newer version, or name the plugin in \
         plugins.allow_older"
    )]
    SameVersion {
        /// In its manifest.
        version: u64,
    },
    /// Which versions have served cannot be told.
    #[error(
        "which versions of signed plugins have served here cannot be told: {0}; remove the file to begin anew, or name \
         the plugin in plugins.allow_older"
    )]
    Versions(String),
    /// A key in the configuration is none.
    #[error("plugins.keys: {0}")]
    Key(#[from] SigningKeyError),
    /// The settings do not fit the schema that it ships.
    #[error("its settings do not fit its schema: {0}")]
    Schema(String),
    /// The schema that it ships is none.
    #[error("the JSON schema that it ships for its settings does not hold: {0}")]
    BadSchema(String),
    /// Its `init` refused the settings.
    #[error("refuses its settings: {0}")]
    Settings(String),
    /// Its first instance faulted before any request.
    #[error("fails at start: {0}")]
    Start(Fault),
    /// The compiled code could not be kept or loaded.
    #[error("compiled code: {0}")]
    Cache(String),
    /// A binding names a plugin for which there is no file.
    #[error("no file {name}.wasm in the plugin folder")]
    Missing {
        /// The plugin's name.
        name: String,
    },
    /// It stands in the folder of a tenant that the configuration does not know.
    #[error("there is no tenant `{tenant}` in the configuration: name the folder after one, or remove it{near}")]
    UnknownTenant {
        /// The folder's name.
        tenant: String,
        /// The one that may be meant, in words; empty if there is none near.
        near: String,
    },
    /// More files of a tenant have problems than are named one by one.
    #[error("{} problems", weir_config::counted(*.count, "more file in it has", "more files in it have"))]
    More {
        /// How many.
        count: usize,
    },
    /// Its way out cannot be opened.
    #[error("callouts: {0}")]
    Callouts(String),
    /// The settings file beside the plugin has problems.
    #[error("{0}")]
    Sidecar(#[from] Problems),
    /// The settings file beside the plugin says nothing any more, where it did.
    #[error("{path} has lost all that it said: write its settings, or remove it if the defaults are meant", path = .path.display())]
    Emptied {
        /// The file.
        path: PathBuf,
    },
}

impl LoadError {
    /// These interfaces are imported, and the grants that offer them missing.
    pub(crate) fn not_granted(missing: &[(&str, &str)]) -> Self {
        let imports: Vec<String> = missing.iter().map(|(import, _)| format!("`{import}`")).collect();
        let grants: Vec<String> = missing.iter().map(|(_, grant)| format!("\"{grant}\"")).collect();
        Self::NotGranted { imports: imports.join(", "), missing: grants.join(", ") }
    }

    /// Why a file that is there, or should be, is not read.
    pub(crate) fn unread(path: PathBuf, why: &FileError) -> Self {
        if matches!(why, FileError::Moving) { Self::Moving { path } } else { Self::Unreadable { path, why: why.why() } }
    }

    /// Whether nothing is wrong, and it is a matter of time: it is being compiled, or tried out.
    #[must_use]
    pub fn is_pending(&self) -> bool {
        matches!(self, Self::Compiling | Self::Starting)
    }

    /// Whether it says something of a file's bytes, so that the same bytes need not be compiled again.
    pub(crate) fn is_verdict(&self) -> bool {
        !matches!(
            self,
            Self::Compiling | Self::Starting | Self::Compiler(_) | Self::Moving { .. } | Self::Unreadable { .. }
        )
    }

    /// Whether nothing is wrong yet: a file is still being written, and is read once it lies still.
    #[must_use]
    pub fn waits(&self) -> bool {
        if let Self::Sidecar(problems) = self {
            return problems.0.iter().all(weir_config::Problem::waits);
        }
        matches!(self, Self::Moving { .. })
    }

    /// Every mistake in a line of its own.
    #[must_use]
    pub fn each(&self) -> Vec<String> {
        if let Self::Sidecar(problems) = self {
            return problems.0.iter().map(ToString::to_string).collect();
        }
        vec![self.to_string()]
    }
}
