//! `ca_file`: the certificate authorities to trust in place of the public ones.

use crate::authorities::{self, Authorities};
use crate::file::FileError;
use crate::keys::ConfigKey;
use crate::table::ConfigTable;
use crate::told::ToldTable;
use crate::value::ConfigValue;

/// A PEM file of the authorities to trust.
pub(crate) struct CaFileKey();

impl ConfigKey<Option<Authorities>> for CaFileKey {
    fn read(self, table: &ConfigTable<'_>, key: &'static str, default: Option<Authorities>) -> Option<Authorities> {
        table.value(key).and_then(|value| authorities(&value)).or(default)
    }

    fn tell(value: &Option<Authorities>, key: &str, told: &mut ToldTable) {
        if value.is_some() {
            told.file(key, value.as_ref());
        }
    }
}

/// A PEM file of authorities, read and judged now: what can be wrong with it is said wherever the configuration is read.
fn authorities(value: &ConfigValue<'_>) -> Option<Authorities> {
    let path = value.path()?;
    match value.source.read(&path) {
        Ok(pem) => match authorities::judge(&pem) {
            Ok(()) => return Some(Authorities::new(path, &*pem)),
            Err(why) => {
                let name = value.text().map(|text| text.quote()).unwrap_or_default();
                value.problem(format!("{name}: {why}"), "give a PEM file of the authorities' certificates");
            }
        },
        Err(error) if error.is_missing() || matches!(error, FileError::Irregular(_)) => {
            let fix = "give the path of a PEM file; a relative one starts from this file's folder";
            let name = value.text().map(|text| value.shown_path(&text, "")).unwrap_or_default();
            value.problem(format!("{name} is not a file"), fix);
        }
        Err(error) => value.problem(error.to_string(), error.fix()),
    }
    None
}
