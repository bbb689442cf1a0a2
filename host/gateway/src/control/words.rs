//! What is not served as files say, in words for an operator.

use weir_config::Config;
use weir_sandbox::{Problem, Source};

/// That nobody can ask, or for nothing: no mistake, and hardly ever meant.
pub(crate) fn nobody(config: &Config) -> Vec<String> {
    let none = |what: &str, so: &str| format!("no {what}: {} has none, so that {so}", config.file.display());
    let tenant = config.tenants.is_empty().then(|| none("tenant", "nobody can ask"));
    let model = config.models.is_empty().then(|| none("model", "nothing can be asked for"));
    tenant.into_iter().chain(model).collect()
}

/// A plugin's problem in one line.
pub(crate) fn describe(problem: &Problem) -> String {
    let state = match (&problem.source, problem.last_good) {
        (Source::Folder(_), true) => "what was last good of it serves on",
        (Source::Folder(_), false) => "nothing of it serves",
        (_, true) => "its last good version serves on",
        (_, false) => "it does not serve",
    };
    format!("plugin {}: {}; {state}", problem.source, problem.error)
}
