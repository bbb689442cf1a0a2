//! Where a callout goes: one URL in one reading only, and allowed by the operator.
//!
//! What servers read in different ways is refused rather than mended: a path that was compared with what is allowed in
//! one reading and served in another would lead past the operator's rules.

use http::Uri;
use http::uri::Scheme;
use weir_config::{Allowed, Hostname};

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// Bytes of a URL.
const LENGTH: usize = 8 << 10;

/// The URL in its canonical form if one of `allow` covers it, else why not.
pub(super) fn allowed(url: &str, allow: &[Allowed]) -> Result<Uri, String> {
    let url = Url::parse(url)?;
    if !allow.iter().any(|entry| url.is_covered_by(entry)) {
        let origin = Allowed { path: String::new(), ..url.place };
        return Err(format!("{origin} is not allowed at this path, or not at all (callouts.allow)"));
    }
    url.canonical()
}

/// A URL taken apart; `place.path` is its whole path.
struct Url {
    place: Allowed,
    query: Option<String>,
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        check_characters(text)?;
        let uri: Uri = text.parse().map_err(|_| "not a URL".to_owned())?;
        let plain = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTPS => false,
            Some(scheme) if *scheme == Scheme::HTTP => true,
            _ => return Err("not an http or https URL".to_owned()),
        };
        let authority = uri.authority().ok_or("the URL has no host")?.as_str();
        if authority.contains('@') {
            return Err("the URL has a user name or password: send them in a header".to_owned());
        }
        let (host, port) = split(authority).ok_or("the URL's host or port is not one")?;
        let path = uri.path();
        check_path(path)?;
        let port = port.unwrap_or(if plain { 80 } else { 443 });
        Ok(Self { place: Allowed { plain, host, port, path: path.to_owned() }, query: uri.query().map(str::to_owned) })
    }

    fn is_covered_by(&self, entry: &Allowed) -> bool {
        let Allowed { plain, host, port, path } = &self.place;
        // Whole segments: `/v1` covers `/v1` and `/v1/x`, and not `/v10`.
        let below = path.strip_prefix(&entry.path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        (*plain, host, *port) == (entry.plain, &entry.host, entry.port) && below
    }

    fn canonical(&self) -> Result<Uri, String> {
        let query = self.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        format!("{}{query}", self.place).parse().map_err(|_| "not a URL".to_owned())
    }
}

fn check_characters(text: &str) -> Result<(), String> {
    if text.len() > LENGTH {
        return Err(format!("a URL of more than {LENGTH} bytes"));
    }
    if !text.is_ascii() {
        return Err("the URL is not ASCII: escape its path, and write its host in the form xn--…".to_owned());
    }
    if text.bytes().any(|b| !(0x21..0x7f).contains(&b) || b == b'\\') {
        return Err("the URL has white space, a control character or a backslash in it".to_owned());
    }
    if text.contains('#') {
        return Err("the URL has a fragment".to_owned());
    }
    Ok(())
}

/// Host, as [`Allowed::host`] has it, and port.
fn split(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (authority, None),
    };
    let port = match port {
        None => None,
        Some(port) if port.bytes().all(|b| b.is_ascii_digit()) => Some(port.parse().ok().filter(|port| *port > 0)?),
        Some(_) => return None,
    };
    let host = Hostname::read(host).ok()?.text;
    Some((host, port))
}

/// Refuses paths that are not read alike everywhere.
fn check_path(path: &str) -> Result<(), String> {
    let ambiguous = |what: &str| Err(format!("the URL's path has {what}, which is not read alike everywhere"));
    let lower = path.to_ascii_lowercase();
    let mut escaped = lower.split('%').skip(1);
    if !escaped.all(|rest| rest.get(..2).is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit()))) {
        return ambiguous("a `%` that escapes nothing");
    }
    // `/`, `\`, NUL, and an escape of an escape of them or of a dot, which some read twice.
    let hidden = ["%2f", "%5c", "%00", "%252e", "%252f", "%255c"];
    if hidden.iter().any(|escape| lower.contains(escape)) {
        return ambiguous("an escaped separator");
    }
    let mut segments = lower.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        if segment.is_empty() && segments.peek().is_some() {
            return ambiguous("an empty segment");
        }
        let bare = segment.replace("%2e", ".").replace("%3b", ";");
        let bare = bare.split(';').next().unwrap_or_default();
        if matches!(bare, "." | "..") {
            return ambiguous("a segment of dots");
        }
    }
    Ok(())
}
