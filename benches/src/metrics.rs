//! A gateway's metrics, read back (OpenMetrics 1.0, the text format).

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use crate::control;

/// One scrape.
#[derive(Debug, Default)]
pub(crate) struct Scrape {
    samples: Vec<Sample>,
}

/// One line of a scrape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Sample {
    pub(crate) name: String,
    pub(crate) labels: BTreeMap<String, String>,
    pub(crate) value: f64,
}

impl Scrape {
    /// Scrapes an admin listener.
    ///
    /// # Errors
    /// It does not answer, or not with metrics.
    pub(crate) fn of(admin: &str) -> Result<Self> {
        let (status, body) = control::ask(admin, "GET", "/metrics")?;
        ensure!(status == 200, "/metrics answers {status}");
        Self::read(&String::from_utf8_lossy(&body))
    }

    /// # Errors
    /// A line is neither a comment nor a sample.
    pub(crate) fn read(text: &str) -> Result<Self> {
        let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let sample = |line| sample(line).with_context(|| format!("no sample: `{line}`"));
        Ok(Self { samples: lines.map(sample).collect::<Result<_>>()? })
    }

    /// The samples of one metric.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Sample> {
        self.samples.iter().filter(move |sample| sample.name == name)
    }

    /// The sum over all series of a metric that have these labels; nought if there is none.
    pub(crate) fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has = |sample: &&Sample| labels.iter().all(|(name, value)| sample.label(name) == *value);
        // The sum of no numbers would have a sign.
        self.all(name).filter(has).fold(0.0, |sum, sample| sum + sample.value)
    }

    /// The same of what counts whole things.
    pub(crate) fn count(&self, name: &str, labels: &[(&str, &str)]) -> u64 {
        whole(self.sum(name, labels))
    }
}

impl Sample {
    /// The value of a label; empty if it is not there.
    pub(crate) fn label(&self, name: &str) -> &str {
        self.labels.get(name).map_or("", String::as_str)
    }

    pub(crate) fn count(&self) -> u64 {
        whole(self.value)
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "counts are whole and far below 2^52")]
fn whole(value: f64) -> u64 {
    value.max(0.0).round() as u64
}

fn sample(line: &str) -> Option<Sample> {
    let end = line.find(['{', ' '])?;
    let (name, rest) = line.split_at_checked(end)?;
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(rest) => labels(rest)?,
        None => (BTreeMap::new(), rest),
    };
    let value = rest.split_whitespace().next()?.parse().ok()?;
    Some(Sample { name: name.to_owned(), labels, value })
}

/// Labels up to the closing brace, and what follows it. Values may hold any sign, the three that matter escaped.
fn labels(text: &str) -> Option<(BTreeMap<String, String>, &str)> {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        rest = rest.trim_start_matches(',');
        if let Some(rest) = rest.strip_prefix('}') {
            return Some((labels, rest));
        }
        let (name, after) = rest.split_once("=\"")?;
        let (value, after) = quoted(after)?;
        labels.insert(name.to_owned(), value);
        rest = after;
    }
}

/// A value up to its closing quotation mark, and what follows that.
fn quoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut signs) = (String::new(), text.char_indices());
    loop {
        match signs.next()? {
            (at, '"') => return Some((value, text.get(at + 1..)?)),
            (_, '\\') => value.push(match signs.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            (_, other) => value.push(other),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SCRAPE: &str = "# HELP weir_requests Requests.\n# TYPE weir_requests counter\n\
        weir_requests_total{tenant=\"a\",model=\"m\",status=\"200\"} 5\n\
        weir_requests_total{tenant=\"b, {\\\"x\\\"}\",model=\"m\",status=\"200\"} 2 1700000000.5\n\
        weir_requests_total{tenant=\"a\",model=\"\",status=\"499\"} 1\n\
        weir_connections 3\nweir_cost_usd_total{} 1.5e-3\n# EOF\n";

    #[test]
    fn series_are_summed_by_their_labels() {
        let metrics = Scrape::read(SCRAPE).unwrap();
        assert_eq!(metrics.count("weir_requests_total", &[]), 8);
        assert_eq!(metrics.count("weir_requests_total", &[("status", "200")]), 7);
        assert_eq!(metrics.count("weir_requests_total", &[("status", "200"), ("tenant", "b, {\"x\"}")]), 2);
        assert_eq!(metrics.count("weir_requests_total", &[("model", "")]), 1);
        assert_eq!(metrics.count("weir_connections", &[]), 3);
        assert_eq!(metrics.count("weir_nothing", &[]), 0);
        assert!(metrics.sum("weir_nothing", &[]).is_sign_positive());
        assert!((metrics.sum("weir_cost_usd_total", &[]) - 0.0015).abs() < 1e-9);
    }

    #[test]
    fn what_is_no_sample_is_named() {
        for bad in ["weir_x", "weir_x{a=\"b} 1", "weir_x{a} 1", "weir_x one"] {
            let error = Scrape::read(bad).unwrap_err().to_string();
            assert!(error.contains(bad), "{error}");
        }
    }
}
