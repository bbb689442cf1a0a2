//! What is expected of a plugin in a case.

use serde_json::Value as Json;

use crate::place::{ValueAt, Wrong};

/// How a call may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Pass,
    Refuse,
    /// It faulted; never what a plugin wants, but a test may.
    Fault,
}

impl Decision {
    const WORDS: [(&'static str, Decision); 3] =
        [("pass", Decision::Pass), ("refuse", Decision::Refuse), ("fault", Decision::Fault)];

    pub(crate) fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, decision)| *decision == self).map_or("", |(word, _)| word)
    }
}

/// What must hold; what is left out may be anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Expect {
    pub(crate) decision: Option<Decision>,
    pub(crate) status: Option<u16>,
    pub(crate) code: Option<String>,
    pub(crate) message: Option<String>,
    /// By name; none must not be there.
    pub(crate) headers: Vec<(String, Option<String>)>,
    /// By pointer; `null` stands for nothing as well.
    pub(crate) body: Vec<(String, Json)>,
    /// By name; how much was added.
    pub(crate) counters: Vec<(String, u64)>,
    /// What the client sees of a stream.
    pub(crate) texts: Option<Vec<String>>,
    /// The candidates that a router chose, by their index.
    pub(crate) order: Option<Vec<usize>>,
    /// A part of what `init` answers.
    pub(crate) init_error: Option<String>,
}

impl Expect {
    pub(super) fn read(at: &ValueAt<'_>) -> Result<Self, Wrong> {
        at.only(&[
            "decision",
            "status",
            "code",
            "message",
            "headers",
            "body",
            "counters",
            "texts",
            "order",
            "init_error",
        ])?;
        let text = |key: &str| at.get(key).map(|p| p.text().map(str::to_owned)).transpose();
        let list = |key: &str| at.get(key).map_or(Ok(Vec::new()), |p| p.entries());
        let header = |(name, place): (&str, ValueAt<'_>)| match place.value {
            Json::Null => Ok((name.to_ascii_lowercase(), None)),
            _ => Ok((name.to_ascii_lowercase(), Some(place.text()?.to_owned()))),
        };
        let pointer = |(pointer, place): (&str, ValueAt<'_>)| match pointer {
            good if good.is_empty() || good.starts_with('/') => Ok((good.to_owned(), place.value.clone())),
            _ => Err(place.wrong("a pointer is empty or begins with `/`")),
        };
        let order = |place: ValueAt<'_>| place.items()?.iter().map(ValueAt::whole).collect();
        let wanted = Self {
            decision: at.get("decision").map(|p| p.choice(&Decision::WORDS)).transpose()?,
            status: at.get("status").map(|p| p.whole()).transpose()?,
            code: text("code")?,
            message: text("message")?,
            headers: list("headers")?.into_iter().map(header).collect::<Result<_, Wrong>>()?,
            body: list("body")?.into_iter().map(pointer).collect::<Result<_, _>>()?,
            counters: list("counters")?
                .into_iter()
                .map(|(name, place)| Ok((name.to_owned(), place.whole()?)))
                .collect::<Result<_, Wrong>>()?,
            texts: at.get("texts").map(|p| p.texts()).transpose()?,
            order: at.get("order").map(order).transpose()?,
            init_error: text("init_error")?,
        };
        Ok(wanted)
    }
}
