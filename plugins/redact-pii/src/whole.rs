//! Requests and whole answers: every piece of text in them, and what is cut over the parts of a message.

use weir_plugin::{Piece, neighbours};

use crate::marks;
use crate::options::Options;
use crate::scan::{self, Found};

/// The pieces that are to be replaced, by their indexes, and by what.
pub(crate) fn redacted(options: &Options, pieces: &[Piece]) -> Vec<(usize, String)> {
    // Whatever is looked for has a digit or an `@` in it, or an escape that stands for one.
    let may_have = |piece: &Piece| marks::any(&piece.text) || piece.text.contains('\\');
    if !pieces.iter().any(may_have) {
        return Vec::new();
    }
    let mut all = Vec::new();
    for group in neighbours(pieces) {
        let group: Vec<_> = group.into_iter().filter_map(|at| Some((at, pieces.get(at)?))).collect();
        if let [(at, piece)] = group[..] {
            all.extend(piece.replaced(|text| options.redact(text)).map(|new| (at, new)));
        } else if group.iter().any(|(_, piece)| may_have(piece)) {
            let mut parts: Vec<Part> = group.into_iter().map(|(at, piece)| Part::of(at, piece, options)).collect();
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
    fn of(index: usize, piece: &Piece, options: &Options) -> Self {
        let new = piece.replaced(|text| options.redact(text));
        let changed = new.is_some();
        Self { index, text: new.unwrap_or_else(|| piece.text.clone()), changed }
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
