//! Keys that mean something to some kinds of providers only.

use super::kind::ProviderKind;
use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::value::ConfigValue;

/// What stands under such a key; a problem, and none, where the kind has no use for it. `of` names a kind that has.
pub(super) fn of_kind<'t>(
    table: &ConfigTable<'t>,
    key: &'static str,
    (kind, has_use, of): (ProviderKind, bool, &str),
) -> Option<ConfigValue<'t>> {
    let value = table.value(key)?;
    if has_use {
        return Some(value);
    }
    let what = format!("means nothing for a provider of kind \"{}\"", kind.word());
    value.problem(what, format!("remove it, or give kind = \"{of}\""));
    None
}

/// A word that will stand in a URL: letters, digits, `-`, `_` and `.`, at most 128 of them. `such_as` shows one.
pub(super) fn word(value: &ConfigValue<'_>, such_as: &str) -> Option<String> {
    let text = value.text()?;
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    let is_word = (1..=128).contains(&text.value.len()) && text.value.bytes().all(is_plain);
    if !is_word || text.value.starts_with('.') {
        value.problem(format!("{} cannot stand in a URL", text.quote()), format!("give one such as \"{such_as}\""));
        return None;
    }
    Some(text.value)
}

/// Whether a text holds what no header can: a line end, for example.
pub(super) fn has_control(value: &str) -> bool {
    value.bytes().any(|b| b != b'\t' && (b < b' ' || b == 0x7f))
}

/// The newest version of Azure's API that is generally available and dated; what came later has none any more.
const AZURE_VERSION: &str = "2024-10-21";

/// Which version of its API is meant, where the kind has that behind each path.
pub(super) struct ApiVersionKey(pub(super) ProviderKind);

impl ConfigKey<String> for ApiVersionKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: String) -> String {
        let has_use = self.0.has_deployments();
        let value = of_kind(table, key, (self.0, has_use, "azure"));
        let given = value.and_then(|value| word(&value, AZURE_VERSION));
        given.unwrap_or_else(|| if has_use { AZURE_VERSION.to_owned() } else { default })
    }

    fn tell(value: &String, key: &str, told: &mut ToldTable) {
        told.open(key, value);
    }
}
