//! What the providers of a soak do with a request: the plan's fault, or a good answer that repeats the request's number.

use std::time::Duration;

use bytes::Bytes;

use super::plan::{ProviderFault, SoakModel, SoakRequest};
use crate::provider::{Act, Request, answer};
use crate::stamp::RequestStamp;

/// Requests with this number and above are held for a while, then answered: they fill the limits up.
pub(super) const HELD: u32 = 1 << 27;
/// How long they are held.
pub(super) const HOLD: Duration = Duration::from_secs(2);
/// Length of a long answer's text: more than the buffers on the way take.
const BIG: usize = 12 << 20;
/// Events of a stream besides its end.
const EVENTS: usize = 12;

/// The provider that is always well, if slow now and then.
pub(super) fn well(seed: u64, request: &Request) -> Vec<Act> {
    let Some(stamp) = request.stamp else { return vec![Act::Send(answer::error(400, ""))] };
    if stamp.number >= HELD {
        return vec![Act::Wait(HOLD), Act::Send(answer::whole(&text(stamp)))];
    }
    let plan = SoakRequest::of(seed, stamp.number);
    let fault = match plan.fault {
        kind @ (ProviderFault::Late(_) | ProviderFault::Slow) => kind,
        _ => ProviderFault::None,
    };
    if plan.model == SoakModel::Big {
        return vec![Act::Send(answer::whole(&(text(stamp) + &" and so on".repeat(BIG / 10))))];
    }
    play(fault, request.stream, stamp)
}

/// The one with faults.
pub(super) fn faulty(seed: u64, request: &Request) -> Vec<Act> {
    let Some(stamp) = request.stamp else { return vec![Act::Send(answer::error(400, ""))] };
    play(SoakRequest::of(seed, stamp.number).fault, request.stream, stamp)
}

fn play(fault: ProviderFault, stream: bool, stamp: RequestStamp) -> Vec<Act> {
    match (fault, stream) {
        (ProviderFault::Status(status), _) => {
            let fields = if status == 429 { "retry-after: 1\r\n" } else { "" };
            vec![Act::Send(answer::error(status, fields))]
        }
        (ProviderFault::CloseFirst, _) => vec![Act::Close],
        (ProviderFault::ResetFirst, _) => vec![Act::Reset],
        (ProviderFault::Garbage, _) => {
            vec![Act::Send(Bytes::from_static(b"220 mail is what I speak\r\n\r\n")), Act::Close]
        }
        (ProviderFault::Hang, _) => vec![Act::Hang],
        (ProviderFault::Late(time), _) => [vec![Act::Wait(time)], play(ProviderFault::None, stream, stamp)].concat(),
        (_, true) => streamed(fault, stamp),
        (_, false) => whole(fault, stamp),
    }
}

fn whole(fault: ProviderFault, stamp: RequestStamp) -> Vec<Act> {
    let bytes = answer::whole(&(text(stamp) + &" and so on".repeat(120)));
    let half = bytes.slice(..bytes.len() / 2);
    match fault {
        ProviderFault::Slow => pieces(&bytes, 12, Duration::from_millis(40)),
        ProviderFault::Close => vec![Act::Send(half), Act::Close],
        ProviderFault::Reset => vec![Act::Send(half), Act::Wait(Duration::from_millis(20)), Act::Reset],
        ProviderFault::Stall => vec![Act::Send(half), Act::Hang],
        // Half a text, told to be all of it.
        ProviderFault::Truncate | ProviderFault::HalfEvent => vec![Act::Send(half_text(stamp))],
        _ => vec![Act::Send(bytes)],
    }
}

fn half_text(stamp: RequestStamp) -> Bytes {
    let text = format!(r#"{{"id":"chatcmpl-1","choices":[{{"index":0,"message":{{"content":"{}"#, text(stamp));
    let length = text.len();
    Bytes::from(format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{text}"))
}

fn streamed(fault: ProviderFault, stamp: RequestStamp) -> Vec<Act> {
    let pause = Duration::from_millis(if fault == ProviderFault::Slow { 60 } else { 5 });
    let mut acts = vec![Act::Send(answer::stream_head()), Act::Send(answer::event(&text(stamp)))];
    for _ in 0..EVENTS {
        acts.extend([Act::Wait(pause), Act::Send(answer::event(" and so on"))]);
    }
    if !matches!(fault, ProviderFault::None | ProviderFault::Slow) {
        acts.truncate(acts.len() / 2);
    }
    match fault {
        ProviderFault::Close => acts.push(Act::Close),
        ProviderFault::Reset => acts.extend([Act::Wait(Duration::from_millis(20)), Act::Reset]),
        ProviderFault::Stall => acts.push(Act::Hang),
        ProviderFault::Truncate => acts.push(Act::Send(answer::last_chunk())),
        ProviderFault::HalfEvent => {
            acts.push(Act::Send(answer::chunk("data: {\"id\":\"chatcmpl-1\",\"choi")));
            acts.push(Act::Send(answer::last_chunk()));
        }
        ProviderFault::ErrorEvent => {
            let error = "data: {\"error\":{\"message\":\"overloaded\",\"type\":\"server_error\",\"code\":null}}\n\n";
            acts.extend([Act::Send(answer::chunk(error)), Act::Send(answer::last_chunk())]);
        }
        _ => acts.push(Act::Send(answer::stream_end())),
    }
    acts
}

/// Pauses between pieces only: with the last one the connection is the other side's to use again.
fn pieces(bytes: &Bytes, count: usize, pause: Duration) -> Vec<Act> {
    let size = bytes.len().div_ceil(count).max(1);
    let starts = (0..bytes.len()).step_by(size);
    starts.flat_map(|at| [Act::Wait(pause), Act::Send(bytes.slice(at..bytes.len().min(at + size)))]).skip(1).collect()
}

fn text(stamp: RequestStamp) -> String {
    String::from_utf8_lossy(&stamp.text()).into_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const STAMP: RequestStamp = RequestStamp { run: 1, number: 2 };

    fn sent(acts: &[Act]) -> String {
        let bytes = acts.iter().filter_map(|act| if let Act::Send(bytes) = act { Some(&**bytes) } else { None });
        String::from_utf8(bytes.flatten().copied().collect()).unwrap()
    }

    #[test]
    fn good_answers_are_whole_and_repeat_the_number() {
        for fault in [ProviderFault::None, ProviderFault::Slow, ProviderFault::Late(Duration::from_millis(1))] {
            for stream in [false, true] {
                let last = play(fault, stream, STAMP).pop();
                assert!(
                    matches!(last, Some(Act::Send(_))),
                    "nothing holds the connection after the last byte: {last:?}"
                );
            }
            let stream = sent(&play(fault, true, STAMP));
            assert!(stream.contains("data: [DONE]") && stream.ends_with("0\r\n\r\n"), "{stream}");
            let whole = sent(&play(fault, false, STAMP));
            let (head, body) = whole.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "{head}");
            for text in [stream.as_bytes(), body.as_bytes()] {
                assert_eq!(RequestStamp::find(text), Some(STAMP));
            }
        }
    }

    #[test]
    fn no_fault_of_the_body_looks_whole() {
        let faults = [
            ProviderFault::Close,
            ProviderFault::Reset,
            ProviderFault::Truncate,
            ProviderFault::HalfEvent,
            ProviderFault::Stall,
            ProviderFault::ErrorEvent,
        ];
        for fault in faults {
            let stream = sent(&play(fault, true, STAMP));
            assert!(!stream.contains("[DONE]") && !stream.contains("\"stop\""), "{fault:?}: {stream}");
        }
        for fault in [ProviderFault::Truncate, ProviderFault::HalfEvent] {
            let whole = sent(&play(fault, false, STAMP));
            let (head, body) = whole.split_once("\r\n\r\n").unwrap();
            assert!(head.ends_with(&format!("content-length: {}", body.len())), "framing ends well: {head}");
            assert!(serde_json::from_str::<serde_json::Value>(body).is_err(), "{body}");
        }
    }
}
