//! What a stream costs, for who wants to know: `cargo test --release -p weir-dialect --test client_streams -- --ignored --nocapture`.

use std::time::{Duration, Instant};

use bytes::Bytes;
use weir_dialect::WireFormat;
use weir_dialect::canon::{FieldLosses, WireEvent};
use weir_dialect::translate::WirePair;
use weir_dialect::view::{ClientFraming, ClientStream};

use crate::source::{context, frames, sources};

/// The median cost of a frame, over all frames of all streams of a wire, in nanoseconds.
fn frame_cost(provider: WireFormat, client: WireFormat, framing: ClientFraming, hooked: bool) -> Duration {
    let mut costs = Vec::new();
    for source in sources().filter(|source| source.wire == provider) {
        let all = frames(source.wire, &[&source.bytes]);
        for _ in 0..3 {
            let mut stream = ClientStream::new(source.pair(client), framing, context(), hooked);
            let (mut shown, mut out, mut number) = (Vec::new(), Vec::<Bytes>::new(), 0);
            for frame in &all {
                let Some(data) = frame.data.clone() else { continue };
                let event = WireEvent { name: frame.name.as_deref(), data, exception: frame.exception };
                let begun = Instant::now();
                stream.take(&frame.raw, &event, &mut shown).unwrap();
                for _ in 0..shown.len() {
                    stream.passed(number);
                    number += 1;
                }
                stream.release(number, &mut out);
                costs.push(begun.elapsed());
                shown.clear();
                out.clear();
            }
        }
    }
    costs.sort_unstable();
    costs[costs.len() / 2]
}

/// The median cost of an event of a translated stream for a client of chat completions.
fn chat_cost(provider: WireFormat) -> Duration {
    let mut costs = Vec::new();
    for source in sources().filter(|source| source.wire == provider) {
        let mut stream = source.pair(WireFormat::Chat).stream(context());
        let mut out = Vec::new();
        for frame in &frames(source.wire, &[&source.bytes]) {
            let Some(data) = frame.data.clone() else { continue };
            let event = WireEvent { name: frame.name.as_deref(), data, exception: frame.exception };
            let begun = Instant::now();
            stream.take(&event, &mut out).unwrap();
            costs.push(begun.elapsed());
            out.clear();
        }
    }
    costs.sort_unstable();
    costs[costs.len() / 2]
}

/// A whole answer of about 2 KiB with calls of tools.
const ANSWER: &str = concat!(
    r#"{"id":"msg_1","type":"message","role":"assistant","model":"claude","content":[{"type":"text","text":"$"},"#,
    r#"{"type":"tool_use","id":"a","name":"weather","input":{"city":"$","days":3}},"#,
    r#"{"type":"tool_use","id":"b","name":"clock","input":{"zone":"$"}}],"#,
    r#""stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":30,"output_tokens":40}}"#
);

#[test]
#[ignore = "it measures, and says what"]
fn what_a_frame_and_a_whole_answer_cost() {
    use WireFormat::{Chat, Converse, GenerateContent, Messages, Responses};
    for provider in [Messages, Responses, GenerateContent, Converse] {
        eprintln!("{provider:?} to chat: {:?} an event", chat_cost(provider));
    }
    let pairs = [(Messages, Messages), (Responses, Messages), (Chat, Messages), (Converse, Messages)];
    let others = [
        (Responses, Responses),
        (Messages, Responses),
        (Messages, GenerateContent),
        (GenerateContent, GenerateContent),
    ];
    for (provider, client) in pairs.into_iter().chain(others) {
        for hooked in [false, true] {
            let cost = frame_cost(provider, client, ClientFraming::Sse, hooked);
            eprintln!("{provider:?} to {client:?}, hooked {hooked}: {cost:?} a frame");
        }
    }
    let body = Bytes::from(ANSWER.replace('$', &"a word and more ".repeat(36)));
    for client in [Chat, Responses, GenerateContent, Converse] {
        let pair = WirePair { client, provider: Messages, vendor: Messages.vendor() };
        let mut costs: Vec<Duration> = (0..2_000)
            .map(|_| {
                let begun = Instant::now();
                pair.answer(&body, &context(), &mut FieldLosses::default()).unwrap();
                begun.elapsed()
            })
            .collect();
        costs.sort_unstable();
        eprintln!("an answer of {} bytes to {client:?}: {:?}", body.len(), costs[costs.len() / 2]);
    }
}
