//! Plots as SVG, written by hand: light background, labelled axes, no fonts but the reader's own. README shows one, and each
//! document of a comparison has one.

mod canvas;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use canvas::{Anchor, Canvas};

use crate::plan::LoadCell;
use crate::results::{Results, of};
use crate::subject::Subject;

/// Weir's own: without plugins, and with them.
const OWN: [&str; 4] = ["#56b4e9", "#0b5fa5", "#2e8fc9", "#083a66"];
/// Of peers; told apart by most readers, also by those who confuse red and green.
const COLOURS: [&str; 10] =
    ["#d55e00", "#e69f00", "#009e73", "#cc79a7", "#6a3d9a", "#8c564b", "#000000", "#999933", "#882255", "#117733"];
const GREY: &str = "#767676";

/// Requests per second against users, with the ceiling.
pub(crate) fn lines(results: &Results) -> String {
    const LEFT: f64 = 90.0;
    const TOP: f64 = 60.0;
    const WIDTH: f64 = 620.0;
    const HEIGHT: f64 = 400.0;
    let cells = &results.plan.cells;
    let users = cells.iter().map(|cell| f64::from(cell.users)).fold(1.0, f64::max);
    let (top, step) = axis(cells.iter().map(LoadCell::ceiling).fold(1.0, f64::max));
    let x = |users_here: f64| LEFT + WIDTH * users_here / users;
    let y = |rate: f64| TOP + HEIGHT * (1.0 - rate / top);
    let mut canvas = Canvas::new(1_000.0, 540.0);
    canvas.title("Requests per second by users, closed loop", LEFT, 30.0);
    let mut rate = 0.0;
    while rate <= top + 1e-9 {
        canvas.line((LEFT, y(rate)), (LEFT + WIDTH, y(rate)), "#e3e3e3", 1.0, false);
        canvas.text(&thousands(rate), LEFT - 8.0, y(rate) + 4.0, Anchor::End);
        rate += step;
    }
    for cell in cells {
        let at = x(f64::from(cell.users));
        canvas.line((at, TOP + HEIGHT), (at, TOP + HEIGHT + 5.0), GREY, 1.0, false);
        canvas.text(&cell.users.to_string(), at, TOP + HEIGHT + 20.0, Anchor::Middle);
    }
    canvas.line((LEFT, TOP + HEIGHT), (LEFT + WIDTH, TOP + HEIGHT), GREY, 1.5, false);
    canvas.line((LEFT, TOP), (LEFT, TOP + HEIGHT), GREY, 1.5, false);
    canvas.text(
        "users (connections with one request at a time)",
        LEFT + WIDTH / 2.0,
        TOP + HEIGHT + 45.0,
        Anchor::Middle,
    );
    canvas.upright("requests per second", 22.0, TOP + HEIGHT / 2.0);
    let most: Vec<_> = cells.iter().map(|cell| (x(f64::from(cell.users)), y(cell.ceiling()))).collect();
    canvas.path(&most, GREY, 1.5, true);
    let legend = LEFT + WIDTH + 30.0;
    canvas.line((legend, TOP + 6.0), (legend + 24.0, TOP + 6.0), GREY, 1.5, true);
    canvas.text("ceiling: users / delay", legend + 32.0, TOP + 10.0, Anchor::Start);
    for (place, (index, subject)) in shown(results).into_iter().enumerate() {
        let colour = colour(results, index);
        let rate = |cell: usize| results.median(cell, index, of::per_second);
        let points =
            cells.iter().enumerate().filter_map(|(cell, what)| Some((x(f64::from(what.users)), y(rate(cell)?))));
        let points: Vec<_> = points.collect();
        let weight = if results.plan.subjects.get(index).is_some_and(Subject::is_weir) { 3.0 } else { 1.8 };
        canvas.path(&points, colour, weight, false);
        for point in &points {
            canvas.mark(*point, place, colour);
        }
        let row = TOP + 34.0 + 24.0 * f64::from(u32::try_from(place).unwrap_or(0));
        canvas.line((legend, row - 4.0), (legend + 24.0, row - 4.0), colour, weight, false);
        canvas.mark((legend + 12.0, row - 4.0), place, colour);
        let last = cells
            .len()
            .checked_sub(1)
            .and_then(rate)
            .map_or_else(String::new, |rate| format!(" ({})", thousands(rate)));
        canvas.text(&format!("{subject}{last}"), legend + 32.0, row, Anchor::Start);
    }
    canvas.finish()
}

/// CPU per request of every gateway, a panel for each cell.
pub(crate) fn bars(results: &Results) -> String {
    const LEFT: f64 = 190.0;
    const WIDTH: f64 = 620.0;
    const ROW: f64 = 24.0;
    let subjects: Vec<_> = shown(results).into_iter().filter(|(index, _)| gateway(results, *index)).collect();
    let rows = f64::from(u32::try_from(subjects.len()).unwrap_or(1).max(1));
    let panel = 95.0 + ROW * rows;
    let measured = |cell: usize| subjects.iter().any(|(index, _)| results.median(cell, *index, of::cpu).is_some());
    let panels: Vec<_> = results.plan.cells.iter().enumerate().filter(|(cell, _)| measured(*cell)).collect();
    let count = f64::from(u32::try_from(panels.len()).unwrap_or(1));
    let mut canvas = Canvas::new(1_000.0, 50.0 + panel * count);
    canvas.title("CPU time of the gateway per request (µs; user and system, its whole process tree)", 20.0, 30.0);
    let mut top = 60.0;
    for (cell, what) in panels {
        canvas.strong(&what.title, 20.0, top + 12.0);
        let number = |index: usize| results.median(cell, index, of::cpu);
        let (most, step) = axis(limit(results, cell));
        let mut at = 0.0;
        while at <= most + 1e-9 {
            let x = LEFT + WIDTH * at / most;
            canvas.line((x, top + 22.0), (x, top + 28.0 + ROW * rows), "#e3e3e3", 1.0, false);
            canvas.text(&thousands(at), x, top + 44.0 + ROW * rows, Anchor::Middle);
            at += step;
        }
        let unit = if what.stream { "CPU per stream, µs" } else { "CPU per request, µs" };
        canvas.text(unit, LEFT + WIDTH / 2.0, top + 62.0 + ROW * rows, Anchor::Middle);
        for (place, (index, name)) in subjects.iter().enumerate() {
            let row = top + 28.0 + ROW * f64::from(u32::try_from(place).unwrap_or(0));
            canvas.text(name, LEFT - 8.0, row + 14.0, Anchor::End);
            let Some(cpu) = number(*index) else {
                canvas.text("not measured", LEFT + 6.0, row + 14.0, Anchor::Start);
                continue;
            };
            let (length, cut) = (WIDTH * (cpu / most).min(1.0), cpu > most);
            canvas.bar((LEFT, row + 2.0), (length, ROW - 6.0), colour(results, *index), cut);
            let cut = if cut { " (bar cut)" } else { "" };
            canvas.text(&format!("{}{cut}", micros(cpu)), LEFT + length + 8.0, row + 14.0, Anchor::Start);
        }
        canvas.line((LEFT, top + 22.0), (LEFT, top + 28.0 + ROW * rows), GREY, 1.5, false);
        top += panel;
    }
    canvas.finish()
}

/// Where bars are cut: one that takes hundreds of times as much would leave nothing to see of the others.
fn limit(results: &Results, cell: usize) -> f64 {
    let numbers = |weir: bool| {
        let these = results.measured(cell).filter(move |(_, subject)| !weir || subject.is_weir());
        these.filter_map(|(index, _)| results.median(cell, index, of::cpu)).fold(0.0, f64::max)
    };
    let (all, weir) = (numbers(false), numbers(true));
    if weir > 0.0 { all.min(6.0 * weir) } else { all }.max(1e-3)
}

/// The subjects of a plot with their names; `direct again` shows nothing new.
fn shown(results: &Results) -> Vec<(usize, &str)> {
    let subjects = results.plan.subjects.iter().enumerate();
    let shown = subjects.filter(|(_, subject)| !matches!(subject, Subject::Again));
    shown.map(|(index, subject)| (index, subject.name())).collect()
}

fn gateway(results: &Results, index: usize) -> bool {
    results.plan.subjects.get(index).is_some_and(|subject| subject.gateway().is_some())
}

/// Of a subject: what is Weir's stands out.
fn colour(results: &Results, index: usize) -> &'static str {
    let is_peer = |subject: &&Subject| matches!(subject, Subject::Peer(_));
    match results.plan.subjects.get(index) {
        Some(Subject::Weir(weir)) => OWN.get(usize::from(weir.has_plugins()) + 2 * usize::from(weir.is_guided())),
        Some(Subject::Peer(_)) => {
            let before = results.plan.subjects.iter().take(index).filter(is_peer).count();
            COLOURS.get(before % COLOURS.len())
        }
        _ => None,
    }
    .copied()
    .unwrap_or(GREY)
}

/// The end of an axis and the step of its marks: both round, and no more than ten steps.
fn axis(most: f64) -> (f64, f64) {
    let power = 10_f64.powf((most / 10.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|digit| digit * power).find(|step| most / step <= 10.0);
    let step = step.unwrap_or(10.0 * power);
    ((most / step).ceil() * step, step)
}

fn micros(number: f64) -> String {
    if number < 100.0 { format!("{number:.1}") } else { thousands(number) }
}

/// A whole number with commas; a small one with the digits that it needs.
fn thousands(number: f64) -> String {
    if number > 0.0 && number < 10.0 && (number - number.round()).abs() > 1e-9 {
        return format!("{number:.1}");
    }
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
