//! Usage read from a reply while it passes: nothing is held back.

use proxy_wasm::hostcalls;
use serde::Deserialize;

use crate::settings::Counters;

/// The longest whole reply that is read, and how much of a stream's end is kept, in bytes.
const LONGEST: usize = 1 << 20;
const TAIL: usize = 4_096;

#[derive(Deserialize)]
struct Reply {
    usage: Option<Usage>,
}

#[derive(Deserialize)]
struct Usage {
    #[serde(default)]
    prompt_tokens: i64,
    #[serde(default)]
    completion_tokens: i64,
}

/// What is kept of a reply's body.
#[derive(Default)]
pub(crate) struct Kept {
    bytes: Vec<u8>,
    events: bool,
}

impl Kept {
    pub(crate) fn of(events: bool) -> Self {
        Self { bytes: Vec::new(), events }
    }

    pub(crate) fn add(&mut self, chunk: &[u8]) {
        self.bytes.extend_from_slice(chunk);
        if self.events && self.bytes.len() > 2 * TAIL {
            self.bytes.drain(..self.bytes.len() - TAIL);
        }
        if self.bytes.len() > LONGEST {
            self.bytes = Vec::new();
        }
    }

    /// Counts the usage, if the reply reported one.
    pub(crate) fn meter(&self, counters: &Counters) {
        let Some(usage) = self.usage() else { return };
        let counts = [
            (counters.metered, 1),
            (counters.prompt_tokens, usage.prompt_tokens),
            (counters.completion_tokens, usage.completion_tokens),
        ];
        for (counter, amount) in counts {
            // A counter that Envoy does not know any more counts for nobody.
            let _counted = hostcalls::increment_metric(counter, amount.max(0));
        }
    }

    fn usage(&self) -> Option<Usage> {
        if !self.events {
            return serde_json::from_slice::<Reply>(&self.bytes).ok()?.usage;
        }
        // The usage of a stream is in one of its last events.
        let events = self.bytes.split(|byte| *byte == b'\n').rev();
        events
            .filter_map(|line| line.strip_prefix(b"data: "))
            .filter_map(|event| serde_json::from_slice::<Reply>(event).ok())
            .find_map(|event| event.usage)
    }
}
