//! Events of several choices, as several events of one choice each.
//!
//! A stream is what its events add up to, by choice, so that it says the same either way; and who looks at an event of one
//! choice cannot overlook the others.

use bytes::Bytes;
use weir_http::json;

use super::delta::Delta;
use super::error::EventError;
use super::read::{ChoiceAt, places};

/// Members that stand in every event of a stream, and say what it is.
const EVERYWHERE: [&str; 6] = ["id", "object", "created", "model", "system_fingerprint", "service_tier"];
/// They are short; a longer one is not said more than once.
const SHORT: usize = 256;

/// The choices of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choices {
    /// There is none.
    None,
    /// There is one, and it is all that `choices` holds.
    One(Delta),
    /// Each by itself: data of an event that has it alone, and what it says. What stands beside the choices, such as
    /// usage, is in the last one.
    Several(Vec<(Bytes, Delta)>),
}

/// Reads the choices of an event.
///
/// # Errors
/// [`EventError`]; an event without a choice is none.
pub fn choices(data: &Bytes) -> Result<Choices, EventError> {
    let found = places(data)?;
    match found.as_slice() {
        [] => Ok(Choices::None),
        [place] => Ok(Choices::One(Delta::at(data, place)?)),
        found => several(data, found).map(Choices::Several),
    }
}

fn several(data: &Bytes, found: &[ChoiceAt]) -> Result<Vec<(Bytes, Delta)>, EventError> {
    let last = found.len().saturating_sub(1);
    let each = found.iter().enumerate().map(|(index, place)| {
        let data = alone(data, place, index == last)?;
        let place = places(&data)?.pop().ok_or(EventError::NoChoice)?;
        let delta = Delta::at(&data, &place)?;
        Ok((data, delta))
    });
    each.collect()
}

/// The data with this choice alone, and with what stands beside the choices or without.
fn alone(data: &[u8], place: &ChoiceAt, beside: bool) -> Result<Bytes, EventError> {
    let choice = place.span.map(|span| span.of(data)).unwrap_or_default();
    let mut out = Vec::with_capacity(choice.len() + if beside { data.len() } else { SHORT });
    out.push(b'{');
    json::members(data, |key, span, _| {
        let value = span.of(data);
        let kept = beside || value.len() <= SHORT && EVERYWHERE.iter().any(|name| key == *name);
        if key == "choices" || !kept {
            return;
        }
        out.push(b'"');
        out.extend_from_slice(key.raw());
        out.extend_from_slice(b"\":");
        out.extend_from_slice(value);
        out.push(b',');
    })?;
    out.extend_from_slice(b"\"choices\":[");
    if place.numbered {
        out.extend_from_slice(choice);
    } else {
        // Its place said it, which is another one now.
        let comma = if choice.get(1..).unwrap_or_default().trim_ascii_start().starts_with(b"}") { "" } else { "," };
        out.extend_from_slice(format!("{{\"index\":{}{comma}", place.choice).as_bytes());
        out.extend_from_slice(choice.get(1..).unwrap_or_default());
    }
    out.extend_from_slice(b"]}");
    Ok(Bytes::from(out))
}
