//! What each request of a soak is, decided by the seed and the request's number alone: client and provider know the same.

use std::time::Duration;

use crate::random::SeededRandom;
use crate::talk::Manner;

/// Whom a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum SoakModel {
    /// A provider that is always well.
    Solo,
    /// One with faults, then the one that is well.
    Pair,
    /// The one with faults alone.
    Shaky,
    /// Long whole answers, from the provider that is well, for a tenant without plugins.
    Big,
    /// None that there is.
    Nobody,
    /// None: the key is wrong.
    Stranger,
}

/// What the provider with faults does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProviderFault {
    None,
    /// Time before the head.
    Late(Duration),
    /// Pauses in the body.
    Slow,
    /// A status in place of an answer.
    Status(u16),
    /// The connection is closed, or reset, before the head.
    CloseFirst,
    ResetFirst,
    /// What comes is not HTTP.
    Garbage,
    /// No head, ever.
    Hang,
    /// The connection is closed, or reset, within the body.
    Close,
    Reset,
    /// The framing ends well, and the answer is half: a stream has neither reason nor `[DONE]`, and what is whole otherwise
    /// is half a JSON text.
    Truncate,
    /// A stream's framing ends within an event.
    HalfEvent,
    /// The body goes on no more.
    Stall,
    /// A stream says that it has failed.
    ErrorEvent,
}

/// One request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct SoakRequest {
    pub(crate) model: SoakModel,
    pub(crate) stream: bool,
    pub(crate) http2: bool,
    /// Bytes of text besides what every request has.
    pub(crate) size: usize,
    pub(crate) fault: ProviderFault,
    pub(crate) manner: Manner,
}

const FAULTS: &[(u32, ProviderFault)] = &[
    (40, ProviderFault::None),
    (6, ProviderFault::Late(Duration::from_millis(400))),
    (8, ProviderFault::Slow),
    (4, ProviderFault::Status(500)),
    (4, ProviderFault::Status(503)),
    (3, ProviderFault::Status(429)),
    (3, ProviderFault::Status(400)),
    (3, ProviderFault::CloseFirst),
    (3, ProviderFault::ResetFirst),
    (2, ProviderFault::Garbage),
    (3, ProviderFault::Hang),
    (4, ProviderFault::Close),
    (4, ProviderFault::Reset),
    (5, ProviderFault::Truncate),
    (3, ProviderFault::HalfEvent),
    (2, ProviderFault::Stall),
    (3, ProviderFault::ErrorEvent),
];

impl SoakRequest {
    pub(crate) fn of(seed: u64, number: u32) -> Self {
        let mut random = SeededRandom::of(seed, number);
        let models = [
            (38, SoakModel::Solo),
            (34, SoakModel::Pair),
            (20, SoakModel::Shaky),
            (3, SoakModel::Big),
            (3, SoakModel::Nobody),
            (2, SoakModel::Stranger),
        ];
        let model = random.pick(&models).unwrap_or(SoakModel::Solo);
        let stream = model != SoakModel::Big && random.between(0, 1) == 1;
        let size = if random.between(0, 9) == 0 { random.between(4_000, 200_000) } else { random.between(0, 900) };
        let fault = random.pick(FAULTS).unwrap_or(ProviderFault::None);
        let manner = manner(&mut random, model, size);
        // What leaves before it is answered is only sure to be a request where it came as bytes on a connection.
        let unsure = matches!(manner, Manner::LeavesInUpload(_) | Manner::LeavesAfter(_));
        let http2 = !unsure && random.between(0, 3) == 0;
        Self { model, stream, http2, size: usize::try_from(size).unwrap_or_default(), fault, manner }
    }

    /// Whether nothing but an early end of the client's can have come of it: it leaves long before there could be an
    /// answer, or before one could have been sent.
    pub(crate) fn surely_left(&self) -> bool {
        match self.manner {
            Manner::LeavesFull => self.model == SoakModel::Big,
            Manner::LeavesAfter(_) => self.model == SoakModel::Shaky && self.fault == ProviderFault::Hang,
            _ => false,
        }
    }

    /// Whether a client that stays has to get the whole answer: its provider is well.
    pub(crate) fn must_succeed(&self) -> bool {
        let well = matches!(self.model, SoakModel::Solo | SoakModel::Big);
        well && matches!(self.manner, Manner::Patient | Manner::Slow { .. })
    }
}

fn manner(random: &mut SeededRandom, model: SoakModel, size: u64) -> Manner {
    let most = usize::try_from(random.between(1, 60 + size)).unwrap_or(1);
    let after = Duration::from_millis(random.between(0, 250));
    let at = usize::try_from(random.between(1, 3_000)).unwrap_or(1);
    let slow = Manner::Slow { piece: 512, pause: Duration::from_millis(random.between(10, 60)) };
    let slow_big = Manner::Slow { piece: 1 << 20, pause: Duration::from_millis(random.between(10, 60)) };
    let manners = match model {
        SoakModel::Big => [(30, slow_big), (70, Manner::LeavesFull), (0, slow), (0, slow), (0, slow)],
        _ => [
            (62, Manner::Patient),
            (12, slow),
            (4, Manner::LeavesInUpload(most)),
            (10, Manner::LeavesAfter(after)),
            (12, Manner::LeavesAt(at)),
        ],
    };
    random.pick(&manners).unwrap_or(Manner::Patient)
}

impl SoakModel {
    /// As requests for it are counted: not at all where it was never known.
    pub(crate) fn counted(self) -> &'static str {
        if matches!(self, Self::Nobody | Self::Stranger) { "" } else { self.name() }
    }

    /// As the configuration and a request name it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Solo | Self::Stranger => "solo",
            Self::Pair => "pair",
            Self::Shaky => "shaky",
            Self::Big => "big",
            Self::Nobody => "nobody",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_makes_the_same_requests_and_every_kind_of_them() {
        let plans: Vec<_> = (0..4_000).map(|number| SoakRequest::of(5, number)).collect();
        assert!((0..4_000).zip(&plans).all(|(number, plan)| SoakRequest::of(5, number) == *plan));
        for (_, fault) in FAULTS {
            assert!(plans.iter().any(|plan| plan.fault == *fault && plan.stream), "{fault:?}");
        }
        for model in
            [SoakModel::Solo, SoakModel::Pair, SoakModel::Shaky, SoakModel::Big, SoakModel::Nobody, SoakModel::Stranger]
        {
            assert!(plans.iter().any(|plan| plan.model == model), "{model:?}");
        }
        assert!(plans.iter().any(|plan| plan.http2 && plan.model == SoakModel::Big));
        let share = |what: fn(&SoakRequest) -> bool| plans.iter().filter(|plan| what(plan)).count();
        assert!(share(SoakRequest::surely_left) > 20 && share(SoakRequest::must_succeed) > 800);
        assert!((1_700..2_300).contains(&share(|plan| plan.stream)));
    }

    #[test]
    fn who_has_to_succeed_stays_and_asks_a_provider_that_is_well() {
        for number in 0..4_000 {
            let plan = SoakRequest::of(9, number);
            assert!(!(plan.must_succeed() && plan.surely_left()), "{plan:?}");
            assert!(plan.model != SoakModel::Big || !plan.stream, "{plan:?}");
        }
    }
}
