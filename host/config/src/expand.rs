//! `${NAME}` and `${NAME:-default}` in strings.

/// Reads an environment variable; none if it is not set.
pub(crate) type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

/// Why a string could not be expanded.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ExpandError {
    /// A variable without a default is not set.
    #[error("the environment variable {0} is not set")]
    Unset(String),
    /// A variable without a default is set, to nothing, and nothing else stands beside it.
    #[error("the environment variable {0} is empty")]
    Empty(String),
    /// What other programs would read as a variable.
    #[error("{0} is not how a variable of the environment is written here")]
    Foreign(String, String),
    /// `${` without its `}`.
    #[error("`${{` has no closing `}}`")]
    Open,
    /// What stands between the braces is not a variable's name.
    #[error("`${{…}}` holds no name of an environment variable")]
    BadName,
}

impl ExpandError {
    /// What the operator should do.
    pub(crate) fn fix(&self) -> String {
        match self {
            Self::Unset(name) => format!("set it, or give a default: ${{{name}:-…}}"),
            Self::Empty(name) => format!("give it a value, or a default: ${{{name}:-…}}"),
            Self::Foreign(_, name) => format!("write ${{{name}}}"),
            Self::Open | Self::BadName => "write ${NAME} or ${NAME:-default}; `$${` stands for `${` itself".to_owned(),
        }
    }
}

/// Replaces every `${NAME}` in `text` by the variable's value, and `${NAME:-default}` by the default if the variable
/// is not set or empty. `$${` stands for `${`. What was put in is not expanded again.
pub(crate) fn expand(text: &str, env: Env<'_>) -> Result<String, ExpandError> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(literal) = before.strip_suffix('$') {
            out.push_str(literal);
            out.push_str("${");
            rest = after;
            continue;
        }
        out.push_str(before);
        let (inner, tail) = after.split_once('}').ok_or(ExpandError::Open)?;
        out.push_str(&value_of(inner, env)?);
        rest = tail;
    }
    out.push_str(rest);
    Ok(out)
}

/// The same of a text that has to say something: none that is empty for its variables are, nor one that is a variable as others
/// write it.
pub(crate) fn expand_whole(text: &str, env: Env<'_>) -> Result<String, ExpandError> {
    if let Some(name) = foreign(text) {
        return Err(ExpandError::Foreign(text.to_owned(), name.to_owned()));
    }
    let value = expand(text, env)?;
    let variable =
        || text.strip_prefix("${").and_then(|rest| rest.split('}').next()).filter(|name| !name.contains(":-"));
    match variable() {
        Some(name) if value.is_empty() => Err(ExpandError::Empty(name.to_owned())),
        _ => Ok(value),
    }
}

/// The name of a variable in a text that is nothing else, in the way of shells, make, Windows, and of other gateways.
fn foreign(text: &str) -> Option<&str> {
    let between = |begin: &str, end: &str| text.strip_prefix(begin).and_then(|rest| rest.strip_suffix(end));
    let name = [
        ("$(", ")"),
        ("${{", "}}"),
        ("{{", "}}"),
        ("%", "%"),
        ("$", ""),
        ("env:", ""),
        ("env.", ""),
        ("os.environ/", ""),
    ]
    .into_iter()
    .find_map(|(begin, end)| between(begin, end))?
    .trim();
    let is_name = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    (is_name && name.starts_with(|c: char| c.is_ascii_uppercase())).then_some(name)
}

fn value_of(inner: &str, env: Env<'_>) -> Result<String, ExpandError> {
    let (name, default) = match inner.split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (inner, None),
    };
    let valid = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if !valid || name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(ExpandError::BadName);
    }
    match (env(name), default) {
        (Some(value), None) => Ok(value),
        (Some(value), Some(_)) if !value.is_empty() => Ok(value),
        (_, Some(default)) => Ok(default.to_owned()),
        (None, None) => Err(ExpandError::Unset(name.to_owned())),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
