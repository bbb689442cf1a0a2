//! Values that are no TOML.

use super::slip::{Slip, parts, slip};
use crate::secret::looks_secret;
use crate::units;

/// Keys whose values are names, addresses and the like.
const PLAIN: [&str; 21] = [
    "admin",
    "allow_older",
    "ca_file",
    "cache",
    "folder",
    "grants",
    "http2",
    "isolation",
    "kind",
    "level",
    "listen",
    "model",
    "models",
    "name",
    "on_failure",
    "plugin",
    "provider",
    "targets",
    "tenants",
    "window",
    "workers",
];

/// A value that begins with a quote.
pub(super) fn text(key: &str, value: &str) -> Option<Slip> {
    let quote = value.chars().next()?;
    if value.starts_with("\"\"\"") || value.starts_with("'''") {
        return slip(format!("the text of `{key}` over several lines does not close"), "close it with three quotes");
    }
    let (mut end, mut is_escaped) = (None, false);
    for (at, c) in value.char_indices().skip(1) {
        if c == quote && !is_escaped {
            end = Some(at);
            break;
        }
        is_escaped = c == '\\' && quote == '"' && !is_escaped;
    }
    let Some(end) = end else {
        return slip(
            format!("the quotes of `{key}` do not close in this line"),
            format!("write {key} = {quote}…{quote}"),
        );
    };
    let rest = value.get(end + 1..).unwrap_or_default().trim();
    if rest.is_empty() {
        return slip(
            format!("the text of `{key}` has a backslash that begins no escape"),
            format!("write \\\\ for a backslash, or single quotes around the text: {key} = '…'"),
        );
    }
    if rest.starts_with(',') {
        let what = format!("something stands behind the text of `{key}`");
        return slip(what, format!("take the comma out, or write a list: {key} = [\"…\", \"…\"]"));
    }
    slip(format!("something stands behind the text of `{key}`"), "write one `key = value` in a line")
}

/// A value that begins like a list.
pub(super) fn list(key: &str, value: &str) -> Option<Slip> {
    let inner = value.strip_prefix('[')?;
    let closes = inner.ends_with(']');
    let items = inner.strip_suffix(']').unwrap_or(inner).split(',').map(str::trim).filter(|item| !item.is_empty());
    let items: Vec<&str> = items.collect();
    let is_bare = |item: &&str| {
        let begins = item.starts_with(|c: char| c.is_alphabetic() || "*/.$~".contains(c));
        begins && !matches!(*item, "true" | "false" | "inf" | "nan")
    };
    if items.iter().any(is_bare) && !inner.contains(['{', '"', '\'']) {
        let quoted = items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>().join(", ");
        let shown =
            if is_plain(key) && !items.iter().any(|item| looks_secret(item)) { quoted } else { "\"…\"".into() };
        return slip(format!("the items of `{key}` have no quotes"), format!("write {key} = [{shown}]"));
    }
    if items.iter().any(is_bare) {
        return slip(format!("an item of `{key}` has no quotes"), "put quotes around each text in it");
    }
    if !closes {
        return slip(format!("the list `{key}` does not close"), "close it with `]`, and part its items by commas");
    }
    slip(format!("the list `{key}` is no TOML"), "part its items by commas: [\"a\", \"b\"]")
}

/// A value that begins like a table.
pub(super) fn braces(key: &str, value: &str) -> Option<Slip> {
    if !value.contains('=') && value.contains(':') {
        return slip(format!("the table `{key}` is JSON"), format!("write `=` in it: {key} = {{ name = … }}"));
    }
    if value.matches('{').count() != value.matches('}').count() {
        return slip(format!("the table `{key}` does not close"), "close it with `}`");
    }
    slip(
        format!("the table `{key}` is no TOML"),
        format!("write {key} = {{ a = …, b = … }}, with quotes around each text in it"),
    )
}

/// A value without quotes that is no number, truth value or date.
pub(super) fn bare(key: &str, value: &str) -> Option<Slip> {
    let lower = value.to_ascii_lowercase();
    if ["true", "yes", "on"].contains(&lower.as_str()) {
        return slip(format!("`{key}` is no true or false"), format!("write {key} = true"));
    }
    if ["false", "no", "off"].contains(&lower.as_str()) {
        return slip(format!("`{key}` is no true or false"), format!("write {key} = false"));
    }
    if ["null", "none", "nil", "~"].contains(&lower.as_str()) {
        return slip(format!("`{key}` is nothing"), "take the line out: every key that is left out has its default");
    }
    let digits = value.replace([',', '_', ' ', '.'], "");
    if value.contains([',', ' ']) && digits.bytes().all(|b| b.is_ascii_digit()) {
        return slip(format!("the number of `{key}` has signs between its digits"), format!("write {key} = {digits}"));
    }
    let has_unit = units::size(value).is_some() || units::duration(value).is_some();
    let can_be_shown = (is_plain(key) || has_unit) && !looks_secret(value) && !value.contains(['"', '\\', '@']);
    let shown = if can_be_shown { value } else { "…" };
    slip(format!("the value of `{key}` has no quotes"), format!("write {key} = \"{shown}\""))
}

fn is_plain(key: &str) -> bool {
    parts(key).last().is_some_and(|last| PLAIN.contains(&last.as_str()))
}
