//! Figures that are held against a bar.

use std::fmt;

/// One figure.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Bar {
    what: String,
    figure: f64,
    unit: &'static str,
    /// The most that it may be; none for what is shown and not judged.
    most: Option<f64>,
    remark: String,
}

impl Bar {
    /// A figure that may be `most` at most.
    pub(crate) fn most(what: impl Into<String>, figure: f64, unit: &'static str, most: f64) -> Self {
        Self { what: what.into(), figure, unit, most: Some(most), remark: String::new() }
    }

    /// A figure without a bar.
    pub(crate) fn shown(what: impl Into<String>, figure: f64, unit: &'static str) -> Self {
        Self { what: what.into(), figure, unit, most: None, remark: String::new() }
    }

    /// The same with a remark.
    pub(crate) fn with(self, remark: impl Into<String>) -> Self {
        Self { remark: remark.into(), ..self }
    }

    /// Whose figure it is.
    pub(crate) fn what(&self) -> &str {
        &self.what
    }

    pub(crate) fn is_met(&self) -> bool {
        // What is no number meets nothing.
        self.most.is_none_or(|most| self.figure <= most)
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = |number: f64| format!("{} {}", rounded(number), self.unit).trim_end().to_owned();
        let bar = self.most.map_or_else(|| "–".to_owned(), number);
        let met = match (self.most, self.is_met()) {
            (None, _) => "",
            (Some(_), true) => "met",
            (Some(_), false) => "NOT MET",
        };
        let remark = if self.remark.is_empty() { String::new() } else { format!(" ({})", self.remark) };
        write!(f, "| {}{remark} | {} | {bar} | {met} |", self.what, number(self.figure))
    }
}

fn rounded(number: f64) -> String {
    // The sum of nothing may be a zero with a sign.
    let number = number + 0.0;
    match number.abs() {
        size if size >= 100.0 || size.fract() == 0.0 => format!("{number:.0}"),
        size if size >= 1.0 => format!("{number:.1}"),
        _ => format!("{number:.3}"),
    }
}

/// Prints the head of a table of them.
pub(crate) fn header() {
    println!("\n| | figure | at most | |\n|---|---:|---:|---|");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_met_up_to_its_number_and_no_number_meets_none() {
        assert!(Bar::most("x", 3.0, "s", 3.0).is_met());
        assert!(!Bar::most("x", 3.01, "s", 3.0).is_met());
        assert!(!Bar::most("x", f64::NAN, "s", 3.0).is_met());
        assert!(Bar::shown("x", 1e9, "").is_met());
    }

    #[test]
    fn a_line_says_figure_bar_and_whether_it_is_met() {
        let bar = Bar::most("time to start", 4.25, "s", 3.0).with("cold");
        assert_eq!(bar.to_string(), "| time to start (cold) | 4.2 s | 3 s | NOT MET |");
        assert_eq!(Bar::shown("scrape", 0.5, "MB").to_string(), "| scrape | 0.500 MB | – |  |");
        assert_eq!(Bar::most("lost", -0.0, "", 0.0).to_string(), "| lost | 0 | 0 | met |");
    }
}
