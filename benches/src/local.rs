//! hyper's HTTP/2 spawns tasks of its own: here on the thread that the connection is on.

/// Spawns on the `LocalRuntime` of this thread.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalExecutor;

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        tokio::task::spawn_local(future);
    }
}
