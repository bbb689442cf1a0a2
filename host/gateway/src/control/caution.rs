//! Configurations that are good by themselves, and that nobody is likely to have meant: what is left of a file that was cut
//! off. They are held until somebody who has been told says that they are meant.

use super::missing::Missing;
use weir_config::Config;

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What is known of a file that was held.
#[derive(Default)]
pub(crate) struct Caution {
    /// The text that was held last, by its hash.
    held: Option<blake3::Hash>,
}

impl Caution {
    /// Whether a new configuration may go live in the place of the one that serves; each with its text. `insisted`: the
    /// operator has asked for it by a signal, which counts for what was held before, and so has been named.
    ///
    /// # Errors
    /// What it would take away, and what to do if that is meant.
    pub(crate) fn judge(
        &mut self,
        new: (&str, &Config),
        serving: (&str, &Config),
        insisted: bool,
    ) -> Result<(), String> {
        let Some(loss) = loss(new, serving) else {
            self.held = None;
            return Ok(());
        };
        let hash = blake3::hash(new.0.as_bytes());
        if insisted && self.held == Some(hash) {
            tracing::warn!("{loss}: it goes live, for a signal has confirmed it");
            return Ok(());
        }
        self.held = Some(hash);
        Err(format!("{loss}; held: what served before serves on; mend the file, or confirm it with SIGHUP"))
    }
}

fn loss((text, new): (&str, &Config), (serving, old): (&str, &Config)) -> Option<String> {
    let file = new.file.display();
    for missing in Missing::of(new) {
        let mut names = missing.names(old);
        if let Some(first) = names.next() {
            let more = names.count();
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            return Some(format!(
                "{file}: no {} is left in it, and {} served ({first}{rest})",
                missing.word(),
                more + 1
            ));
        }
    }
    let cut = serving.strip_prefix(text).is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['\n', '\r']));
    // A line's end is where an editor would have cut, too.
    (cut && !text.ends_with('\n'))
        .then(|| format!("{file}: ends in the middle of a line of what serves, as if cut off"))
}
