//! Decides what becomes of what is shown, as plugins would, and what clients are to read then.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::canon::{NewEvent, StreamState};
use weir_dialect::view::{ClientFraming, ClientStream, frame};

use crate::play::{Hook, Played, played};
use crate::source::{CLIENTS, Said, Source, client_frames, collected, frames, said, sources, told};

/// What is decided of a chunk.
pub(crate) enum Decision {
    Pass,
    Change(Value),
    Drop,
}

/// Decides by a rule, in steps of so many numbers, and keeps what comes of it as a chat client would read it.
pub(crate) struct Deciding<'a> {
    rule: &'a dyn Fn(u64, &Value) -> Decision,
    step: u64,
    shown: Vec<NewEvent>,
    decided: u64,
    pub(crate) due: Vec<NewEvent>,
}

impl<'a> Deciding<'a> {
    pub(crate) fn new(step: u64, rule: &'a dyn Fn(u64, &Value) -> Decision) -> Self {
        Self { rule, step, shown: Vec::new(), decided: 0, due: Vec::new() }
    }

    fn decide(&mut self, stream: &mut ClientStream, number: u64) {
        let event = self.shown[number as usize].clone();
        let chunk: Option<Value> = serde_json::from_slice(&event.data).ok();
        let decision = chunk.as_ref().map_or(Decision::Pass, |chunk| (self.rule)(number, chunk));
        let data = match decision {
            Decision::Pass => {
                stream.passed(number);
                event.data
            }
            Decision::Change(chunk) => {
                let data = chunk.to_string().into();
                stream.changed(number, &data);
                data
            }
            Decision::Drop => mapped(chunk.unwrap(), &|_, _| String::new()).to_string().into(),
        };
        self.due.push(NewEvent { name: None, data });
    }

    /// What a chat client would read.
    pub(crate) fn due(&self, source: &Source) -> (Vec<Said>, StreamState) {
        let bytes: Vec<u8> = self.due.iter().flat_map(|event| frame(ClientFraming::Sse, event)).collect();
        let (events, state) = told(WireFormat::Chat, source.vendor, &frames(WireFormat::Chat, &[&bytes]));
        (if state == StreamState::Whole { said(&collected(WireFormat::Chat, events)) } else { Vec::new() }, state)
    }
}

impl Hook for Deciding<'_> {
    fn see(&mut self, stream: &mut ClientStream, first: u64, shown: &[NewEvent]) -> u64 {
        self.shown.extend_from_slice(shown);
        let next = first + shown.len() as u64;
        let is_over = shown.iter().any(|event| event.data.as_ref() == b"[DONE]");
        let before = if is_over { next } else { next - next % self.step };
        while self.decided < before {
            self.decide(stream, self.decided);
            self.decided += 1;
        }
        before
    }
}

/// Where a text stands in a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Text,
    Name,
    Input,
    /// It is none of what a chat completion has.
    Beside,
}

/// A chunk with other texts.
pub(crate) fn mapped(mut chunk: Value, map: &dyn Fn(Place, &str) -> String) -> Value {
    let put = |value: &mut Value, place| {
        if let Some(text) = value.as_str() {
            *value = json!(map(place, text));
        }
    };
    for choice in chunk["choices"].as_array_mut().into_iter().flatten() {
        let Some(delta) = choice["delta"].as_object_mut() else { continue };
        for (name, value) in delta.iter_mut() {
            match name.as_str() {
                "content" | "refusal" | "reasoning_content" => put(value, Place::Text),
                "tool_calls" => {
                    for call in value.as_array_mut().unwrap() {
                        for (kind, input) in [("function", "arguments"), ("custom", "input")] {
                            if let Some(inner) = call.get_mut(kind) {
                                inner.get_mut("name").into_iter().for_each(|name| put(name, Place::Name));
                                inner.get_mut(input).into_iter().for_each(|input| put(input, Place::Input));
                            }
                        }
                    }
                }
                "annotations" => {
                    for note in value.as_array_mut().unwrap() {
                        for name in ["url", "title"] {
                            note["url_citation"].get_mut(name).into_iter().for_each(|value| put(value, Place::Beside));
                        }
                    }
                }
                name if name.ends_with(".rest") => {
                    value.as_array_mut().unwrap().iter_mut().for_each(|value| put(value, Place::Beside));
                }
                _ => {}
            }
        }
    }
    chunk
}

/// Larger letters; of arguments such as are in no word of JSON.
pub(crate) fn louder(place: Place, text: &str) -> String {
    match place {
        Place::Text | Place::Name | Place::Beside => text.to_ascii_uppercase(),
        Place::Input => text.replace('o', "O").replace('i', "I"),
    }
}

pub(crate) fn has_text(chunk: &Value) -> bool {
    mapped(chunk.clone(), &|_, text| format!("{text}!"))
        != mapped(chunk.clone(), &|_, text| match text {
            "" => "!".to_owned(),
            text => text.to_owned(),
        })
}

/// What two sides say that need not be of one wire.
pub(crate) fn alike(mut choices: Vec<Said>, client: WireFormat) -> Vec<Said> {
    if client != WireFormat::GenerateContent {
        choices.truncate(1);
    }
    for said in &mut choices {
        said.text = std::mem::take(&mut said.text) + &std::mem::take(&mut said.refusal);
        said.thoughts = said.thoughts.replace("\n\n", "");
        for (_, input) in &mut said.calls {
            let value = match input.as_str() {
                text if ["", "null"].contains(&text.trim()) => json!({}),
                text => serde_json::from_str::<Value>(text).unwrap_or_else(|_| json!({"_raw": text})),
            };
            let value = if value.is_object() { value } else { json!({"_raw": value}) };
            let raw = value.get("_raw").and_then(Value::as_str).and_then(|raw| serde_json::from_str(raw).ok());
            *input = raw.unwrap_or(value).to_string();
        }
        // Calls that come by turns are told one after the other where they must be.
        said.calls.sort();
    }
    choices
}

/// Whether the client reads what was decided.
pub(crate) fn holds(
    source: &Source,
    target: (WireFormat, ClientFraming),
    hook: &mut Deciding<'_>,
) -> Result<Played, String> {
    let played = played(source, &[&source.bytes], target, Some(hook));
    let (due, due_state) = hook.due(source);
    let what = format!("{} for {target:?}", source.name);
    if due_state != StreamState::Whole {
        return if played.state == StreamState::Whole { Err(format!("{what}: it is whole")) } else { Ok(played) };
    }
    let (events, state) = told(target.0, source.vendor, &client_frames(target.0, target.1, &played.bytes));
    if state != StreamState::Whole {
        return Err(format!("{what}: {state:?}\n{}", String::from_utf8_lossy(&played.bytes)));
    }
    let (is, due) = (alike(said(&collected(target.0, events)), target.0), alike(due, target.0));
    if is != due {
        return Err(format!("{what}: says {is:?}\nand is to say {due:?}\n{}", String::from_utf8_lossy(&played.bytes)));
    }
    Ok(played)
}

/// Fails with some of what does not hold.
pub(crate) fn told_of(wrong: &[String], tried: usize) {
    let first: Vec<&str> = wrong.iter().take(8).map(|text| &text[..text.len().min(2_000)]).collect();
    assert!(wrong.is_empty(), "{} of {tried} do not hold:\n{}", wrong.len(), first.join("\n\n"));
}

pub(crate) fn for_all(limit: usize, mut check: impl FnMut(&Source, (WireFormat, ClientFraming)) -> Result<(), String>) {
    let (mut wrong, mut tried) = (Vec::new(), 0);
    for source in sources().filter(|source| source.bytes.len() < limit) {
        for target in CLIENTS {
            tried += 1;
            wrong.extend(check(&source, target).err());
        }
    }
    assert!(tried > 0);
    told_of(&wrong, tried);
}
