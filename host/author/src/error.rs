//! Why a tool could not do what it was asked.

use std::path::{Path, PathBuf};

use weir_component::ComponentError;
use weir_sandbox::LoadError;
use weir_sandbox::signature::SigningKeyError;

/// Why a tool could not do what it was asked. The text names the place and the way out.
#[derive(Debug, thiserror::Error)]
pub enum AuthorError {
    /// A file or folder that cannot be read or written.
    #[error("cannot {what} {path}: {why}", path = .path.display())]
    File {
        /// `read`, `write`, and the like.
        what: &'static str,
        /// Which.
        path: PathBuf,
        /// The operating system's reason.
        why: std::io::Error,
    },
    /// A file that cannot be read, or is not one.
    #[error("cannot read {path}: {why}", path = .path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A file that is to be written is there already.
    #[error("{path} is there already: {fix}", path = .path.display())]
    Exists {
        /// Which.
        path: PathBuf,
        /// What to do about it.
        fix: &'static str,
    },
    /// A folder that is to be filled holds something.
    #[error("{path} is not empty: name another folder with --dir", path = .path.display())]
    NotEmpty {
        /// Which.
        path: PathBuf,
    },
    /// A name that cannot be a plugin's.
    #[error("`{0}` is no name for a plugin: begin with a-z, go on with a-z, 0-9 and `-`, at most 64 characters")]
    Name(String),
    /// There is no template in this language.
    #[error("there is no template in `{language}`; there are {known}")]
    Language {
        /// As it was asked for.
        language: String,
        /// The ones there are.
        known: String,
    },
    /// A folder in which nothing says how to build it.
    #[error(
        "{path}: nothing to build: there is no `build` script, no Cargo.toml and no .wat file whose first line is \
         `;; world: NAME`",
        path = .path.display()
    )]
    NothingToBuild {
        /// Which.
        path: PathBuf,
    },
    /// What builds a plugin did not end well, or made nothing.
    #[error("{what}: {why}")]
    Build {
        /// The command.
        what: String,
        /// How it ended.
        why: String,
    },
    /// A case, or a file of cases, has something wrong in it.
    #[error("{file}: {place}: {what}", file = .file.display())]
    Case {
        /// The file.
        file: PathBuf,
        /// Where in it, such as `cases[1].expect.status`.
        place: String,
        /// What is wrong.
        what: String,
    },
    /// A grant that there is not.
    #[error("--grants: `{grant}` is no grant; there are {known}")]
    Grant {
        /// As it was written.
        grant: String,
        /// The ones there are.
        known: String,
    },
    /// The plugin does not load.
    #[error("{path}: {error}{said}", path = .path.display())]
    Load {
        /// Its file.
        path: PathBuf,
        /// Why.
        error: LoadError,
        /// What it wrote into the log meanwhile, a line for each below; empty if nothing.
        said: String,
    },
    /// A component that cannot be made or read.
    #[error(transparent)]
    Component(#[from] ComponentError),
    /// A key that cannot be made or read.
    #[error("{path}: {error}", path = .path.display())]
    Key {
        /// Its file.
        path: PathBuf,
        /// Why.
        error: SigningKeyError,
    },
    /// A secret key that others may read.
    #[error("{path}: others may read it: run `chmod 600` on it", path = .path.display())]
    OpenKey {
        /// Its file.
        path: PathBuf,
    },
    /// A file that is not called as a plugin is.
    #[error("{path} is not called as a plugin is: NAME.wasm, of a-z, A-Z, 0-9, `_`, `-` and `.`", path = .path.display())]
    Unnamed {
        /// Which.
        path: PathBuf,
    },
    /// A hook that the plugin does not have.
    #[error("{path} exports no `{hook}`; it exports {has}", path = .path.display())]
    NoSuchHook {
        /// The plugin.
        path: PathBuf,
        /// What was asked for.
        hook: &'static str,
        /// What there is.
        has: String,
    },
    /// No component among what was named.
    #[error("{path}: there is no .wasm file", path = .path.display())]
    NoPlugins {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// What the tool itself stands on failed.
    #[error("{0}")]
    Ground(String),
}

impl AuthorError {
    pub(crate) fn file<'a>(what: &'static str, path: &'a Path) -> impl FnOnce(std::io::Error) -> Self + 'a {
        move |why| Self::File { what, path: path.to_owned(), why }
    }
}
