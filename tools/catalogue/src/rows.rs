//! Which models have a row, and how rows are written.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::known::KnownModel;

/// Rows that the catalogue has at most.
const MOST: usize = 400;

/// The order of words in a row.
const WORDS: [&str; 10] =
    ["text", "image", "audio", "video", "pdf", "embedding", "tools", "schema", "reasoning", "cache"];

const HEAD: &str = "\
# What is known of models: made by tools/catalogue of the lists of models.dev (f3fc6922, MIT) and LiteLLM (1.110.2, MIT), and written
# by nobody by hand. host/config/src/catalogue/models.rs says what each member is, and by which names a row is found: none has
# what providers put before a model's name, and a date only where that version differs from the others.
";

/// Those that get a row: each model once by its bare name, and versions of it by their own where they take or give more or less.
pub(crate) fn chosen(known: Vec<KnownModel>) -> Vec<KnownModel> {
    let mut order: Vec<String> = Vec::new();
    let mut groups: BTreeMap<String, Vec<KnownModel>> = BTreeMap::new();
    for model in known.into_iter().filter(|model| model.context.is_some()) {
        if !groups.contains_key(&model.bare) {
            order.push(model.bare.clone());
        }
        groups.entry(model.bare.clone()).or_default().push(model);
    }
    let mut rows: Vec<KnownModel> = Vec::new();
    for bare in order {
        let versions = groups.remove(&bare).unwrap_or_default();
        // The one without a version, else the latest: by their names, for they end in dates.
        let usual =
            versions.iter().find(|model| model.key == bare).or_else(|| versions.iter().max_by_key(|model| &model.key));
        let Some(usual) = usual.cloned() else { continue };
        let others = versions.iter().filter(|model| model.key != usual.key && !model.takes_as_much(&usual));
        let plain = KnownModel {
            name: usual.name.get(..bare.len()).unwrap_or(&usual.name).to_owned(),
            key: bare,
            ..usual.clone()
        };
        rows.push(plain);
        rows.extend(others.cloned());
    }
    rows.truncate(MOST);
    rows.sort_by(|one, other| one.name.cmp(&other.name));
    rows
}

/// The rows as the file has them.
pub(crate) fn text(rows: &[KnownModel]) -> String {
    let mut text = HEAD.to_owned();
    for model in rows {
        // A string's writing cannot fail.
        let _ = write!(text, "\n[[model]]\nname = {:?}\n", model.name);
        for (key, number) in [("context", model.context), ("output", model.output)] {
            if let Some(number) = number {
                let _ = writeln!(text, "{key} = {number}");
            }
        }
        let _ = writeln!(text, "input = {}", list(&model.input));
        if model.gives != BTreeSet::from(["text"]) {
            let _ = writeln!(text, "gives = {}", list(&model.gives));
        }
        if !model.can.is_empty() {
            let _ = writeln!(text, "can = {}", list(&model.can));
        }
    }
    text
}

fn list(words: &BTreeSet<&'static str>) -> String {
    let words: Vec<String> =
        WORDS.iter().filter(|word| words.contains(*word)).map(|word| format!("{word:?}")).collect();
    format!("[{}]", words.join(", "))
}
