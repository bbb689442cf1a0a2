//! The settings.

use weir_plugin::Settings;

use crate::kinds::{KINDS, Kind, Kinds};
use crate::scan;

/// The settings, read.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) kinds: Kinds,
    email: String,
    phone: String,
    card: String,
    iban: String,
    pub(crate) request: bool,
    pub(crate) response: bool,
}

impl Options {
    pub(crate) fn read(settings: &str) -> Result<Self, String> {
        let mut settings = Settings::read(settings)?;
        let named = settings.texts("kinds")?;
        let mut kinds = Kinds::default();
        for name in named.unwrap_or_else(|| KINDS.map(|(name, _)| name.to_owned()).to_vec()) {
            match KINDS.iter().find(|(have, _)| *have == name) {
                Some((_, kind)) => kinds.add(*kind),
                None => {
                    return Err(format!(
                        "settings.kinds: `{name}` is not known; the kinds are: email, phone, card, iban"
                    ));
                }
            }
        }
        let mut places = settings.table("replacement")?;
        let mut place = |name: &str, default: &str| -> Result<String, String> {
            let own = places.as_mut().map(|places| places.text(name)).transpose()?.flatten();
            Ok(own.unwrap_or_else(|| default.to_owned()))
        };
        let options = Self {
            kinds,
            email: place("email", "[EMAIL]")?,
            phone: place("phone", "[PHONE]")?,
            card: place("card", "[CARD]")?,
            iban: place("iban", "[IBAN]")?,
            request: settings.flag("request")?.unwrap_or(true),
            response: settings.flag("response")?.unwrap_or(true),
        };
        if let Some(places) = places {
            places.finish()?;
        }
        settings.finish()?;
        Ok(options)
    }

    /// What stands in the place of one that was found.
    pub(crate) fn replacement(&self, kind: Kind) -> &str {
        match kind {
            Kind::Email => &self.email,
            Kind::Phone => &self.phone,
            Kind::Card => &self.card,
            Kind::Iban => &self.iban,
        }
    }

    /// A whole text with everything replaced; none if there is nothing to replace.
    pub(crate) fn redact(&self, text: &str) -> Option<String> {
        let found = scan::scan(text, 0, self.kinds, true).found;
        if found.is_empty() {
            return None;
        }
        let mut out = String::with_capacity(text.len());
        let mut at = 0;
        for one in &found {
            out.push_str(text.get(at..one.start).unwrap_or_default());
            out.push_str(self.replacement(one.kind));
            at = one.end;
        }
        out.push_str(text.get(at..).unwrap_or_default());
        Some(out)
    }
}
