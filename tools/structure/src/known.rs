//! What is known not to be as it should, so that the rest can be held to it: the list may only get shorter.

use crate::failed::Failed;
use std::collections::{BTreeMap, BTreeSet};

/// Where the list is.
pub(crate) const LIST: &str = "tools/structure/known.txt";

/// What the check looks for and tolerates where the list has it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// Files in a circle.
    pub(crate) in_circles: BTreeSet<String>,
    /// Names of types that are borne by more than one, and by how many.
    pub(crate) shared_names: BTreeMap<String, usize>,
}

/// What of the code the list does not have, and what of the list the code no longer has.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Deviation {
    pub(crate) new_in_circles: Vec<String>,
    pub(crate) new_names: Vec<String>,
    /// Lines that are to go, or to be lowered.
    pub(crate) gone: Vec<String>,
}

impl Known {
    /// Reads the list: `circle <file>` and `name <type> <how many>` a line; `#` begins a comment.
    ///
    /// # Errors
    /// A line that is neither.
    pub(crate) fn read(list: &str) -> Result<Self, Failed> {
        let mut known = Self::default();
        for (number, line) in list.lines().enumerate() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match (words.as_slice(), words.get(2).map(|count| count.parse())) {
                ([], _) => {}
                ([first, ..], _) if first.starts_with('#') => {}
                (["circle", file], _) => {
                    known.in_circles.insert((*file).to_owned());
                }
                (["name", name, _], Some(Ok(count))) => {
                    known.shared_names.insert((*name).to_owned(), count);
                }
                _ => return Err(Failed(format!("{LIST}:{}: neither `circle FILE` nor `name TYPE COUNT`", number + 1))),
            }
        }
        Ok(known)
    }

    /// Compares the list with what was found.
    pub(crate) fn deviation(&self, found: &Self) -> Deviation {
        let mut deviation = Deviation::default();
        deviation.new_in_circles.extend(found.in_circles.difference(&self.in_circles).cloned());
        let gone = self.in_circles.difference(&found.in_circles);
        deviation.gone.extend(gone.map(|file| format!("circle {file}: it is in none any more")));
        for (name, &count) in &found.shared_names {
            if count > self.shared_names.get(name).copied().unwrap_or(1) {
                deviation.new_names.push(name.clone());
            }
        }
        for (name, &count) in &self.shared_names {
            match found.shared_names.get(name) {
                Some(&now) if now >= count => {}
                Some(now) => deviation.gone.push(format!("name {name} {count}: it is {now} now")),
                None => deviation.gone.push(format!("name {name} {count}: it stands for one thing now, or for none")),
            }
        }
        deviation
    }

    /// The list without what is gone, its comments at the top kept. Nothing new comes in.
    pub(crate) fn shrunk(&self, list: &str, found: &Self) -> String {
        let mut lines: Vec<String> = list.lines().take_while(|line| line.starts_with('#')).map(str::to_owned).collect();
        lines.extend(self.in_circles.intersection(&found.in_circles).map(|file| format!("circle {file}")));
        for (name, &count) in &self.shared_names {
            let now = found.shared_names.get(name).map(|now| count.min(*now));
            lines.extend(now.map(|count| format!("name {name} {count}")));
        }
        lines.join("\n") + "\n"
    }
}

#[cfg(test)]
mod tests;
