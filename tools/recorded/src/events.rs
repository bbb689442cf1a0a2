//! A stream's events, read in the plainest way there is, and not by what is tested with them.

use serde_json::{Value, json};

/// An event of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedEvent {
    /// What its framing calls it: the `event:` of server-sent events, the `:event-type` of AWS's messages.
    pub name: Option<String>,
    /// What it says: JSON, but for `[DONE]`.
    pub data: Vec<u8>,
}

impl RecordedEvent {
    /// What it says, where that is JSON.
    #[must_use]
    pub fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.data).ok()
    }

    /// What it says as the one member of an object that bears its name, as [`crate::Spec::bedrock`] takes it.
    #[must_use]
    pub fn union(&self) -> Option<Value> {
        Some(json!({ self.name.as_deref()?: self.json()? }))
    }
}

/// Those of server-sent events: with data, the last one even if no empty line closes it.
pub(crate) fn of_sse(stream: &[u8]) -> Vec<RecordedEvent> {
    let (mut events, mut name, mut data) = (Vec::new(), None, Vec::<&[u8]>::new());
    for line in stream.split(|byte| *byte == b'\n').chain([&b""[..]]) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let value = |field: &[u8]| Some(without_blank(line.strip_prefix(field)?.strip_prefix(b":")?));
        if let Some(value) = value(b"data") {
            data.push(value);
        } else if let Some(value) = value(b"event") {
            name = Some(String::from_utf8_lossy(value).into_owned());
        } else if line.is_empty() {
            let name = name.take();
            if !data.is_empty() {
                events.push(RecordedEvent { name, data: data.join(&b"\n"[..]) });
                data.clear();
            }
        }
    }
    events
}

fn without_blank(value: &[u8]) -> &[u8] {
    value.strip_prefix(b" ").unwrap_or(value)
}

/// Those of lines, one each.
pub(crate) fn of_lines(stream: &[u8]) -> Vec<RecordedEvent> {
    let lines = stream.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.map(|line| RecordedEvent { name: None, data: line.to_vec() }).collect()
}

/// Those of lines `{"NAME": PAYLOAD}`, as the source of Bedrock's chunks keeps them.
pub(crate) fn of_unions(stream: &[u8]) -> Vec<RecordedEvent> {
    let of = |event: &Value| {
        let (name, payload) = event.as_object()?.iter().next()?;
        Some(RecordedEvent { name: Some(name.clone()), data: payload.to_string().into_bytes() })
    };
    of_lines(stream).iter().filter_map(|line| of(&line.json()?)).collect()
}

/// Those of messages that the data has decoded: lines `{"headers": …, "payload": …}`.
pub(crate) fn of_messages(decoded: &[u8]) -> Vec<RecordedEvent> {
    let of = |message: &Value| {
        let headers = message.get("headers")?;
        let name = headers.get(":event-type").or_else(|| headers.get(":exception-type"));
        Some(RecordedEvent {
            name: name.and_then(Value::as_str).map(str::to_owned),
            data: message.get("payload")?.to_string().into_bytes(),
        })
    };
    of_lines(decoded).iter().filter_map(|line| of(&line.json()?)).collect()
}

/// Lines framed as the provider of this endpoint frames its events.
pub(crate) fn framed(endpoint: &str, lines: &[u8]) -> Vec<u8> {
    let mut framed = Vec::new();
    let is_chat = endpoint == "chat-completions";
    for event in of_lines(lines) {
        let kind = event.json().and_then(|event| Some(event.get("type")?.as_str()?.to_owned()));
        if let Some(kind) = kind.filter(|_| !is_chat) {
            framed.extend_from_slice(format!("event: {kind}\n").as_bytes());
        }
        framed.extend_from_slice(b"data: ");
        framed.extend_from_slice(&event.data);
        framed.extend_from_slice(b"\n\n");
    }
    if is_chat {
        framed.extend_from_slice(b"data: [DONE]\n\n");
    }
    framed
}

#[cfg(test)]
mod tests {
    use super::{of_messages, of_sse, of_unions};

    #[test]
    fn events_are_read_with_their_names_whatever_ends_their_lines() {
        let stream = b": a comment\r\n\r\nevent: one\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nevent: lost\n\ndata:[DONE]";
        let events = of_sse(stream);
        assert_eq!(events.len(), 2);
        assert_eq!((events[0].name.as_deref(), events[0].data.as_slice()), (Some("one"), &b"{\"a\":\n1}"[..]));
        assert_eq!((events[1].name.as_deref(), events[1].data.as_slice()), (None, &b"[DONE]"[..]));
    }

    #[test]
    fn messages_are_called_by_their_event_or_exception() {
        let one = of_unions(b"{\"messageStop\":{\"stopReason\":\"tool_use\"}}\n");
        assert_eq!(one[0].name.as_deref(), Some("messageStop"));
        let lines = br#"{"headers":{":exception-type":"throttlingException"},"payload":{"message":"slow"}}"#;
        let two = of_messages(lines);
        assert_eq!(
            (two[0].name.as_deref(), &two[0].data[..]),
            (Some("throttlingException"), &br#"{"message":"slow"}"#[..])
        );
    }
}
