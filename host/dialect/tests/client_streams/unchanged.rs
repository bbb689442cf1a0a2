//! What nobody changes.

use serde_json::Value;
use weir_dialect::WireFormat;
use weir_dialect::canon::{NewEvent, StreamState, WireEvent};
use weir_dialect::view::{ClientFraming, ClientStream, frame};
use weir_recorded::cuts;

use crate::play::{Hook, played};
use crate::source::{CLIENTS, Source, client_frames, context, frames, sources, told};

/// Lets all pass, some of it late.
struct Passing {
    step: u64,
}

impl Hook for Passing {
    fn see(&mut self, stream: &mut ClientStream, first: u64, shown: &[NewEvent]) -> u64 {
        let next = first + shown.len() as u64;
        (first..next).for_each(|number| stream.passed(number));
        next - next % self.step
    }
}

#[test]
fn a_stream_of_the_clients_own_wire_goes_on_byte_for_byte() {
    for source in sources().filter(|source| source.wire != WireFormat::Chat) {
        for (client, framing) in CLIENTS.into_iter().filter(|(client, _)| *client == source.wire) {
            let due = source.bytes.as_slice();
            let hooks: [Option<Passing>; 3] = [None, Some(Passing { step: 1 }), Some(Passing { step: 1 << 40 })];
            for mut hook in hooks {
                let hook = hook.as_mut().map(|hook| hook as &mut dyn Hook);
                let played = played(&source, &[due], (client, framing), hook);
                assert_eq!(played.state, source.told().1, "{}", source.name);
                if framing == ClientFraming::JsonArray {
                    same_values(&source, &played.bytes);
                } else {
                    assert_eq!(played.bytes, due, "{}", source.name);
                }
            }
        }
    }
}

/// The array has the data of all events.
fn same_values(source: &Source, bytes: &[u8]) {
    let due: Vec<Value> = frames(source.wire, &[&source.bytes])
        .iter()
        .filter_map(|frame| frame.data.as_ref())
        .map(|data| serde_json::from_slice(data).unwrap())
        .collect();
    let is: Vec<Value> = serde_json::from_slice(bytes).unwrap();
    let flat = due.into_iter().flat_map(|value| match value {
        Value::Array(values) => values,
        value => vec![value],
    });
    assert_eq!(is, flat.collect::<Vec<_>>(), "{}", source.name);
}

#[test]
fn a_stream_that_is_cut_anywhere_goes_on_as_one_that_is_not() {
    for source in sources().filter(|source| source.wire != WireFormat::Chat && source.bytes.len() < 4_096) {
        let target = *CLIENTS.iter().find(|(client, _)| *client == source.wire).unwrap();
        for pieces in cuts(&source.bytes) {
            let played = played(&source, &pieces, target, Some(&mut Passing { step: 3 }));
            assert!(played.bytes == source.bytes, "{}", source.name);
        }
    }
}

#[test]
fn a_stream_of_another_wire_goes_on_as_it_is_translated() {
    for source in sources() {
        for (client, framing) in CLIENTS.into_iter().filter(|(client, _)| *client != source.wire) {
            let due = translated(&source, client);
            for step in [0, 1, 1 << 40] {
                let mut hook = Passing { step };
                let hook = (step > 0).then_some(&mut hook as &mut dyn Hook);
                let played = played(&source, &[&source.bytes], (client, framing), hook);
                let shown = format!("{} for {client:?}", source.name);
                if framing == ClientFraming::JsonArray {
                    if played.state == StreamState::Whole {
                        let is = client_frames(client, framing, &played.bytes);
                        let due = due.iter().filter(|event| !event.data.is_empty());
                        assert!(is.iter().map(|frame| frame.data.as_ref().unwrap()).eq(due.map(|event| &event.data)));
                    }
                    continue;
                }
                // Google's library knows no sign of life.
                let is_said = |event: &&NewEvent| client != WireFormat::GenerateContent || !event.data.is_empty();
                let due: Vec<u8> = due.iter().filter(is_said).flat_map(|event| frame(framing, event)).collect();
                assert!(played.bytes == due, "{shown}: {}", String::from_utf8_lossy(&played.bytes));
                if played.state == StreamState::Whole {
                    let frames = client_frames(client, framing, &played.bytes);
                    assert_eq!(told(client, client.vendor(), &frames).1, StreamState::Whole, "{shown}");
                }
            }
        }
    }
}

/// The events of a stream as a client of another wire reads them.
fn translated(source: &Source, client: WireFormat) -> Vec<NewEvent> {
    let (mut translation, mut out) = (source.pair(client).stream(context()), Vec::new());
    let alive = || match client {
        WireFormat::Messages => NewEvent { name: Some("ping"), data: "{\"type\":\"ping\"}".into() },
        _ => NewEvent { name: None, data: Default::default() },
    };
    for frame in frames(source.wire, &[&source.bytes]) {
        match frame.data {
            None => out.push(alive()),
            Some(data) => {
                let event = WireEvent { name: frame.name.as_deref(), data, exception: frame.exception };
                translation.take(&event, &mut out).unwrap();
            }
        }
    }
    translation.finish(true, &mut out);
    out
}

#[test]
fn what_is_shown_is_a_stream_of_chat_that_says_the_same() {
    for source in sources() {
        let played = played(&source, &[&source.bytes], CLIENTS[1], None);
        let bytes: Vec<u8> = played.shown.iter().flat_map(|event| frame(ClientFraming::Sse, event)).collect();
        let (events, state) = told(WireFormat::Chat, source.vendor, &frames(WireFormat::Chat, &[&bytes]));
        let (due, due_state) = source.told();
        assert_eq!(state, due_state, "{}", source.name);
        if state == StreamState::Whole {
            let said = |events| crate::source::said(&crate::source::collected(source.wire, events));
            let (is, due) = (said(events), said(due));
            assert_eq!(is.len(), due.len());
            for (is, due) in is.iter().zip(&due) {
                assert_eq!((&is.text, &is.refusal), (&due.text, &due.refusal), "{}", source.name);
                assert_eq!(is.thoughts.replace("\n\n", ""), due.thoughts.replace("\n\n", ""), "{}", source.name);
                assert_eq!(is.calls.len(), due.calls.len(), "{}", source.name);
            }
        }
    }
}
