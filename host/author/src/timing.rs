//! How long calls take, one by one.

use std::time::{Duration, Instant};

use weir_config::Isolation;
use weir_sandbox::LoadError;

use crate::AuthorError;
use crate::artefact::InspectedComponent;
use crate::call::{call, exchange_of};
use crate::case::Case;
use crate::harness::Bench;
use crate::run_case::bind;

/// Calls that are timed at most: more say nothing new.
const CALLS: usize = 200_000;
/// Calls before the first that is timed.
const WARM: usize = 20;

/// What calls of one case took, sorted; of a stream, the calls of one stream together.
#[derive(Debug, Clone, Default)]
pub(crate) struct Timing {
    pub(crate) samples: Vec<Duration>,
    /// The first of all, which starts an instance.
    pub(crate) first: Duration,
    /// Loading compiled code, linking, one start.
    pub(crate) start: Duration,
    /// Linear memory of the instance, bytes; 0 if none is kept.
    pub(crate) memory: usize,
}

impl Timing {
    /// The sample that so many in a thousand are not above.
    pub(crate) fn at(&self, per_mille: usize) -> Duration {
        let last = self.samples.len().saturating_sub(1);
        self.samples.get(last * per_mille / 1000).copied().unwrap_or_default()
    }
}

/// Times calls for so long. The inner error is the plugin's.
pub(crate) fn time_calls(
    bench: &Bench,
    plugin: &InspectedComponent,
    case: &Case,
    isolation: Isolation,
    length: Duration,
) -> Result<Result<Timing, LoadError>, AuthorError> {
    let harness = match bench.start(plugin, &bind(plugin, case, isolation))? {
        Ok(harness) => harness,
        Err(error) => return Ok(Err(error)),
    };
    let chain = harness.chain()?;
    let mut timing = Timing { start: harness.start, ..Timing::default() };
    // What the plugin logs is not wanted here, and costs what it costs where nobody listens.
    bench.runtime.block_on(async {
        let mut end = Instant::now() + length;
        for nth in 0..CALLS + WARM {
            let mut exchange = Some(exchange_of(case));
            let begin = Instant::now();
            let _ended = call(&harness.worker, chain, case, &mut exchange).await;
            let took = begin.elapsed();
            match nth {
                0 => timing.first = took,
                _ if nth < WARM => end = Instant::now() + length,
                _ => timing.samples.push(took),
            }
            if Instant::now() > end && !timing.samples.is_empty() {
                break;
            }
        }
    });
    timing.samples.sort_unstable();
    timing.memory = harness.worker.idle_memory();
    Ok(Ok(timing))
}
