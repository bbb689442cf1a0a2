//! `plugin-sdk/wit/weir-plugin.wit -> docs/contract.md`: the contract's reference, made from the contract's own comments.

use std::fmt::Write as _;

/// Where the contract lies in the workspace.
pub const CONTRACT: &str = "plugin-sdk/wit/weir-plugin.wit";
/// Where its reference lies.
pub const REFERENCE: &str = "docs/contract.md";

/// One line of the contract.
enum Line<'a> {
    Doc(&'a str),
    /// `// -----` and other words to the reader of the file.
    Aside,
    Empty,
    Code(&'a str),
}

fn lines(wit: &str) -> impl Iterator<Item = (usize, Line<'_>)> {
    wit.lines().map(|line| {
        let text = line.trim();
        let indent = line.len() - line.trim_start().len();
        let kind = match text {
            "" => Line::Empty,
            _ if text.starts_with("///") => Line::Doc(text.trim_start_matches('/').trim()),
            _ if text.starts_with("//") => Line::Aside,
            _ => Line::Code(text),
        };
        (indent, kind)
    })
}

/// The reference as Markdown. It relies on how the file is written: one item a line, doc comments above it, interfaces at
/// the left edge.
#[must_use]
pub fn of_contract(wit: &str) -> String {
    let mut out = String::from("# The contract, interface by interface\n\n");
    out.push_str("Made from `plugin-sdk/wit/weir-plugin.wit` by `cargo run -p weir-pack -- reference`. ");
    out.push_str("[plugins.md](plugins.md) says how it is used.\n");
    let mut docs: Vec<&str> = Vec::new();
    // A record, variant or enum whose members follow: they are shown together, as they stand.
    let mut open: Option<String> = None;
    for (indent, line) in lines(wit) {
        match line {
            Line::Doc(text) if open.is_none() => docs.push(text),
            Line::Doc(text) => push(&mut open, indent, &format!("/// {text}")),
            Line::Aside => {}
            Line::Empty => docs.clear(),
            Line::Code(code) => take(&mut out, &mut docs, &mut open, indent, code),
        }
    }
    out
}

fn push(open: &mut Option<String>, indent: usize, text: &str) {
    if let Some(block) = open {
        let _ = writeln!(block, "{:1$}{text}", "", indent.saturating_sub(2));
    }
}

fn take(out: &mut String, docs: &mut Vec<&str>, open: &mut Option<String>, indent: usize, code: &str) {
    if open.is_some() {
        push(open, indent, code);
        if indent == 2 && code == "}" {
            let block = open.take().unwrap_or_default();
            let _ = write!(out, "\n```wit\n{block}```\n");
        }
        return;
    }
    let said = docs.join(" ").replace("  ", "\n\n");
    docs.clear();
    if let Some(name) = code.strip_prefix("interface ") {
        let _ = write!(out, "\n## `{}`\n\n{said}\n", name.trim_end_matches([' ', '{']));
    } else if code.starts_with("package ") {
        let _ = write!(out, "\n`{}`\n\n{said}\n", code.trim_end_matches(';'));
    } else if indent == 2 && code.ends_with('{') && !code.starts_with("include") {
        let _ = write!(out, "\n{said}\n");
        *open = Some(format!("{code}\n"));
    } else if indent == 2 && (code.contains(": func(") || code.starts_with("enum ")) {
        let _ = write!(out, "\n```wit\n{code}\n```\n\n{said}\n");
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn the_reference_is_made_from_the_contract_as_it_stands() {
        let workspace = Workspace::own().unwrap();
        let wit = std::fs::read_to_string(workspace.root().join(CONTRACT)).unwrap();
        let kept = std::fs::read_to_string(workspace.root().join(REFERENCE)).unwrap();
        assert_eq!(of_contract(&wit), kept, "run: cargo run -p weir-pack -- reference");
    }

    #[test]
    fn every_function_and_every_type_is_in_it() {
        let workspace = Workspace::own().unwrap();
        let wit = std::fs::read_to_string(workspace.root().join(CONTRACT)).unwrap();
        let made = of_contract(&wit);
        let items = wit.lines().map(str::trim).filter(|line| {
            line.contains(": func(")
                || ["record ", "variant ", "enum ", "interface "].iter().any(|kind| line.starts_with(kind))
        });
        for item in items {
            let shown = item.strip_prefix("interface ").map(|name| name.trim_end_matches([' ', '{']));
            assert!(made.contains(shown.unwrap_or(item)), "{item}");
        }
    }
}
