//! Holds what clients get against what the vendors' specifications allow.

use serde_json::{Value, json};
use weir_dialect::WireFormat;
use weir_dialect::view::ClientFraming;
use weir_recorded::Spec;

use crate::source::{Source, client_frames};

/// Whether frames that a provider did not say are what its wire allows, and are numbered as they should be.
pub(crate) fn holds(target: (WireFormat, ClientFraming), source: &Source, bytes: &[u8]) -> Result<(), String> {
    let frames = client_frames(target.0, target.1, bytes);
    let known = source.bytes.as_slice();
    let mut numbers = Vec::new();
    for frame in &frames {
        let Some(data) = &frame.data else { continue };
        let Ok(event) = serde_json::from_slice::<Value>(data) else { continue };
        numbers.extend(event["sequence_number"].as_u64());
        // What providers say is theirs to answer for, be it with other words in it.
        let was = String::from_utf8_lossy(data).replace("[put in]", "");
        if memchr::memmem::find(known, was.as_bytes()).is_some() || event["type"] == "ping" {
            continue;
        }
        // Those that have what was put in, and those of another wire, are ours.
        if source.wire == target.0 && !String::from_utf8_lossy(data).contains("[put in]") {
            continue;
        }
        let faults = match target.0 {
            WireFormat::Messages => Spec::anthropic_beta().map(|spec| spec.event("/v1/messages", &event)),
            WireFormat::Responses => Spec::openai().map(|spec| spec.event("/responses", &event)),
            WireFormat::GenerateContent => Spec::gemini().map(|spec| spec.answer("generateContent", &event)),
            WireFormat::Converse => {
                let event = json!({ frame.name.clone().unwrap(): event });
                Spec::bedrock().map(|spec| spec.event("Converse", &event))
            }
            WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => None,
        };
        if let Some(Err(faults)) = faults {
            return Err(format!("{}: {faults:?}\n{event}", source.name));
        }
    }
    if source.wire != WireFormat::Responses && numbers.windows(2).any(|pair| pair[1] != pair[0] + 1) {
        return Err(format!("{}: numbered {numbers:?}", source.name));
    }
    if numbers.windows(2).any(|pair| pair[1] <= pair[0]) {
        return Err(format!("{}: numbered {numbers:?}", source.name));
    }
    Ok(())
}
