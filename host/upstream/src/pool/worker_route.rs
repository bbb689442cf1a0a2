//! What a worker has of one upstream.

use std::rc::Rc;
use std::sync::Weak;

use super::conn::UpstreamConn;
use super::parts::HostPool;
use crate::error::BodyError;
use crate::upstream::Upstream;

/// This worker's side of an upstream. Requests and bodies hold it in place of the [`Arc`], whose count all workers
/// would be writing to.
pub(crate) struct WorkerRoute {
    pub(crate) id: u64,
    pub(crate) up: Weak<Upstream>,
    pub(crate) lane: Rc<HostPool<UpstreamConn>>,
}

impl WorkerRoute {
    /// Counts a body that did not come to its end.
    pub(crate) fn body_failed(&self, error: BodyError) {
        self.lane.shard().error(error.slot());
    }
}
