//! Figures as people read them.

use std::time::Duration;

/// Bytes in the largest unit that keeps them above one.
pub(crate) fn bytes(count: usize) -> String {
    #[allow(clippy::cast_precision_loss)] // one decimal is shown
    let count = count as f64;
    match count {
        c if c >= 1_048_576.0 => format!("{:.1} MiB", c / 1_048_576.0),
        c if c >= 1024.0 => format!("{:.1} KiB", c / 1024.0),
        c => format!("{c:.0} B"),
    }
}

/// A time with three digits or so.
pub(crate) fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        us if us >= 1e6 => format!("{:.2} s", us / 1e6),
        us if us >= 1e3 => format!("{:.1} ms", us / 1e3),
        us => format!("{us:.1} µs"),
    }
}

/// Microseconds, for machines.
pub(crate) fn us(time: Duration) -> f64 {
    (time.as_secs_f64() * 1e9).round() / 1e3
}

/// Text in one line of at most so many characters.
pub(crate) fn short(text: &str, most: usize) -> String {
    let line: String =
        text.chars().flat_map(|c| if c.is_control() { c.escape_debug().collect() } else { vec![c] }).collect();
    match line.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

/// Rows in columns: the first to the left, the others to the right.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width =
        |at: usize| rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).enumerate();
        let cells = cells.map(|(at, (cell, width))| match at {
            0 => format!("{cell:<width$}"),
            _ => format!("{cell:>width$}"),
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}
