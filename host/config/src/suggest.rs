//! "Did you mean …?"

/// What to say of a name that is not known: the nearest known one if one is near, and all that are known.
pub(crate) fn fix(found: &str, what_is_known: &str, known: &[&str]) -> String {
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

/// The known name nearest to `found`, where case and dashes make no difference: one within a third of its length in
/// slips of typing, else one that begins much the same.
fn nearest<'k>(found: &str, known: &[&'k str]) -> Option<&'k str> {
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
