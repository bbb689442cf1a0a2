//! The capabilities that reach beyond the request, as the fake host has them: all of them scripted.

/// Random bytes, and callouts' bodies and headers: as in a gateway.
const RANDOM: usize = 4096;
const HEADERS: usize = 100;
const HEADER_BYTES: usize = 64 << 10;
const BODY: usize = 1 << 20;

pub(crate) mod clock {
    use crate::fake::state::call;

    pub(crate) fn now_ms() -> u64 {
        call(|state| state.clock.saturating_add(state.now)).unwrap_or(0)
    }
}

pub(crate) mod random {
    use super::RANDOM;
    use crate::fake::state::call;

    /// The same bytes in every run, and others in every call.
    pub(crate) fn bytes(count: u32) -> Vec<u8> {
        let count = usize::try_from(count).unwrap_or(RANDOM).min(RANDOM);
        call(|state| {
            let words = std::iter::repeat_with(|| {
                // SplitMix64 (Steele, Lea, Flood 2014).
                state.drawn = state.drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
                let word = (state.drawn ^ (state.drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
                let word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
                (word ^ (word >> 31)).to_le_bytes()
            });
            words.take(count.div_ceil(8)).flatten().take(count).collect()
        })
        .unwrap_or_default()
    }
}

pub(crate) mod secrets {
    use crate::fake::state::call;

    pub(crate) fn get(name: &str) -> Option<String> {
        call(|state| state.secrets.get(name).cloned()).flatten()
    }
}

pub(crate) mod callouts {
    use super::{BODY, HEADER_BYTES, HEADERS};
    use crate::callouts::{Failure, Incoming, Outgoing};
    use crate::fake::headers::may_send;
    use crate::fake::state::call;

    pub(crate) fn send(outgoing: &Outgoing) -> Result<Incoming, Failure> {
        let sent = call(|state| {
            valid(outgoing)?;
            state.sent.push(outgoing.clone());
            let none =
                || Err(Failure::Denied("nothing is scripted: give an answer with fake::Host::callout".to_owned()));
            state.callouts.pop_front().unwrap_or_else(none)
        });
        let nobody = "no fake host is running in this thread: start one with fake::Host";
        sent.unwrap_or_else(|| Err(Failure::Failed(nobody.to_owned())))
    }

    /// What a gateway denies wherever it leads; what the operator allows is not known here.
    fn valid(outgoing: &Outgoing) -> Result<(), Failure> {
        let denied = |why: String| Err(Failure::Denied(why));
        if !["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"].contains(&outgoing.method.as_str()) {
            return denied("the method is none of GET, HEAD, POST, PUT, PATCH and DELETE".to_owned());
        }
        if !outgoing.url.starts_with("https://") && !outgoing.url.starts_with("http://") {
            return denied("not an http or https URL".to_owned());
        }
        let bytes: usize = outgoing.headers.iter().map(|(name, value)| name.len() + value.len()).sum();
        if outgoing.headers.len() > HEADERS || bytes > HEADER_BYTES {
            return denied(format!("more than {HEADERS} headers or {HEADER_BYTES} bytes of them"));
        }
        if outgoing.body.len() > BODY {
            return denied(format!("a body of more than {BODY} bytes"));
        }
        outgoing.headers.iter().try_for_each(|(name, value)| may_send(name, value)).or_else(denied)
    }
}
