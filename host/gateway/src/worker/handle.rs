//! The snapshot in one worker's hands.

use super::shared::Shared;
use crate::telemetry::figures::Figures;
use crate::worker::snapshot::Snapshot;
use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use weir_dialect::answer::AnswerShapes;

/// The snapshot as one worker holds it: counted on this thread alone, so that requests do not fight over one counter.
#[derive(Debug)]
pub(crate) struct SnapshotHandle {
    pub(crate) snapshot: Arc<Snapshot>,
    /// Where the worker counts what it serves from this snapshot.
    pub(crate) figures: Figures,
    /// What the answers of each provider look like, by its index in the snapshot.
    pub(crate) shapes: Box<[RefCell<AnswerShapes>]>,
}

impl SnapshotHandle {
    /// The snapshot in the hands of this worker.
    pub(super) fn new(worker: usize, shared: &Shared, snapshot: Arc<Snapshot>) -> Rc<Self> {
        let config = &snapshot.config;
        let by_tenant = config.metrics.tenant_histograms;
        let figures = Figures::new(worker, &shared.stats, &shared.ledger, by_tenant, config.limits.series);
        let shapes = snapshot.providers.iter().map(|_| RefCell::default()).collect();
        Rc::new(Self { snapshot, figures, shapes })
    }
}
