//! What is wrong with a configuration: where, what, and what to do about it.

use std::fmt;
use std::path::{Path, PathBuf};

use crate::file::FileError;

/// One thing that is wrong, or looks wrong, in a configuration file.
///
/// Displays as `file:line: key: what; fix`. Neither `what` nor `fix` ever holds a secret or the value of an
/// environment variable: they quote the file as it is written.
#[derive(Debug, Clone, PartialEq, Eq, Hash, thiserror::Error)]
pub struct Problem {
    /// The file, as its path was given to [`load`](crate::load); empty when an option of the command line is meant.
    pub file: PathBuf,
    /// Line in the file, from 1; 0 when the file as a whole is meant, as when it cannot be read.
    pub line: u32,
    /// The TOML path of the key, such as `tenants.acme.keys[0].hash`; empty when no key is meant.
    pub key: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

impl Problem {
    /// A file that is there, or should be, and is not read; it names no line unless one is at fault.
    pub(crate) fn unread(path: &Path, why: &FileError) -> Self {
        let line = if let FileError::NotUtf8(line) = why { *line } else { 0 };
        let (what, fix) = (why.to_string(), why.fix().to_owned());
        Self { file: path.to_path_buf(), line, key: String::new(), what, fix }
    }

    /// Whether nothing is wrong yet: a file is still being written, and is read once it lies still.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.fix == FileError::Moving.fix()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_file = !self.file.as_os_str().is_empty();
        if is_file {
            write!(f, "{}:", self.file.display())?;
        }
        if self.line > 0 {
            write!(f, "{}:", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, "{}{}:", if is_file { " " } else { "" }, self.key)?;
        }
        write!(f, " {}", self.what)?;
        if !self.fix.is_empty() {
            write!(f, "; {}", self.fix)?;
        }
        Ok(())
    }
}

/// Everything that is wrong with a configuration, in the order of its lines; never empty. Displays one per line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>, pub(crate) Vec<PathBuf>);

impl Problems {
    /// That a file is there, or should be, and is not read.
    #[must_use]
    pub fn unread(path: &Path, why: &FileError) -> Self {
        Self::of(Problem::unread(path, why))
    }

    /// One problem, of a file as a whole.
    pub(crate) fn of(problem: Problem) -> Self {
        Self(vec![problem], Vec::new())
    }

    /// The files beside the configuration's own that were looked at: once one of them changes, the configuration may be
    /// good. Absolute, each once.
    pub fn files(&self) -> &[PathBuf] {
        &self.1
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}
