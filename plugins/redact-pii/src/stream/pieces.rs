//! Streams that say more than content: reasoning, refusals, what tools are called with, and whatever else is text. Each of
//! these is a text of its own, which goes on from event to event.

use std::collections::BTreeMap;

use weir_plugin::{Edit, Piece, PieceKind, Refusal, StreamEvent, events};

use crate::arguments::{self, Mask, Masked};
use crate::kinds::Found;
use crate::notes::{self, Head, Heads, Name};
use crate::options::Options;
use crate::scan;

/// What a text is, as far as it matters for how it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum RunKind {
    #[default]
    Plain,
    /// It is JSON, and must stay so.
    Json,
    /// The name of what is called: it is over where anything else is said.
    Name,
    /// The tokens of `logprobs`. They repeat a text, and all those of an event go where one of them is masked.
    Tokens,
}

/// One text: its pieces of this call, joined.
#[derive(Default)]
struct Run<'a> {
    name: Name,
    kind: RunKind,
    /// Something else is said behind it.
    over: bool,
    text: String,
    parts: Vec<Part<'a>>,
    head: Head,
    masks: Vec<Mask>,
    /// Runs that were decided to be nothing, but parts of which could look like something.
    passed: Vec<(usize, usize)>,
    open: Option<usize>,
    /// How JSON was read.
    read: Masked,
}

/// One piece of a text.
struct Part<'a> {
    /// Its index among the pieces.
    piece: usize,
    /// Index of its event.
    event: usize,
    /// Where it begins in the text.
    start: usize,
    text: &'a str,
}

/// One edit for each event, or none if all may pass. What is masked is set in the events themselves.
pub(super) fn edits(options: &Options, shown: &[StreamEvent], last: bool) -> Result<Vec<Edit>, Refusal> {
    let pieces = events::pieces();
    let noted = notes::read();
    let mut runs: BTreeMap<Name, Run<'_>> = BTreeMap::new();
    let mut masked: Vec<(usize, String)> = Vec::new();
    // Of each choice the text that is said last.
    let mut latest: BTreeMap<u32, Name> = BTreeMap::new();
    let mut before: Option<&Piece> = None;
    for (index, piece) in pieces.iter().enumerate() {
        let follows = before.replace(piece).is_some_and(|before| is_beside(before, piece));
        match text_of(piece).filter(|(_, kind)| *kind != RunKind::Tokens || !follows) {
            Some((name, kind)) => {
                if kind != RunKind::Tokens {
                    latest.insert(name.0, name);
                }
                runs.entry(name).or_insert_with(|| Run::new(name, kind, &noted)).add(index, piece);
            }
            // It is whole.
            None => masked.extend(piece.replaced(|text| options.redact(text)).map(|new| (index, new))),
        }
    }
    // Of each choice the first event that has to wait for what follows.
    let mut held: BTreeMap<u32, usize> = BTreeMap::new();
    for run in runs.values_mut() {
        run.over = run.kind == RunKind::Name && latest.get(&run.name.0) != Some(&run.name);
        run.scan(options, last);
        if let Some(first) = run.first_open() {
            held.entry(run.name.0).and_modify(|event| *event = first.min(*event)).or_insert(first);
        }
    }
    let mut heads: Heads = noted.iter().filter(|(name, _)| !runs.contains_key(name)).copied().collect();
    for run in runs.values() {
        masked.extend(run.masked());
        heads.extend(run.head_at(held.get(&run.name.0).copied()));
    }
    if heads != noted {
        notes::write(&heads)?;
    }
    // Names of members come behind what is in them, and are to be replaced after it.
    masked.sort_unstable_by_key(|(index, _)| *index);
    for (index, text) in &masked {
        events::set_piece(*index, text)?;
    }
    if held.is_empty() {
        return Ok(Vec::new());
    }
    let waits = |index: usize, choice: u32| held.get(&choice).is_some_and(|event| index >= *event);
    let edit = |(index, event): (usize, &StreamEvent)| if waits(index, event.choice) { Edit::Hold } else { Edit::Pass };
    Ok(shown.iter().enumerate().map(edit).collect())
}

/// Which text a piece belongs to, and what that is; none for one that does not go on in later events.
fn text_of(piece: &Piece) -> Option<(Name, RunKind)> {
    const CONTENT: &str = "/delta/content";
    let within = piece.pointer.strip_prefix("/choices/").and_then(|rest| rest.get(rest.find('/')?..))?;
    if piece.kind == PieceKind::Text && within.starts_with(CONTENT) {
        return Some(((piece.choice, 0), RunKind::Plain));
    }
    // Parts are numbered anew in each event.
    let tokens = within.split('/').filter(|token| !token.bytes().all(|byte| byte.is_ascii_digit()));
    let start = piece.call.map_or(FNV, |call| fold(FNV, &call.to_le_bytes()));
    let text = tokens.fold(start, |hash, token| fold(fold(hash, b"/"), token.as_bytes()));
    let kind = match piece.kind {
        PieceKind::Other if within.starts_with("/logprobs") => RunKind::Tokens,
        PieceKind::Other if within.ends_with("/name") => RunKind::Name,
        // It comes whole.
        PieceKind::Other if piece.call.is_some() => return None,
        PieceKind::Arguments if within.ends_with("/arguments") => RunKind::Json,
        _ => RunKind::Plain,
    };
    Some(((piece.choice, text.max(1)), kind))
}

/// Whether a piece is the second one of the same place: of `logprobs`, the tokens that were not chosen, which do not go on.
fn is_beside(before: &Piece, piece: &Piece) -> bool {
    before.event == piece.event && before.pointer == piece.pointer
}

const FNV: u32 = 0x811c_9dc5;

/// FNV-1a: a number for a name.
fn fold(hash: u32, bytes: &[u8]) -> u32 {
    bytes.iter().fold(hash, |hash, byte| (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

impl<'a> Run<'a> {
    fn new(name: Name, kind: RunKind, noted: &Heads) -> Self {
        let head = noted.iter().find(|(noted, _)| *noted == name).map_or(Head::default(), |(_, head)| *head);
        Self { name, kind, head, ..Self::default() }
    }

    fn add(&mut self, index: usize, piece: &'a Piece) {
        let event = usize::try_from(piece.event).unwrap_or(usize::MAX);
        self.parts.push(Part { piece: index, event, start: self.text.len(), text: &piece.text });
        self.text.push_str(&piece.text);
    }

    fn scan(&mut self, options: &Options, last: bool) {
        let from = (self.head.cut + self.head.keep).min(self.text.len());
        let last = last || self.over;
        if self.kind == RunKind::Json {
            let mut read = arguments::mask(options, &self.text, from, self.head.inside, last);
            (self.masks, self.passed) = (std::mem::take(&mut read.masks), std::mem::take(&mut read.passed));
            (self.open, self.read) = (read.open, read);
        } else {
            let scan = scan::scan(&self.text, from, options.kinds, last);
            let mask = |found: &Found| Mask {
                start: found.start,
                end: found.end,
                text: options.replacement(found.kind).to_owned(),
            };
            (self.masks, self.passed, self.open) = (scan.found.iter().map(mask).collect(), scan.passed, scan.open);
        }
        if self.head.cut > 0 {
            let end = self.head.cut.min(self.text.len());
            self.masks.insert(0, Mask { start: 0, end, text: String::new() });
        }
    }

    /// The first event that has to wait for what follows.
    fn first_open(&self) -> Option<usize> {
        let open = self.open?;
        self.parts.iter().find(|part| open < part.start + part.text.len()).map(|part| part.event)
    }

    /// The pieces in which something is masked, and what they become.
    fn masked(&self) -> impl Iterator<Item = (usize, String)> {
        let touched = |start: usize, end: usize| self.masks.iter().any(|mask| mask.start < end && mask.end > start);
        self.parts.iter().filter_map(move |Part { piece, start, text, .. }| {
            let end = start + text.len();
            touched(*start, end).then(|| (*piece, arguments::apply(&self.text, &self.masks, *start, end)))
        })
    }

    /// What is to be noted if the events from this one on come again, as they are now; or for what comes next.
    fn head_at(&self, event: Option<usize>) -> Option<(Name, Head)> {
        // Tokens that come again may be less than they are now.
        if self.kind == RunKind::Tokens {
            return None;
        }
        let first = event.and_then(|event| self.parts.iter().find(|part| part.event >= event));
        let at = first.map_or(self.text.len(), |part| part.start);
        let (keep, behind) = self.kept(at);
        let head = Head { cut: 0, keep, inside: self.kind == RunKind::Json && self.read.is_inside(behind) };
        (head != Head::default()).then_some((self.name, head))
    }

    /// How much behind this place belongs to something before it that was decided, and goes out as it is; and where that
    /// ends.
    fn kept(&self, at: usize) -> (usize, usize) {
        let Head { cut, keep, .. } = self.head;
        if at < cut + keep {
            return (cut + keep - at.max(cut), cut + keep);
        }
        // It goes with the match that it belongs to.
        if let Some(mask) = self.masks.iter().find(|mask| mask.start < at && at < mask.end) {
            return (0, mask.end);
        }
        let passed = self.passed.iter().filter(|(start, end)| *start < at && at < *end).map(|(_, end)| *end);
        let behind = passed.chain([self.read.behind_escape(at)]).max().unwrap_or(at);
        (behind - at, behind)
    }
}
