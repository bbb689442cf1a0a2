//! The identifier of a response.

use bytes::Bytes;

use crate::canon::RawJson;

/// The identifier of the response that an event of a stream (`response.created` and its like) is about; none of other events.
/// `event` is as it stands in the stream, its first line end at most the last byte of each line.
#[must_use]
pub fn id_in_event(event: &Bytes) -> Option<String> {
    let line = event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:"))?;
    let data = RawJson::parse(event.slice_ref(line.trim_ascii())).ok()?;
    let response = data.members().take_members("response")?;
    Some(response.get("id")?.text()?.text().into_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_event_about_a_response_names_it() {
        let of = |event: &'static str| id_in_event(&Bytes::from_static(event.as_bytes()));
        let created =
            "event: response.created\r\ndata: {\"type\":\"response.created\",\"response\":{\"id\":\"resp_1\"}}\r\n\r\n";
        assert_eq!(of(created).as_deref(), Some("resp_1"));
        for none in
            ["", ": x\n\n", "data: [DONE]\n\n", "data: {\"type\":\"x\"}\n\n", "data: {\"response\":{\"id\":1}}\n\n"]
        {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
