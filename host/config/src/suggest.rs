//! "Did you mean …?"

/// What to say of a name that is not known: the nearest known one if one is near, and all that are known.
#[must_use]
pub fn fix(found: &str, what_is_known: &str, known: &[&str]) -> String {
    let mut fix = String::new();
    if let Some(near) = nearest(found, known) {
        fix.push_str(&format!("did you mean `{near}`? "));
    }
    if known.is_empty() {
        fix.push_str(&format!("there are no {what_is_known}"));
    } else {
        let mut sorted = known.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        fix.push_str(&format!("{what_is_known}: {}", sorted.join(", ")));
    }
    fix
}

/// What may have been meant, of a plugin's words about its settings: a name in them that is near to one in the settings, which
/// the plugin does not know, or near to the one that it does not know. Nothing if there is none.
#[must_use]
pub fn hint(words: &str, settings: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    // The setting that the words are about, and whether the settings have it.
    let about = words.split_once("settings.").map(|(_, rest)| rest.split(|c| !is_name(c)).next().unwrap_or_default());
    if let Some(about) = about.filter(|about| !about.is_empty() && !settings.contains_key(*about)) {
        let given: Vec<&str> = settings.keys().map(String::as_str).filter(|key| !words.contains(key)).collect();
        return nearest(about, &given).map(|given| format!("did you mean `{about}` where `{given}` stands?"));
    }
    // What is not known, and what is: the list at the end.
    let path = words.split_once("settings.").map(|(_, rest)| rest.split([':', ' ']).next().unwrap_or_default());
    let unknown = match words.split_once('`').and_then(|(_, rest)| rest.split_once('`')) {
        Some((quoted, _)) => quoted,
        None => path.and_then(|path| path.rsplit(['.', ']']).next()).unwrap_or_default(),
    };
    let items: Vec<&str> = words.rsplit(": ").next().unwrap_or_default().split(", ").collect();
    let names = items.iter().filter_map(|item| item.rsplit(' ').next());
    let known: Vec<&str> = names.filter(|name| *name != unknown && name.chars().all(is_name)).collect();
    if items.len() < 2 || unknown.is_empty() {
        return None;
    }
    nearest(unknown, &known).map(|near| format!("did you mean `{near}`?"))
}

/// The known name nearest to `found`, where case and dashes make no difference: one within a third of its length in
/// slips of typing, else one that begins much the same.
#[must_use]
pub fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
    const MUCH_THE_SAME: f64 = 0.85;
    let plain = |name: &str| name.to_ascii_lowercase().replace('-', "_");
    let wanted = plain(found);
    let (slips, name) = known.iter().map(|name| (strsim::osa_distance(&wanted, &plain(name)), *name)).min()?;
    let allowed = (wanted.chars().count().max(name.chars().count()) / 3).max(1);
    if slips <= allowed {
        return Some(name);
    }
    let likeness = known.iter().map(|name| (strsim::jaro_winkler(&wanted, &plain(name)), *name));
    let (likeness, name) = likeness.max_by(|(one, _), (other, _)| one.total_cmp(other))?;
    (likeness >= MUCH_THE_SAME).then_some(name)
}
