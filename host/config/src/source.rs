//! The file being read: its lines, its folder, and the problems found in it so far.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use crate::expand::Env;
use crate::file::{self, FileBytes, FileError, Looked};
use crate::problem::{Problem, Problems};
use crate::syntax::{self, Slip};
use crate::units::counted;

/// Where something stands: its TOML path and its line.
#[derive(Debug, Clone)]
pub(crate) struct At {
    pub(crate) key: String,
    pub(crate) line: u32,
}

impl At {
    /// The path of the key `name` under this one.
    pub(crate) fn child(&self, name: &str, line: u32) -> Self {
        let name = syntax::quoted(name);
        let key = if self.key.is_empty() { name } else { format!("{}.{name}", self.key) };
        Self { key, line }
    }

    /// The path of an array's element under this one.
    pub(crate) fn item(&self, index: usize, line: u32) -> Self {
        Self { key: format!("{}[{index}]", self.key), line }
    }
}

/// One file and what was found wrong in it.
pub(crate) struct ConfigSource<'s> {
    file: &'s Path,
    folder: PathBuf,
    text: &'s str,
    /// None where the environment may not be read: the settings that lie beside a plugin.
    env: Option<Env<'s>>,
    /// The byte at which each line after the first begins.
    lines: Vec<usize>,
    problems: RefCell<Vec<Problem>>,
    /// Problems beyond those that are kept.
    more: Cell<usize>,
    warnings: RefCell<Vec<Problem>>,
    /// Other files that decide what this one means.
    files: RefCell<BTreeSet<PathBuf>>,
    /// Which files lie still.
    looked: &'s Looked,
}

impl<'s> ConfigSource<'s> {
    pub(crate) fn new(text: &'s str, file: &'s Path, env: Option<Env<'s>>, looked: &'s Looked) -> Self {
        let absolute = absolute(file);
        let folder = absolute.parent().map(Path::to_path_buf).unwrap_or_default();
        let lines = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect();
        let (problems, warnings, files) = (RefCell::default(), RefCell::default(), RefCell::default());
        Self { file, folder, text, env, lines, problems, more: Cell::default(), warnings, files, looked }
    }

    /// Parses the text. Where the syntax is broken, every line on which it is becomes a problem, and there is no
    /// table: what the parser makes of the rest would be guesswork.
    pub(crate) fn table<'t>(&self, text: &'t str) -> Result<Spanned<DeTable<'t>>, Problems> {
        let errors = match DeTable::parse(text) {
            Ok(table) => return Ok(table),
            // As many as there are bytes, and it may have come with the plugin.
            Err(error) if self.is_sidecar() => vec![error],
            Err(_) => DeTable::parse_recoverable(text).1,
        };
        let (mut problems, mut lines) = (Vec::new(), BTreeSet::new());
        for error in &errors {
            // An error at the end of the file points past it, where there may be no line.
            let offset = error.span().map_or(0, |span| span.start.min(text.len().saturating_sub(1)));
            let line = self.line(offset);
            if lines.insert(line) {
                let Slip { what, fix } = syntax::explain(text, line, error.message());
                let what = format!("not TOML: {what}");
                problems.push(Problem { file: self.file.to_path_buf(), line, key: String::new(), what, fix });
            }
        }
        problems.sort_by_key(|problem| problem.line);
        Err(Problems(problems, Vec::new()))
    }

    /// The line, from 1, in which the byte at `offset` stands.
    pub(crate) fn line(&self, offset: usize) -> u32 {
        let before = self.lines.partition_point(|start| *start <= offset);
        u32::try_from(before).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// Whether a line, from 1, begins a table.
    pub(crate) fn is_header(&self, line: u32) -> bool {
        let line = usize::try_from(line).unwrap_or(usize::MAX).saturating_sub(1);
        self.text.lines().nth(line).is_some_and(|line| line.trim_start().starts_with('['))
    }

    /// A path made absolute, relative to the file's own folder.
    pub(crate) fn resolve(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    /// Notes a file that decides what this one means, whether it is there or not.
    pub(crate) fn depends_on(&self, path: &Path) {
        self.files.borrow_mut().insert(path.to_path_buf());
    }

    /// Every file noted so far, each once.
    pub(crate) fn files(&self) -> Vec<PathBuf> {
        self.files.borrow().iter().cloned().collect()
    }

    /// What stands in another file, which is noted.
    pub(crate) fn read(&self, path: &Path) -> Result<FileBytes, FileError> {
        self.depends_on(path);
        file::read_still(path, MOST, self.looked)
    }

    /// The same as text.
    pub(crate) fn read_text(&self, path: &Path) -> Result<String, FileError> {
        self.depends_on(path);
        file::read_still_text(path, MOST, self.looked)
    }

    pub(crate) fn file(&self) -> &Path {
        self.file
    }

    pub(crate) fn env(&self) -> Option<Env<'s>> {
        self.env
    }

    /// Whether these are settings that lie beside a plugin, which may have come with it.
    pub(crate) fn is_sidecar(&self) -> bool {
        self.env.is_none()
    }

    pub(crate) fn problem(&self, at: &At, what: impl Into<String>, fix: impl Into<String>) {
        let mut problems = self.problems.borrow_mut();
        if self.is_sidecar() && problems.len() >= NAMED {
            return self.more.set(self.more.get() + 1);
        }
        problems.push(self.at(at, what.into(), fix.into()));
    }

    /// A problem of what the command line says, which no line of the file is to blame for.
    pub(crate) fn problem_of_option(&self, option: &str, what: impl Into<String>, fix: impl Into<String>) {
        let (file, key) = (PathBuf::new(), option.to_owned());
        self.problems.borrow_mut().push(Problem { file, line: 0, key, what: what.into(), fix: fix.into() });
    }

    pub(crate) fn warn(&self, at: &At, what: impl Into<String>, fix: impl Into<String>) {
        self.warnings.borrow_mut().push(self.at(at, what.into(), fix.into()));
    }

    fn at(&self, at: &At, what: String, fix: String) -> Problem {
        Problem { file: self.file.to_path_buf(), line: at.line, key: at.key.clone(), what, fix }
    }

    /// The warnings if there was no problem, else the problems; both in the order of their lines.
    pub(crate) fn finish(self) -> Result<Vec<Problem>, Problems> {
        let (mut problems, mut warnings) = (self.problems.into_inner(), self.warnings.into_inner());
        problems.sort_by_key(|problem| problem.line);
        warnings.sort_by_key(|warning| warning.line);
        if self.more.get() > 0 {
            let what = format!("has {}", counted(self.more.get(), "more mistake", "more mistakes"));
            problems.push(Problem {
                file: self.file.to_path_buf(),
                line: 0,
                key: String::new(),
                what,
                fix: String::new(),
            });
        }
        let files = self.files.into_inner().into_iter().collect();
        if problems.is_empty() { Ok(warnings) } else { Err(Problems(problems, files)) }
    }
}

/// A path made absolute, relative to the working folder; as it is if that cannot be told. `..` is kept, for what it
/// means where folders are symbolic links only the file system knows.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf())
}

/// Mistakes of settings beside a plugin that are named one by one.
const NAMED: usize = 20;
/// Bytes of a configuration, and of a file that it names.
const MOST: u64 = 4 << 20;

/// The text of a file that is at most 4 MiB of UTF-8 and lies still; otherwise the problem, which names no line unless
/// one is at fault.
pub(crate) fn read_file(path: &Path, looked: &Looked) -> Result<String, Problem> {
    file::read_still_text(path, MOST, looked).map_err(|error| Problem::unread(path, &error))
}
