//! Requests and whole answers: every piece of text in them, and what is cut over the parts of a message.

use weir_plugin::{JoinedText, PieceText};

use crate::kinds::Found;
use crate::marks;
use crate::options::Options;
use crate::scan;

/// The pieces that are to be replaced, by their indexes, and by what.
pub(crate) fn redacted(options: &Options, pieces: &JoinedText) -> Vec<(usize, String)> {
    // Whatever is looked for has a digit or an `@` in it, or an escape that stands for one.
    if !marks::any_or_escape(&pieces.text) {
        return Vec::new();
    }
    let alone = |said: &PieceText<'_>| Some((said.index, said.replaced(|text| options.redact(text))?));
    let Some(neighbours) = pieces.neighbours() else {
        let marked = pieces.iter().filter(|said| marks::any_or_escape(said.text));
        return marked.filter_map(|said| alone(&said)).collect();
    };
    let said: Vec<PieceText<'_>> = pieces.iter().collect();
    let mut all = Vec::new();
    for group in neighbours {
        let group: Vec<&PieceText<'_>> = group.into_iter().filter_map(|at| said.get(at)).collect();
        if !group.iter().any(|said| marks::any_or_escape(said.text)) {
            continue;
        }
        if let [said] = group[..] {
            all.extend(alone(said));
        } else {
            let mut parts: Vec<Part> = group.into_iter().map(|said| Part::of(said, options)).collect();
            join(options, &mut parts);
            all.extend(parts.into_iter().filter(|part| part.changed).map(|part| (part.index, part.text)));
        }
    }
    // Names of members come behind what is in them, and are to be replaced after it.
    all.sort_unstable_by_key(|(index, _)| *index);
    all
}

/// One of the pieces that are read one behind the other.
struct Part {
    index: usize,
    text: String,
    changed: bool,
}

impl Part {
    fn of(said: &PieceText<'_>, options: &Options) -> Self {
        let new = said.replaced(|text| options.redact(text));
        let changed = new.is_some();
        Self { index: said.index, text: new.unwrap_or_else(|| said.text.to_owned()), changed }
    }
}

/// Replaces what begins in one part and ends in a later one: the replacement stands where it begins.
fn join(options: &Options, parts: &mut [Part]) {
    let mut whole = String::new();
    let mut starts = Vec::with_capacity(parts.len());
    for part in parts.iter() {
        starts.push(whole.len());
        whole.push_str(&part.text);
    }
    let cut = |found: &Found| {
        let next = starts.partition_point(|start| *start <= found.start);
        starts.get(next).is_some_and(|start| *start < found.end)
    };
    let found: Vec<Found> = scan::scan(&whole, 0, options.kinds, true).found.into_iter().filter(cut).collect();
    let mut left = found.iter().peekable();
    for (part, start) in parts.iter_mut().zip(&starts) {
        let end = start + part.text.len();
        let (mut out, mut at) = (String::new(), *start);
        while let Some(one) = left.peek().filter(|one| one.start < end) {
            if one.start >= *start {
                out.push_str(whole.get(at..one.start).unwrap_or_default());
                out.push_str(options.replacement(one.kind));
            }
            at = one.end.min(end);
            part.changed = true;
            if one.end > end {
                // It goes on in the next part.
                break;
            }
            left.next();
        }
        out.push_str(whole.get(at..end).unwrap_or_default());
        if part.changed {
            part.text = out;
        }
    }
}
