//! What is not served as files say, in words for an operator: one line for each mistake.

use super::missing::Missing;
use super::status::StatusProblem;
use std::path::{Path, PathBuf};
use weir_config::file::{self, EntryKind, FolderIdentity};
use weir_config::{Config, FolderNamedBy};
use weir_sandbox::{HookKind, LoadError, LoadProblem, LoadedPlugin, PluginSource, Stray};

/// That nobody can ask, or for nothing: no mistake, and hardly ever meant.
pub(crate) fn nobody(config: &Config) -> Vec<String> {
    let file = config.file.display();
    Missing::of(config).map(|none| format!("no {}: {file} has none, so that {}", none.word(), none.outcome())).collect()
}

/// What is being compiled or tried out, and what is the matter with the others: the one is a matter of time, and no mistake.
pub(crate) fn apart(problems: Vec<LoadProblem>) -> (Vec<LoadProblem>, Vec<LoadProblem>) {
    problems.into_iter().partition(|problem| problem.error.is_pending())
}

/// What is being compiled or tried out, in words.
pub(crate) fn compiling(problems: &[LoadProblem]) -> Vec<String> {
    problems.iter().flat_map(describe).map(|trouble| trouble.text).collect()
}

/// What lies in the plugin folder and does nothing, in words.
pub(crate) fn strays(config: &Config, strays: &[Stray]) -> Vec<String> {
    let folder = &config.plugins.folder;
    strays.iter().map(|stray| format!("{}: {}", folder.join(&stray.place).display(), stray.why)).collect()
}

/// A plugin by its file, and by the name of its binding where that says more.
pub(crate) fn named(file: &str, binding: &str) -> String {
    let says_more = binding.contains('#') && file.strip_suffix(".wasm") != Some(binding);
    if says_more { format!("plugin {file} as {binding}") } else { format!("plugin {file}") }
}

/// A plugin's problem, and what is true of it meanwhile.
pub(crate) fn describe(problem: &LoadProblem) -> Vec<StatusProblem> {
    let state = match (&problem.source, problem.last_good) {
        (PluginSource::Folder(_), true) if problem.closes => {
            "what was last good of it serves on, and tenants that came since are closed until it is back"
        }
        _ if problem.closes => "it closes whom it is meant to apply to, until it loads or is taken out",
        (PluginSource::Folder(_), true) => "what was last good of it serves on",
        (PluginSource::Folder(below), false) if below.is_empty() => {
            "nothing applied by its place in it, and what the chain names keeps its last good versions"
        }
        (PluginSource::Folder(_), false) => "nothing in it applied before, and nothing in it does now",
        (_, true) if problem.revoked && problem.open => {
            "nobody who is trusted vouches for its last good version any more, so that requests go on without it, as its \
             on_failure = \"open\" says"
        }
        (_, true) if problem.revoked => {
            "nobody who is trusted vouches for its last good version any more, so that requests which it is bound to are refused"
        }
        (_, true) => "its last good version serves on",
        (PluginSource::Named(_), false) if problem.open => {
            "requests go on without it, as its on_failure = \"open\" says"
        }
        (_, false) => "it does not serve",
    };
    let named = named(&problem.source.to_string(), &problem.binding);
    let line = |error: String| format!("{named}: {error}; {state}");
    trouble(problem, &line)
}

/// A plugin's problem for which a new configuration is not taken: what is true then is that nothing of it is live.
pub(super) fn describe_refused(new: &Config, problem: &LoadProblem) -> Vec<StatusProblem> {
    let missing = missing(new, problem).unwrap_or_default();
    let line = |error: String| {
        let error = format!("{error}{missing}");
        let at = at_binding(problem, &error)
            .unwrap_or_else(|| format!("{}: {error}", named(&problem.source.to_string(), &problem.binding)));
        format!(
            "{at}; the new configuration is refused for it, and the one before serves on, less what this one takes away"
        )
    };
    trouble(problem, &line)
}

/// A plugin's problem, at the line of the configuration that binds it if there is one.
pub(crate) fn at(config: &Config, problem: &LoadProblem) -> Vec<String> {
    if let Some(away) = away(config, problem) {
        return vec![away];
    }
    let path = problem.source.path(&config.plugins.folder);
    let missing = missing(config, problem).unwrap_or_default();
    let line = |error: String| {
        let error = format!("{error}{missing}");
        let alone = matches!(problem.source, PluginSource::Folder(_));
        let elsewhere = || if alone { error.clone() } else { format!("{}: {error}", path.display()) };
        at_binding(problem, &error).unwrap_or_else(elsewhere)
    };
    problem.error.each().into_iter().map(line).collect()
}

/// That the plugin folder itself is not what it has to be, at the place that has named it.
fn away(config: &Config, problem: &LoadProblem) -> Option<String> {
    let LoadError::Folder { path, why } = &problem.error else { return None };
    let place = match config.plugins.folder_by {
        _ if *path != config.plugins.folder => return None,
        FolderNamedBy::Nobody => return None,
        FolderNamedBy::File(line) => format!("{}:{line}: plugins.folder", config.file.display()),
        FolderNamedBy::Option => "--plugins".to_owned(),
    };
    let fix = match nearby(path) {
        Some(near) => format!("did you mean {}?", near.display()),
        None if is_absent(path) => "mend the path, or put the folder there".to_owned(),
        None => "name a folder that can be read".to_owned(),
    };
    Some(format!("{place}: {} {why}; {fix}", path.display()))
}

fn is_absent(path: &Path) -> bool {
    FolderIdentity::at(path).is_err_and(|why| why.is_missing())
}

/// The folder that may be meant by one that is not there: the first part of its path that is not there is a slip of another
/// one's name.
fn nearby(path: &Path) -> Option<PathBuf> {
    let missing = path.ancestors().take_while(|part| is_absent(part)).last()?;
    let (above, name) = (missing.parent()?, missing.file_name()?.to_str()?);
    let entries = file::list(above, file::ENTRIES).ok()?;
    let folders = entries.iter().filter(|entry| entry.kind == EntryKind::Folder);
    let names: Vec<&str> = folders.filter_map(|entry| entry.name.to_str()).collect();
    let near = above.join(weir_config::nearest_name(name, &names)?);
    let meant: PathBuf = near.components().chain(path.strip_prefix(missing).ok()?.components()).collect();
    (file::kind(&meant) == Some(EntryKind::Folder)).then_some(meant)
}

/// Where a file was looked for that the chain names, and one that may be meant.
fn missing(config: &Config, problem: &LoadProblem) -> Option<String> {
    let LoadError::Missing { name } = &problem.error else { return None };
    let folder = &config.plugins.folder;
    let entries = file::list(folder, file::ENTRIES).unwrap_or_default();
    let names = entries.iter().filter_map(|entry| entry.name.to_str()?.strip_suffix(".wasm"));
    let fix = weir_config::did_you_mean(name, "plugins there", &names.collect::<Vec<_>>());
    Some(format!(", which is {}; {fix}", folder.display()))
}

/// That a plugin guards answers of the one form and not those of the other.
pub(crate) fn half_of_answers(plugin: &LoadedPlugin) -> Option<String> {
    let (has, lacks) = plugin.half_of_answers()?;
    let passes = match lacks {
        HookKind::Event => "streams pass it unseen",
        _ => "whole answers pass it unseen",
    };
    Some(format!(
        "plugin {}: it is closed and has the hook `{}` without `{}`, so that {passes}: use one that has both, or say \
         on_failure = \"open\" if requests may go on without it",
        plugin.name(),
        has.name(),
        lacks.name()
    ))
}

fn at_binding(problem: &LoadProblem, error: &str) -> Option<String> {
    let (file, line) = problem.line.as_ref()?;
    Some(format!("{}:{line}: plugins.chain.{}: {error}", file.display(), problem.source.name()))
}

fn trouble(problem: &LoadProblem, line: &dyn Fn(String) -> String) -> Vec<StatusProblem> {
    let waits = problem.error.waits();
    problem.error.each().into_iter().map(|error| StatusProblem { text: line(error), waits }).collect()
}
