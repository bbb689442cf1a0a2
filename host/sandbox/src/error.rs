//! What can go wrong: while a plugin is loaded, and while it is called.

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

/// Why a call did not end with the plugin's answer. The instance that faulted is burned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The guest trapped.
    #[error("trapped: {0}")]
    Trap(String),
    /// It used more CPU time than its deadline.
    #[error("ran past its deadline")]
    Deadline,
    /// It wanted more memory than its limit and did not survive the refusal.
    #[error("ran out of memory")]
    Memory,
    /// Its call stack ran out.
    #[error("overflowed its stack")]
    Stack,
    /// It made more host calls than its limit.
    #[error("made too many host calls")]
    HostCalls,
    /// Its answer broke the contract or its bounds.
    #[error("gave an answer that breaks the contract: {0}")]
    Answer(String),
    /// It asked for the pieces of a body or of events that cannot be shown in pieces.
    #[error("cannot be shown what it asked for: {0}")]
    Unreadable(String),
    /// What it was shown is more than it has memory for.
    #[error("has not enough memory for the {bytes} bytes that it was to look at")]
    TooLarge {
        /// Bytes of the bodies at hand.
        bytes: usize,
    },
    /// Every instance was busy for longer than the plugin may wait.
    #[error("had no free instance in time")]
    Busy,
    /// The engine has as many instances as it can hold, of all plugins and tenants together.
    #[error("found no room for another instance")]
    Full,
    /// The tenant's plugins have as many instances, or as much memory, as those of one tenant may have.
    #[error("found this tenant's share of instances and memory used up")]
    Share,
    /// A new instance could not be made.
    #[error("could not be started: {0}")]
    Start(String),
    /// The tenant's budget of CPU time for this plugin is used up.
    #[error("has used up this tenant's budget of CPU time")]
    Budget,
    /// It faulted so often for this tenant that it is not called for a while.
    #[error("is in quarantine after repeated faults")]
    Quarantined,
    /// Those who vouched for it are not trusted any more.
    #[error("is not called, for nobody who is trusted vouches for it any more")]
    Untrusted,
}

impl Fault {
    /// Every reason, in the order of [`Fault::index`].
    pub const REASONS: [&'static str; 15] = [
        "trap",
        "deadline",
        "memory",
        "stack",
        "host-calls",
        "answer",
        "busy",
        "full",
        "start",
        "budget",
        "quarantined",
        "unreadable",
        "too-large",
        "share",
        "untrusted",
    ];

    /// One of each, in the order of [`Fault::REASONS`].
    #[cfg(test)]
    pub(crate) fn each() -> [Self; Self::REASONS.len()] {
        let text = String::new;
        [
            Self::Trap(text()),
            Self::Deadline,
            Self::Memory,
            Self::Stack,
            Self::HostCalls,
            Self::Answer(text()),
            Self::Busy,
            Self::Full,
            Self::Start(text()),
            Self::Budget,
            Self::Quarantined,
            Self::Unreadable(text()),
            Self::TooLarge { bytes: 1 },
            Self::Share,
            Self::Untrusted,
        ]
    }

    /// Position of this fault's reason in [`Fault::REASONS`].
    #[must_use]
    pub const fn index(&self) -> usize {
        match self {
            Fault::Trap(_) => 0,
            Fault::Deadline => 1,
            Fault::Memory => 2,
            Fault::Stack => 3,
            Fault::HostCalls => 4,
            Fault::Answer(_) => 5,
            Fault::Busy => 6,
            Fault::Full => 7,
            Fault::Start(_) => 8,
            Fault::Budget => 9,
            Fault::Quarantined => 10,
            Fault::Unreadable(_) => 11,
            Fault::TooLarge { .. } => 12,
            Fault::Share => 13,
            Fault::Untrusted => 14,
        }
    }

    /// Whether the guest did it, and not a want of room or of budget, or what it was to look at.
    #[must_use]
    pub(crate) const fn is_guests(&self) -> bool {
        match self {
            Fault::Busy
            | Fault::Full
            | Fault::Share
            | Fault::Budget
            | Fault::Quarantined
            | Fault::Untrusted
            | Fault::Unreadable(_)
            | Fault::TooLarge { .. } => false,
            Fault::Trap(_)
            | Fault::Deadline
            | Fault::Memory
            | Fault::Stack
            | Fault::HostCalls
            | Fault::Answer(_)
            | Fault::Start(_) => true,
        }
    }

    /// Whether it was not the plugin's doing, but what its tenant may have, or whom the operator trusts: such requests may come
    /// by the thousand.
    #[must_use]
    pub const fn is_skipped(&self) -> bool {
        matches!(self, Fault::Budget | Fault::Quarantined | Fault::Share | Fault::Untrusted)
    }

    /// Of a fault that is neither the guest's nor skipped, which kind it is: what was wanted was not to be had, or cannot be
    /// shown. Whoever asks can have it come with each request, and the plugin is not to blame.
    #[must_use]
    pub(crate) const fn want(&self) -> Option<usize> {
        match self {
            Fault::Busy => Some(0),
            Fault::Full => Some(1),
            Fault::TooLarge { .. } => Some(2),
            Fault::Unreadable(_) => Some(3),
            Fault::Trap(_)
            | Fault::Deadline
            | Fault::Memory
            | Fault::Stack
            | Fault::HostCalls
            | Fault::Answer(_)
            | Fault::Start(_)
            | Fault::Share
            | Fault::Budget
            | Fault::Quarantined
            | Fault::Untrusted => None,
        }
    }

    /// The reason as metrics name it.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        Self::REASONS.get(self.index()).copied().unwrap_or("trap")
    }
}
