//! Tables of subjects: columns of numbers, who leads in them, and where Weir is behind.

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::fmt::Write as _;

use crate::results::{Of, Results, Spread, of};
use crate::subject::Subject;

/// How the number of a column comes about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Number {
    Median(Of),
    /// The worst of all repeats.
    Worst(Of),
    /// Over all repeats.
    Sum(Of),
    /// Beyond `direct`, with the extremes.
    Added(Of),
    /// How many times nginx's.
    Ratio(Of),
    /// A median as a share of a number that the cell has.
    Share(Of, f64),
}

/// Which end of a column is the better one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Less,
    More,
    /// Neither: the column is there for information, or a restatement of another.
    None,
}

/// A column of a table.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    pub(crate) title: &'static str,
    pub(crate) number: Number,
    /// What the number is multiplied by, as from µs to ms.
    pub(crate) scale: f64,
    pub(crate) digits: usize,
    pub(crate) better: Better,
}

/// Differences of less than this share say nothing.
const LEVEL: f64 = 0.02;

impl Column {
    pub(crate) fn new(title: &'static str, number: Number, digits: usize, better: Better) -> Self {
        Self { title, number, scale: 1.0, digits, better }
    }

    /// The same with its numbers, which are in µs, in ms.
    pub(crate) fn in_ms(self) -> Self {
        Self { scale: 1e-3, ..self }
    }

    fn spread(&self, results: &Results, cell: usize, subject: usize) -> Option<Spread> {
        let one = |number: f64| Spread { least: number, median: number, most: number };
        let spread = match self.number {
            Number::Median(of) => results.median(cell, subject, of).map(one),
            Number::Worst(of) => results.worst(cell, subject, of).map(one),
            Number::Sum(of) => results.sum(cell, subject, of).map(one),
            Number::Added(of) => results.added(cell, subject, of),
            Number::Ratio(of) => results.beside_nginx(cell, subject, of).map(one),
            Number::Share(of, whole) => results.median(cell, subject, of).map(|number| one(100.0 * number / whole)),
        }?;
        let scaled = |number| number * self.scale;
        Some(Spread { least: scaled(spread.least), median: scaled(spread.median), most: scaled(spread.most) })
    }

    fn number(&self, results: &Results, cell: usize, subject: usize) -> Option<f64> {
        self.spread(results, cell, subject).map(|spread| spread.median)
    }

    /// The number alone.
    fn rounded(&self, results: &Results, cell: usize, subject: usize) -> String {
        let number = self.number(results, cell, subject);
        number.map_or_else(|| "–".to_owned(), |number| format!("{number:.*}", self.digits))
    }

    fn text(&self, results: &Results, cell: usize, subject: usize) -> String {
        let digits = self.digits;
        let Some(Spread { least, median, most }) = self.spread(results, cell, subject) else { return "–".to_owned() };
        match self.number {
            Number::Added(_) => format!("{median:.digits$} ({least:.digits$} … {most:.digits$})"),
            Number::Ratio(_) => format!("{median:.digits$} ×"),
            Number::Share(..) => format!("{median:.digits$} %"),
            _ => format!("{median:.digits$}"),
        }
    }
}

/// One cell: a row for each subject, the best gateway of each column in bold, and what was ahead of Weir.
pub(crate) fn write(text: &mut String, results: &Results, cell: usize, columns: &[Column]) {
    header(text, columns);
    rows(text, results, cell, columns);
    errors(text, results, cell);
    behind(text, results, cell, columns);
}

/// One number of every cell: a row for each subject, a column for each cell.
pub(crate) fn matrix(text: &mut String, results: &Results, column: impl Fn(usize) -> Column) {
    let cells = &results.plan.cells;
    let titles: String = cells.iter().map(|cell| format!(" {} |", cell.name)).collect();
    let _ok = write!(text, "\n| |{titles}\n|---|{}\n", "---:|".repeat(cells.len()));
    for (subject, what) in results.plan.subjects.iter().enumerate() {
        if (0..cells.len()).all(|cell| column(cell).number(results, cell, subject).is_none()) {
            continue;
        }
        let numbers: Vec<_> = (0..cells.len()).map(|cell| column(cell).text(results, cell, subject)).collect();
        let _ok = writeln!(text, "| {} | {} |", what.name(), numbers.join(" | "));
    }
}

fn header(text: &mut String, columns: &[Column]) {
    let titles: String = columns.iter().map(|column| format!(" {} |", column.title)).collect();
    let _ok = write!(text, "\n| |{titles}\n|---|{}\n", "---:|".repeat(columns.len()));
}

fn rows(text: &mut String, results: &Results, cell: usize, columns: &[Column]) {
    let best: Vec<_> = columns.iter().map(|column| best(results, cell, column)).collect();
    for (subject, what) in results.measured(cell) {
        let _ok = write!(text, "| {} |", what.name());
        for (column, best) in columns.iter().zip(&best) {
            let words = column.text(results, cell, subject);
            let leads = what.gateway().is_some() && best.as_ref() == Some(&column.rounded(results, cell, subject));
            let bold = if leads { "**" } else { "" };
            let _ok = write!(text, " {bold}{words}{bold} |");
        }
        text.push('\n');
    }
}

/// What could not be measured in a cell, and why.
fn errors(text: &mut String, results: &Results, cell: usize) {
    for (subject, what) in results.measured(cell) {
        for error in results.errors(cell, subject) {
            let error = error.lines().collect::<Vec<_>>().join(" / ");
            let _ok = writeln!(text, "\nNot measured in every repeat: {}: {error}", what.name());
        }
    }
}

/// The best number of the gateways as the table has it; none where all are alike.
fn best(results: &Results, cell: usize, column: &Column) -> Option<String> {
    let gateways = results.measured(cell).filter(|(_, subject)| subject.gateway().is_some());
    let measured = gateways.filter_map(|(subject, _)| Some((column.number(results, cell, subject)?, subject)));
    let mut numbers: Vec<_> = measured.collect();
    numbers.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (least, most) = (numbers.first()?.1, numbers.last()?.1);
    let [least, most] = [least, most].map(|subject| column.rounded(results, cell, subject));
    match column.better {
        _ if least == most => None,
        Better::Less => Some(least),
        Better::More => Some(most),
        Better::None => None,
    }
}

/// Says of each Weir which peers were ahead of it, and in what.
fn behind(text: &mut String, results: &Results, cell: usize, columns: &[Column]) {
    let is_peer = |subject: &Subject| subject.gateway().is_some() && !subject.is_weir();
    let peers: Vec<_> = results.measured(cell).filter(|(_, subject)| is_peer(subject)).collect();
    if peers.is_empty() {
        return;
    }
    for (weir, what) in results.measured(cell).filter(|(_, subject)| subject.is_weir()) {
        let mut leads = String::new();
        for column in columns.iter().filter(|column| column.better != Better::None) {
            let ahead =
                |peer: usize| works_beside(results, cell, peer, weir) && is_ahead(results, cell, column, peer, weir);
            let ahead = peers.iter().filter(|(peer, _)| ahead(*peer));
            let names: Vec<_> =
                ahead.map(|(peer, what)| format!("{} {}", what.name(), column.rounded(results, cell, *peer))).collect();
            if !names.is_empty() {
                let own = column.rounded(results, cell, weir);
                let _ok = writeln!(leads, "- {}: {}, against {own}", column.title, names.join(", "));
            }
        }
        let _ok = match leads.as_str() {
            "" => write!(text, "\nNo peer was ahead of {} here.\n", what.name()),
            leads => write!(text, "\nAhead of {}:\n\n{leads}", what.name()),
        };
    }
}

/// Whether a peer did such work that its numbers can be held beside Weir's: to fail fast is no lead, and neither is it to
/// have few stalls in few streams.
fn works_beside(results: &Results, cell: usize, peer: usize, weir: usize) -> bool {
    let (mut answered, mut failed) = (0, 0);
    for (_, report) in results.reports(cell, peer) {
        answered += report.requests;
        failed += report.failed();
    }
    let rate = |subject| results.median(cell, subject, of::per_second).unwrap_or(0.0);
    answered > failed && rate(peer) >= rate(weir) / 2.0
}

fn is_ahead(results: &Results, cell: usize, column: &Column, peer: usize, weir: usize) -> bool {
    let number = |subject| column.number(results, cell, subject);
    let Some((peer, weir)) = number(peer).zip(number(weir)) else { return false };
    let lead = match column.better {
        Better::Less => weir - peer,
        Better::More => peer - weir,
        Better::None => 0.0,
    };
    lead > LEVEL * weir.abs()
}
