//! What clients saw, and whether the gateway's counters can be the same requests.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::SoakRequest;
use crate::metrics::Scrape;
use crate::stamp::Numbers;
use crate::talk::{Heard, Manner, TalkEnd};

/// How a gateway counts a request: its model, its status, and how the body ended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OutcomeKey {
    pub(super) status: String,
    pub(super) end: CountedEnd,
    /// Empty for what did not get as far.
    pub(super) model: String,
}

/// How the body of an answer ended, as counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum CountedEnd {
    Complete,
    /// The gateway cut it.
    Cut,
    /// The client left before its last byte.
    Gone,
    /// The counters do not say.
    Untold,
}

/// What the requests of a soak came to, as their clients know it.
#[derive(Debug, Default)]
pub(super) struct SoakTally {
    /// Requests that can be counted in one way only.
    sure: BTreeMap<OutcomeKey, u64>,
    /// Requests of clients that left when an answer may have been sent.
    unsure: BTreeMap<Unsure, u64>,
    /// Requests of each kind that no client should see, with one of their numbers.
    pub(super) wrong: BTreeMap<String, (u64, u32)>,
    /// The numbers of requests that were answered whole, with 200.
    pub(super) answered: Numbers,
    pub(super) requests: u64,
    pub(super) streams: u64,
    pub(super) left: u64,
}

/// A request that can be counted in several ways: for this model or for none, as left or, if a head was seen, with that
/// status.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Unsure {
    model: String,
    status: Option<String>,
}

impl Unsure {
    fn may_be(&self, cell: &OutcomeKey) -> bool {
        let model = cell.model.is_empty() || cell.model == self.model;
        let status = self.status.as_ref().is_none_or(|status| cell.status == "499" || cell.status == *status);
        model && status
    }
}

impl SoakTally {
    /// Takes what came of one request.
    pub(super) fn note(&mut self, number: u32, plan: &SoakRequest, heard: &Heard) {
        self.requests += 1;
        self.streams += u64::from(plan.stream);
        if heard.ended == TalkEnd::Whole && heard.status == Some(200) {
            self.answered.insert(number);
        }
        let (status, model) = (heard.status.map(|status| status.to_string()), plan.model.counted().to_owned());
        let cell = match (heard.ended, &status) {
            (TalkEnd::Whole | TalkEnd::LooksWhole, Some(status)) => Some((status.as_str(), CountedEnd::Complete)),
            (TalkEnd::Cut, Some(status)) => Some((status.as_str(), CountedEnd::Cut)),
            (TalkEnd::Left, _) if plan.surely_left() => Some(("499", CountedEnd::Gone)),
            _ => None,
        };
        self.left += u64::from(heard.ended == TalkEnd::Left);
        match cell {
            Some((status, end)) => {
                *self.sure.entry(OutcomeKey { model, status: status.to_owned(), end }).or_default() += 1;
            }
            None => *self.unsure.entry(Unsure { model, status }).or_default() += 1,
        }
        if let Some(what) = wrong(plan, heard) {
            self.wrong.entry(what).or_insert((0, number)).0 += 1;
        }
    }

    /// Requests that were surely counted as this.
    pub(super) fn sure(&self, cell: &OutcomeKey) -> u64 {
        self.sure.get(cell).copied().unwrap_or_default()
    }

    /// Further ones that may have been.
    pub(super) fn unsure(&self, cell: &OutcomeKey) -> u64 {
        self.unsure.iter().filter(|(unsure, _)| unsure.may_be(cell)).map(|(_, count)| count).sum()
    }

    /// Where the counters cannot be these requests; empty if they can.
    pub(super) fn against(&self, counted: &BTreeMap<OutcomeKey, u64>) -> Vec<String> {
        let mut off = Vec::new();
        let sum: u64 = counted.values().sum();
        if sum != self.requests {
            off.push(format!("{} requests were sent, {sum} are counted", self.requests));
        }
        for cell in self.sure.keys().chain(counted.keys()).collect::<BTreeSet<_>>() {
            let (number, sure) = (counted.get(cell).copied().unwrap_or_default(), self.sure(cell));
            let most = sure + self.unsure(cell);
            if number < sure || number > most {
                off.push(format!("{cell}: {number} are counted, and clients saw {sure} to {most}"));
            }
        }
        off
    }

    /// The same where counters do not tell how bodies ended.
    pub(super) fn without_ends(&self) -> Self {
        let (requests, unsure) = (self.requests, self.unsure.clone());
        let mut flattened = Self { requests, unsure, ..Self::default() };
        for (cell, count) in &self.sure {
            *flattened.sure.entry(OutcomeKey { end: CountedEnd::Untold, ..cell.clone() }).or_default() += count;
        }
        flattened
    }
}

/// What a client must not see, whatever the provider did.
fn wrong(plan: &SoakRequest, heard: &Heard) -> Option<String> {
    let leaves = matches!(plan.manner, Manner::LeavesAfter(_) | Manner::LeavesInUpload(_));
    match heard.ended {
        TalkEnd::LooksWhole => Some("a stream without [DONE] that looks whole".to_owned()),
        TalkEnd::Silent if !leaves => Some("a connection that ended without an answer".to_owned()),
        TalkEnd::NotHttp => Some("an answer that is not HTTP".to_owned()),
        TalkEnd::Late => Some("a client that waited in vain".to_owned()),
        TalkEnd::Whole if heard.status == Some(200) && !plan.stream && !is_json(heard) => {
            Some("half an answer that looks whole".to_owned())
        }
        ended if plan.must_succeed() && !(ended == TalkEnd::Whole && heard.status == Some(200)) => {
            let status = heard.status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
            let (manner, code) = (plan.manner, code(heard));
            Some(format!("{status} {code}, {ended:?}, where the provider was well and the client {manner:?}"))
        }
        _ => None,
    }
}

/// The code of a refusal; empty of everything else.
fn code(heard: &Heard) -> String {
    let value: serde_json::Value = serde_json::from_slice(&heard.body).unwrap_or_default();
    value.pointer("/error/code").and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// Whether a body is JSON as far as it was kept.
fn is_json(heard: &Heard) -> bool {
    heard.bytes > heard.body.len() || serde_json::from_slice::<serde_json::Value>(&heard.body).is_ok()
}

impl std::fmt::Display for OutcomeKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let end = match self.end {
            CountedEnd::Complete => ", complete",
            CountedEnd::Cut => ", cut by the gateway",
            CountedEnd::Gone => ", the client left",
            CountedEnd::Untold => "",
        };
        let model = if self.model.is_empty() { "no model" } else { &self.model };
        write!(f, "{model}, {}{end}", self.status)
    }
}

/// What the gateway counted: by status, and by how bodies ended if it tells that; then whether it does.
pub(super) fn counted(metrics: &Scrape) -> (BTreeMap<OutcomeKey, u64>, bool) {
    let (mut cells, mut told) = (BTreeMap::new(), false);
    for sample in metrics.all("weir_requests_total") {
        let status = sample.label("status").to_owned();
        let end = end(sample.label(END));
        told |= end != CountedEnd::Untold;
        let model = sample.label("model").to_owned();
        *cells.entry(OutcomeKey { status, end, model }).or_default() += sample.count();
    }
    cells.retain(|_, count| *count > 0);
    (cells, told)
}

/// The label of `weir_requests_total` for how a body ended.
const END: &str = "ended";

fn end(label: &str) -> CountedEnd {
    match label {
        "" => CountedEnd::Untold,
        "complete" => CountedEnd::Complete,
        "client_gone" => CountedEnd::Gone,
        _ => CountedEnd::Cut,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::soak::plan::{ProviderFault, SoakModel};

    const PATIENT: SoakRequest = SoakRequest {
        model: SoakModel::Solo,
        stream: true,
        http2: false,
        size: 0,
        fault: ProviderFault::None,
        manner: Manner::Patient,
    };
    const LEAVES: SoakRequest = SoakRequest { manner: Manner::LeavesAt(500), ..PATIENT };

    fn heard(status: Option<u16>, ended: TalkEnd) -> Heard {
        Heard { status, ended, took: Duration::ZERO, upstream: None, body: b"{}".to_vec(), bytes: 2 }
    }

    fn cell(status: &str, end: CountedEnd) -> OutcomeKey {
        OutcomeKey { status: status.to_owned(), end, model: "solo".to_owned() }
    }

    /// Three that stayed, one of them cut, and two that left within an answer.
    fn tally() -> SoakTally {
        let mut tally = SoakTally::default();
        tally.note(0, &PATIENT, &heard(Some(200), TalkEnd::Whole));
        tally.note(1, &PATIENT, &heard(Some(200), TalkEnd::Whole));
        tally.note(2, &PATIENT, &heard(Some(200), TalkEnd::Cut));
        tally.note(3, &LEAVES, &heard(Some(200), TalkEnd::Left));
        tally.note(4, &LEAVES, &heard(Some(200), TalkEnd::Left));
        tally
    }

    #[test]
    fn counters_that_can_be_the_same_requests_are_taken() {
        let rest = |complete, cut, gone| {
            BTreeMap::from([
                (cell("200", CountedEnd::Complete), complete),
                (cell("200", CountedEnd::Cut), cut),
                (cell("499", CountedEnd::Gone), gone),
            ])
        };
        for good in [rest(2, 1, 2), rest(3, 1, 1), rest(4, 1, 0), rest(2, 2, 1)] {
            assert_eq!(tally().against(&good), Vec::<String>::new(), "{good:?}");
        }
        for bad in [rest(1, 1, 3), rest(5, 0, 0), rest(2, 1, 1), rest(2, 1, 3), rest(2, 0, 3)] {
            assert!(!tally().against(&bad).is_empty(), "{bad:?}");
        }
        let elsewhere = OutcomeKey { model: "pair".to_owned(), ..cell("499", CountedEnd::Gone) };
        let elsewhere =
            BTreeMap::from([(cell("200", CountedEnd::Complete), 2), (cell("200", CountedEnd::Cut), 1), (elsewhere, 2)]);
        assert!(!tally().against(&elsewhere).is_empty(), "they asked for another model");
        let early = OutcomeKey { model: String::new(), ..cell("499", CountedEnd::Gone) };
        let early =
            BTreeMap::from([(cell("200", CountedEnd::Complete), 2), (cell("200", CountedEnd::Cut), 1), (early, 2)]);
        assert_eq!(tally().against(&early), Vec::<String>::new(), "counted before the model was known");
        let other = BTreeMap::from([(cell("200", CountedEnd::Complete), 4), (cell("500", CountedEnd::Complete), 1)]);
        assert!(!tally().against(&other).is_empty(), "nobody saw a 500");
        let wrong: u64 = tally().wrong.values().map(|(count, _)| count).sum();
        assert_eq!(wrong, 1, "the provider was well, and one was cut");
    }

    #[test]
    fn who_left_before_anything_could_be_sent_is_counted_as_left_and_nothing_else() {
        let big = SoakRequest { model: SoakModel::Big, stream: false, manner: Manner::LeavesFull, ..PATIENT };
        let mut tally = SoakTally::default();
        tally.note(0, &big, &heard(Some(200), TalkEnd::Left));
        let of_big = |status: &str, end| OutcomeKey { model: "big".to_owned(), ..cell(status, end) };
        assert!(tally.against(&BTreeMap::from([(of_big("499", CountedEnd::Gone), 1)])).is_empty());
        assert!(!tally.against(&BTreeMap::from([(of_big("200", CountedEnd::Complete), 1)])).is_empty());
    }

    #[test]
    fn without_the_label_statuses_alone_are_compared() {
        let flat = tally().without_ends();
        let good = BTreeMap::from([(cell("200", CountedEnd::Untold), 3), (cell("499", CountedEnd::Untold), 2)]);
        assert_eq!(flat.against(&good), Vec::<String>::new());
        let bad = BTreeMap::from([(cell("200", CountedEnd::Untold), 2), (cell("499", CountedEnd::Untold), 3)]);
        assert!(!flat.against(&bad).is_empty());
    }

    #[test]
    fn what_no_client_should_see_is_kept_with_a_number() {
        let mut tally = SoakTally::default();
        tally.note(7, &PATIENT, &heard(Some(200), TalkEnd::LooksWhole));
        tally.note(8, &PATIENT, &heard(Some(502), TalkEnd::Whole));
        tally.note(9, &PATIENT, &heard(None, TalkEnd::Silent));
        assert_eq!(tally.wrong.values().map(|(count, _)| count).sum::<u64>(), 3, "{:?}", tally.wrong);
        let half = Heard { body: b"{\"id\":".to_vec(), bytes: 6, ..heard(Some(200), TalkEnd::Whole) };
        tally.note(10, &SoakRequest { stream: false, ..PATIENT }, &half);
        assert_eq!(tally.wrong.get("half an answer that looks whole"), Some(&(1, 10)));
    }

    #[test]
    fn the_gateways_counters_are_read_by_status_and_end() {
        let text = "weir_requests_total{tenant=\"a\",model=\"solo\",status=\"200\",ended=\"complete\"} 5\n\
            weir_requests_total{tenant=\"b\",model=\"solo\",status=\"200\",ended=\"complete\"} 2\n\
            weir_requests_total{tenant=\"b\",model=\"solo\",status=\"499\",ended=\"client_gone\"} 1\n\
            weir_requests_total{tenant=\"b\",model=\"solo\",status=\"404\",ended=\"complete\"} 0\n";
        let (cells, told) = counted(&Scrape::read(text).unwrap());
        assert!(told);
        assert_eq!(cells, BTreeMap::from([(cell("200", CountedEnd::Complete), 7), (cell("499", CountedEnd::Gone), 1)]));
        let text = "weir_requests_total{tenant=\"a\",model=\"solo\",status=\"200\"} 5\n";
        assert!(!counted(&Scrape::read(text).unwrap()).1);
    }
}
