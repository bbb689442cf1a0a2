//! One value of the file, read as what the key wants. What does not fit becomes a problem, and the answer is none.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use toml::de::DeValue;

use crate::expand::{self, ExpandError};
use crate::secret::{Secret, looks_secret};
use crate::source::{At, ConfigSource};
use crate::{suggest, units};

mod instead;

/// A value and where it stands.
#[derive(Clone)]
pub(crate) struct ConfigValue<'t> {
    pub(crate) source: &'t ConfigSource<'t>,
    pub(crate) at: At,
    pub(crate) toml: &'t DeValue<'t>,
}

/// A string after `${…}` was filled in, with what stands in the file: messages quote only that, for what the
/// environment holds may be secret.
pub(crate) struct ExpandedText {
    pub(crate) value: String,
    written: String,
}

impl ExpandedText {
    /// Whether nothing of it came from the environment.
    pub(crate) fn is_as_written(&self) -> bool {
        self.value == self.written
    }

    /// The string as the file has it, between back quotes and cut short. What looks like a secret is not repeated.
    pub(crate) fn quote(&self) -> String {
        const MOST: usize = 80;
        if looks_secret(&self.written) {
            return "a text that looks like a secret, and is not shown,".to_owned();
        }
        let shown: String = self.written.chars().take(MOST).collect();
        let rest = if shown.len() < self.written.len() { "…" } else { "" };
        format!("`{}{rest}`", shown.escape_debug())
    }
}

impl<'t> ConfigValue<'t> {
    pub(crate) fn problem(&self, what: impl Into<String>, fix: impl Into<String>) {
        self.source.problem(&self.at, what, fix);
    }

    /// That settings beside a plugin want more than those may have; `ceiling` says what there may be.
    pub(crate) fn past_ceiling(&self, ceiling: &str, fix: &str) {
        // The ceiling's key is the last one but for the place in a list.
        let key = self.at.key.split('[').next().unwrap_or_default();
        let what = format!(
            "{} is past the ceiling of plugins in all/ and tenants/, which is {ceiling} (plugins.dropped.{key})",
            self.shown()
        );
        let fix = format!(
            "{fix}; or have the operator raise plugins.dropped.{key}, or bind the plugin in a [[plugins.chain]]"
        );
        self.problem(what, fix);
    }

    /// The value as the file has it, cut short.
    fn shown(&self) -> String {
        match self.toml {
            DeValue::String(written) => {
                ExpandedText { value: String::new(), written: written.clone().into_owned() }.quote()
            }
            DeValue::Integer(number) => number.to_string(),
            DeValue::Array(array) => {
                let items = array.iter().take(8);
                let shown = |item: &toml::Spanned<DeValue<'_>>| item.get_ref().as_str().map(|text| format!("{text:?}"));
                format!("[{}]", items.filter_map(shown).collect::<Vec<_>>().join(", "))
            }
            other => with_article(other.type_str()),
        }
    }

    fn wrong_type(&self, wanted: &str) {
        self.problem(format!("is {}", with_article(self.toml.type_str())), format!("give {wanted}"));
    }

    /// A string that says something, with its `${…}` filled in.
    pub(crate) fn text(&self) -> Option<ExpandedText> {
        let DeValue::String(written) = self.toml else {
            self.wrong_type("a string");
            return None;
        };
        let value = self.expanded(written, expand::expand_whole)?;
        Some(ExpandedText { value, written: written.clone().into_owned() })
    }

    /// A string of a plugin's own settings, which may say whatever it likes, with its `${…}` filled in.
    pub(crate) fn any_text(&self) -> Option<String> {
        let DeValue::String(written) = self.toml else {
            self.wrong_type("a string");
            return None;
        };
        self.expanded(written, expand::expand)
    }

    fn expanded(&self, written: &str, by: fn(&str, expand::Env<'_>) -> Result<String, ExpandError>) -> Option<String> {
        let Some(env) = self.source.env() else {
            // A file that came with a plugin could otherwise read the gateway's secrets into the plugin's hands.
            if written.replace("$${", "").contains("${") {
                let fix = "put these settings into a [[plugins.chain]] of weir.toml, which may";
                self.problem("reads the environment, which settings beside a plugin may not", fix);
                return None;
            }
            return Some(written.replace("$${", "${"));
        };
        match by(written, env) {
            Ok(value) => Some(value),
            Err(error) => {
                self.problem(error.to_string(), error.fix());
                None
            }
        }
    }

    /// A secret: a string, or `file:` and the path of a file that holds it, less one line end at its end. Such a file
    /// holds at least one character.
    pub(crate) fn secret(&self) -> Option<Secret> {
        let text = self.text()?;
        let secret = match text.value.strip_prefix("file:") {
            None => text.value,
            Some(path) => match self.source.read_text(&self.source.resolve(path)) {
                Ok(held) => {
                    let held = held.strip_suffix('\n').unwrap_or(&held);
                    let held = held.strip_suffix('\r').unwrap_or(held);
                    // Whoever names a file means that there is a secret; an empty one has been cut off.
                    if held.is_empty() {
                        let what = format!("its file {} is empty", self.shown_path(&text, "file:"));
                        self.problem(what, "write the secret into it, or name another file");
                        return None;
                    }
                    held.to_owned()
                }
                Err(error) => {
                    self.problem(format!("its file {} {error}", self.shown_path(&text, "file:")), error.fix());
                    return None;
                }
            },
        };
        Some(Secret::new(secret))
    }

    /// The path that a text names behind a prefix, absolute, so that nobody has to guess where it starts; as the file has it where
    /// the environment has a part in it.
    pub(crate) fn shown_path(&self, text: &ExpandedText, prefix: &str) -> String {
        let written = text.written.strip_prefix(prefix).unwrap_or(&text.written);
        if written.contains("${") { written.to_owned() } else { self.source.resolve(written).display().to_string() }
    }

    /// A path, absolute or relative to the file's folder.
    pub(crate) fn path(&self) -> Option<PathBuf> {
        let text = self.text()?;
        if text.value.is_empty() || text.value.contains('\0') {
            self.problem("is not a path", "give a path; a relative one starts from this file's folder");
            return None;
        }
        Some(self.source.resolve(&text.value))
    }

    pub(crate) fn flag(&self) -> Option<bool> {
        let flag = self.toml.as_bool();
        if flag.is_none() {
            match self.unquoted(|text| matches!(text, "true" | "false")) {
                Some(fix) => self.problem("is a string", fix),
                None => self.wrong_type("true or false"),
            }
        }
        flag
    }

    /// A whole number within `range`.
    pub(crate) fn whole<N>(&self, range: RangeInclusive<N>) -> Option<N>
    where
        N: Copy + PartialOrd + Display + TryFrom<i64>,
    {
        let fix = || format!("a whole number from {} to {}", range.start(), range.end());
        let DeValue::Integer(integer) = self.toml else {
            let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
            let unquoted = self.unquoted(is_number).map(|line| format!("; {line}"));
            self.wrong_type(&format!("{}{}", fix(), unquoted.unwrap_or_default()));
            return None;
        };
        let number = i64::from_str_radix(integer.as_str(), integer.radix()).ok();
        let fits = number.and_then(|n| N::try_from(n).ok()).filter(|n| range.contains(n));
        if fits.is_none() {
            self.problem(out_of_range(number == Some(0), &integer.to_string()), format!("give {}", fix()));
        }
        fits
    }

    /// A size in bytes within `range`: `32KiB`, `10MB`, or a whole number.
    pub(crate) fn size(&self, range: RangeInclusive<u64>) -> Option<u64> {
        let bounds = format!("from {} to {}", units::show_size(*range.start()), units::show_size(*range.end()));
        let fix = format!("give a size {bounds}, such as \"64KiB\", \"10MB\" or a number of bytes");
        let (bytes, shown) = match self.toml {
            DeValue::Integer(n) => (u64::from_str_radix(n.as_str(), n.radix()).ok(), n.to_string()),
            DeValue::String(_) => {
                let text = self.text()?;
                let Some(bytes) = units::size(&text.value) else {
                    let fix = self.or_near(text.is_as_written().then(|| units::near_size(&text.value)).flatten(), fix);
                    self.problem(format!("{} is not a size", text.quote()), fix);
                    return None;
                };
                (Some(bytes), text.quote())
            }
            _ => {
                self.problem(format!("is {}", with_article(self.toml.type_str())), fix);
                return None;
            }
        };
        let fits = bytes.filter(|bytes| range.contains(bytes));
        if fits.is_none() {
            self.problem(out_of_range(bytes == Some(0), &shown), fix);
        }
        fits
    }

    /// A duration within `range`: `250ms`, `10s`, `5m`, `1h`.
    pub(crate) fn duration(&self, range: RangeInclusive<Duration>) -> Option<Duration> {
        let bounds = format!("from {} to {}", units::show_duration(*range.start()), units::show_duration(*range.end()));
        let fix = format!("give a duration {bounds}, such as \"250ms\", \"10s\", \"5m\" or \"1h\"");
        let DeValue::String(_) = self.toml else {
            let number = self.toml.as_integer().map(|n| format!("; {n} seconds are {} = \"{n}s\"", self.name()));
            self.problem(
                format!("is {}", with_article(self.toml.type_str())),
                format!("{fix}{}", number.unwrap_or_default()),
            );
            return None;
        };
        let text = self.text()?;
        let Some(duration) = units::duration(&text.value) else {
            let fix = self.or_near(text.is_as_written().then(|| units::near_duration(&text.value)).flatten(), fix);
            self.problem(format!("{} is not a duration", text.quote()), fix);
            return None;
        };
        if range.contains(&duration) {
            return Some(duration);
        }
        self.problem(out_of_range(duration.is_zero(), &text.quote()), fix);
        None
    }

    /// One of a few words.
    pub(crate) fn choice<C: Copy>(&self, choices: &[(&str, C)]) -> Option<C> {
        let text = self.text()?;
        let found = choices.iter().find(|(word, _)| *word == text.value).map(|(_, choice)| *choice);
        if found.is_none() {
            let known: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
            self.problem(
                format!("{} is not one of its values", text.quote()),
                suggest::fix(&text.value, "it is one of", &known),
            );
        }
        found
    }

    /// Whether it is an array of nothing.
    pub(crate) fn is_empty_list(&self) -> bool {
        self.toml.as_array().is_some_and(|array| array.is_empty())
    }

    /// The elements of an array.
    pub(crate) fn items(&self) -> Option<Vec<ConfigValue<'t>>> {
        let Some(array) = self.toml.as_array() else {
            self.no_list();
            return None;
        };
        let item = |(index, value): (usize, &'t toml::Spanned<DeValue<'t>>)| ConfigValue {
            source: self.source,
            at: self.at.item(index, self.source.line(value.span().start)),
            toml: value.get_ref(),
        };
        Some(array.iter().enumerate().map(item).collect())
    }
}

fn out_of_range(zero: bool, shown: &str) -> String {
    if zero { "is zero".to_owned() } else { format!("{shown} is out of range") }
}

/// `an integer`, `a string`: the name of a TOML type in a sentence.
pub(crate) fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'i']) { "an" } else { "a" };
    format!("{article} {name}")
}
