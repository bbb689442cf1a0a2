//! A line that is no TOML: what it was meant to be, and how that is written.
//!
//! What stands in the file is repeated only where it can be no secret.

mod slip;
mod values;

pub(crate) use slip::Slip;

use slip::{parts, slip};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// A key as it must be written in TOML: quoted unless bare.
pub(crate) fn quoted(name: &str) -> String {
    let bare = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    if !name.is_empty() && name.bytes().all(bare) { name.to_owned() } else { format!("{name:?}") }
}

/// Explains why the parser stopped in a line, from 1, of a text. `message` is the parser's own.
pub(crate) fn explain(text: &str, line: u32, message: &str) -> Slip {
    let lines: Vec<&str> = text.lines().collect();
    let at = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let code = lines.get(at).map_or("", |line| without_comment(line));
    let found = if message.starts_with("duplicate key") {
        twice(&lines, at, code)
    } else {
        strange(code).or_else(|| header(code)).or_else(|| pair(code)).or_else(|| lone(code, message))
    };
    found.unwrap_or_else(|| Slip { what: message.to_owned(), fix: "see https://toml.io/en/v1.0.0".to_owned() })
}

/// A line without the comment at its end, and without white space around it.
fn without_comment(line: &str) -> &str {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match quote {
            None if c == '#' => return line.get(..at).unwrap_or_default().trim(),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
    }
    line.trim()
}

/// The name of the table that a line begins: whether it is one of a list, and its parts.
fn table_of(line: &str) -> Option<(bool, Vec<String>)> {
    let code = without_comment(line);
    let (is_list, inner) = match code.strip_prefix("[[").and_then(|rest| rest.strip_suffix("]]")) {
        Some(inner) => (true, inner),
        None => (false, code.strip_prefix('[')?.strip_suffix(']')?),
    };
    Some((is_list, parts(inner)))
}

/// Key and value of a line.
fn split(code: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in code.char_indices() {
        match quote {
            None if c == '=' => return Some((code.get(..at)?.trim(), code.get(at + 1..)?.trim())),
            None if c == '"' || c == '\'' => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
    }
    None
}

fn twice(lines: &[&str], at: usize, code: &str) -> Option<Slip> {
    let above = lines.get(..at).unwrap_or_default();
    if let Some((is_list, name)) = table_of(code) {
        let same = |line: &&str| table_of(line).is_some_and(|(_, other)| other == name);
        let first = above.iter().position(same);
        let shown = code.trim_matches(['[', ']']);
        let is_below = |line: &&str| table_of(line).is_some_and(|(_, other)| other.starts_with(&name));
        if let (None, true, Some(below)) = (first, is_list, above.iter().position(is_below)) {
            return slip(
                format!("{shown} is a table, a part of which stands in line {}", below + 1),
                format!("write [{shown}.NAME] for one more of them"),
            );
        }
        let Some(first) = first else {
            return slip(format!("{shown} has been given already"), "give each table once");
        };
        let was_list = lines.get(first).and_then(|line| table_of(line)).is_some_and(|(was_list, _)| was_list);
        let line = first + 1;
        return match (was_list, is_list) {
            (true, false) => slip(
                format!("{shown} is a list of tables, which begins in line {line}"),
                format!("write [[{shown}]] for one more of them"),
            ),
            (false, true) => slip(
                format!("{shown} is one table, in line {line}, and here one of a list"),
                format!("write [[{shown}]] in both lines"),
            ),
            _ => slip(
                format!("the table [{shown}] stands in line {line} already"),
                "put what is below this line there, and take this line out",
            ),
        };
    }
    let (key, _) = split(code)?;
    let begin = above.iter().rposition(|line| table_of(line).is_some()).map_or(0, |header| header + 1);
    let same = |line: &&str| split(without_comment(line)).is_some_and(|(other, _)| parts(other) == parts(key));
    let first = above.get(begin..).unwrap_or_default().iter().position(same);
    match first {
        Some(first) => {
            slip(format!("`{key}` stands in line {} of this table already", begin + first + 1), "keep one of the two")
        }
        None => slip("a key of this line has been given already", "give each key once"),
    }
}

/// What comes from elsewhere than TOML.
fn strange(code: &str) -> Option<Slip> {
    if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| code.starts_with(mark)) {
        return slip("this is the mark of a merge that was not finished", "finish it, and take its marks out");
    }
    if ["//", ";", "--", "/*"].iter().any(|mark| code.starts_with(mark)) {
        return slip("this begins like a comment of another language", "begin a comment with `#`");
    }
    if code.starts_with(['{', '}']) {
        return slip("this is JSON", "write TOML: a line [server], and below it listen = \"127.0.0.1:8080\"");
    }
    if code.contains(['“', '”', '„', '‘', '’']) {
        return slip("there are typographic quotes in it", "write plain ones: \"…\"");
    }
    None
}

fn header(code: &str) -> Option<Slip> {
    let inner = code.strip_prefix('[')?;
    let is_list = inner.starts_with('[');
    let inner = inner.strip_prefix('[').unwrap_or(inner);
    let name = inner.split(']').next().unwrap_or_default().trim();
    let (open, close) = if is_list { ("[[", "]]") } else { ("[", "]") };
    if !code.ends_with(close) || code.ends_with("]]") != is_list {
        return slip("the name of this table does not close as it opens", format!("write {open}{name}{close}"));
    }
    let good = parts_written(name);
    if good == name {
        return None;
    }
    slip("a name with such characters needs quotes", format!("write {open}{good}{close}"))
}

/// A dotted key with quotes around those of its parts that need them. What is behind the section's name is one name, whatever
/// is in it.
fn parts_written(name: &str) -> String {
    let Some((section, rest)) = name.split_once('.') else { return quoted(name) };
    let is_one = matches!(section, "models" | "providers") && !rest.contains(['"', '\'']);
    let is_bare = |part: &String| quoted(part) == *part;
    let rest_parts = parts(rest);
    if is_one && !rest_parts.iter().all(is_bare) {
        return format!("{section}.{}", quoted(rest));
    }
    let good: Vec<String> = rest_parts.iter().map(|part| quoted(part)).collect();
    let plain = good.join(".");
    // Quotes that are there already stay as they are.
    if plain.replace('"', "") == rest.replace(['"', '\''], "") && rest.contains(['"', '\'']) {
        return name.to_owned();
    }
    format!("{section}.{plain}")
}

fn pair(code: &str) -> Option<Slip> {
    let (key, value) = split(code)?;
    if let Some((before, _)) = key.split_once(':').filter(|(before, _)| !before.contains(['"', '\''])) {
        let before = if is_word(before.trim()) { before.trim() } else { "key" };
        return slip("this is YAML", format!("write {before} = …"));
    }
    if value.starts_with('=') {
        return slip("`=` stands there twice", "write key = value");
    }
    if parts(key).iter().any(String::is_empty) {
        return slip("there is no key before `=`", "write key = value");
    }
    if key.contains(char::is_whitespace) && !key.contains(['"', '\'', '.']) {
        return slip("a key with white space in it needs quotes", format!("write \"{key}\" = …, if that is meant"));
    }
    let bare = |part: &String| quoted(part) == *part;
    if !key.contains(['"', '\'']) && !parts(key).iter().all(bare) {
        return slip("a key with such characters needs quotes", format!("write \"{key}\" = …"));
    }
    match value.chars().next() {
        None => slip(format!("`{key}` has no value"), format!("write {key} = …, or take the line out")),
        Some('"' | '\'') => values::text(key, value),
        Some('[') => values::list(key, value),
        Some('{') => values::braces(key, value),
        Some(_) => values::bare(key, value),
    }
}

/// Whether a text is like the keys of a configuration, and unlike a secret.
fn is_word(text: &str) -> bool {
    let letters = text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
    letters && (1..=32).contains(&text.len())
}

/// A line that is neither a table's name nor has a `=`.
fn lone(code: &str, message: &str) -> Option<Slip> {
    if code.starts_with(['"', '\'', '{']) {
        return slip("this stands behind another item of a list", "part the items of a list by commas");
    }
    if let Some((key, _)) = code.split_once(':') {
        let key = key.trim().trim_start_matches("- ");
        let key = if is_word(key) { key } else { "key" };
        return slip("this is YAML", format!("write a table [{key}], or {key} = …"));
    }
    if message.starts_with("string values must be quoted") {
        return slip("a text has no quotes", "write \"…\" around it");
    }
    match code.split_once(char::is_whitespace) {
        Some((key, _)) if is_word(key) => slip(format!("there is no `=` behind `{key}`"), format!("write {key} = …")),
        None if is_word(code) => {
            slip(format!("`{code}` is neither a table nor a key"), format!("write [{code}], or {code} = …"))
        }
        _ => slip("this is neither a table nor a key with a value", "write [table], or key = value"),
    }
}
