//! What plugins wrote into the log while something ran.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// Lines that are kept; a plugin that writes more is not read to the end.
const LINES: usize = 1_000;

/// One line: how grave, and what it says.
pub(crate) type LogLine = (String, String);

#[derive(Debug, Clone, Default)]
struct Capture(Arc<Mutex<Vec<LogLine>>>);

impl<S: Subscriber> Layer<S> for Capture {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        // The sandbox writes what plugins log under this target.
        if event.metadata().target() != "plugin" {
            return;
        }
        let mut text = Text::default();
        event.record(&mut text);
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() < LINES {
            lines.push((event.metadata().level().as_str().to_ascii_lowercase(), text.0));
        }
    }
}

#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.0 = format!("{value:?}");
        }
    }
}

/// Runs something on this thread; answers what it answers, and what plugins wrote meanwhile.
pub(crate) fn captured<T>(run: impl FnOnce() -> T) -> (T, Vec<LogLine>) {
    let capture = Capture::default();
    let subscriber = tracing_subscriber::registry().with(capture.clone());
    let answer = tracing::subscriber::with_default(subscriber, run);
    let lines = std::mem::take(&mut *capture.0.lock().unwrap_or_else(PoisonError::into_inner));
    (answer, lines)
}

/// Lines as they stand below what they go with.
pub(crate) fn below(lines: &[LogLine]) -> String {
    lines.iter().map(|(level, text)| format!("\n  log       {level}: {text}")).collect()
}
