//! The peculiarities of the wire that a script found in the recordings.

use std::sync::OnceLock;

use crate::find::{committed_data, shared_data, text};
use crate::index::recording;
use crate::recording::Recording;

/// A peculiarity of the wire.
#[derive(Debug, Clone)]
pub struct Quirk {
    /// The how manieth of `QUIRKS.md`, from 1 to 157.
    pub number: usize,
    /// What is peculiar, as `chat stream: usage in several chunks`.
    pub text: String,
    /// Which recordings show it, at least one.
    pub shown_by: Vec<ShownBy>,
}

/// A recording that shows a peculiarity.
#[derive(Debug, Clone)]
pub struct ShownBy {
    /// Its provider.
    pub provider: String,
    /// Its name.
    pub name: String,
    /// The value there, where one helps.
    pub value: Option<String>,
}

impl Quirk {
    /// The first recording that shows it.
    #[must_use]
    pub fn recording(&self) -> &'static Recording {
        let found = self.shown_by.first().and_then(|first| recording(&first.provider, &first.name));
        found.unwrap_or_else(|| panic!("quirk {} ({}): its recording is not here", self.number, self.text))
    }
}

/// All 157, in their order. They are here without the shared data too, but then name one recording each.
#[must_use]
pub fn quirks() -> &'static [Quirk] {
    static QUIRKS: OnceLock<Vec<Quirk>> = OnceLock::new();
    QUIRKS.get_or_init(|| {
        let here = committed_data().join("QUIRKS.md");
        let list = shared_data().map_or(here, |data| data.join("recordings/QUIRKS.md"));
        if list.is_file() { read(&text(&list)) } else { Vec::new() }
    })
}

/// Lines `- **TEXT** — PROVIDER (COUNT): `NAME VALUE`, `NAME`; PROVIDER (COUNT): …`.
fn read(list: &str) -> Vec<Quirk> {
    let lines = list.lines().filter_map(|line| line.strip_prefix("- **")?.split_once("** — "));
    let of = |(at, (text, shown)): (usize, (&str, &str))| Quirk {
        number: at + 1,
        text: text.to_owned(),
        shown_by: shown_by(shown),
    };
    lines.enumerate().map(of).collect()
}

fn shown_by(shown: &str) -> Vec<ShownBy> {
    let (mut all, mut provider) = (Vec::new(), String::new());
    // Every second piece stands between backticks; the others end with `PROVIDER (COUNT): ` or are `, `.
    for (at, piece) in shown.split('`').enumerate() {
        if at % 2 == 0 {
            if let Some((before, _)) = piece.split_once(" (") {
                provider = before.trim_start_matches("; ").to_owned();
            }
            continue;
        }
        let (name, value) = piece.split_once(' ').map_or((piece, None), |(name, value)| (name, Some(value.to_owned())));
        all.push(ShownBy { provider: provider.clone(), name: name.to_owned(), value });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::{quirks, read};
    use crate::index::{is_complete, recording};

    #[test]
    fn a_line_says_what_is_peculiar_and_who_shows_it() {
        let read = read(
            "# T\n- **chat: odd** — openai (7): `a.b {'', 'x'}`, `c`; azure-openai (1): `d 2`\n\n- **e** — z (1): `f`\n",
        );
        let shown: Vec<_> =
            read[0].shown_by.iter().map(|by| (by.provider.as_str(), by.name.as_str(), by.value.as_deref())).collect();
        assert_eq!(
            shown,
            [("openai", "a.b", Some("{'', 'x'}")), ("openai", "c", None), ("azure-openai", "d", Some("2"))]
        );
        assert_eq!((read[1].number, read[1].text.as_str(), read.len()), (2, "e", 2));
    }

    #[test]
    fn all_157_peculiarities_are_shown_by_recordings_that_are_here() {
        if !is_complete() {
            return;
        }
        assert_eq!(quirks().len(), 157);
        for quirk in quirks() {
            assert!(quirk.recording().status > 0);
            assert!(quirk.shown_by.iter().all(|by| recording(&by.provider, &by.name).is_some()), "{quirk:?}");
        }
    }
}
