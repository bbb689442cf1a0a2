//! The tasks that answer the requests of an HTTP/2 connection.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use hyper::rt::Executor;

use super::traffic::{Delivery, Traffic};

/// Spawns onto this thread what hyper makes of requests.
#[derive(Clone)]
pub(super) struct Tasks(pub(super) Rc<Traffic>);

impl<F: Future<Output = ()> + 'static> Executor<F> for Tasks {
    fn execute(&self, future: F) {
        match self.0.take_next() {
            Some(delivery) => tokio::task::spawn_local(answer(future, delivery)),
            None => tokio::task::spawn_local(future),
        };
    }
}

/// Answers a request, until that is done or the client has not taken the answer in time: then its stream is reset.
async fn answer(future: impl Future<Output = ()>, delivery: Rc<Delivery>) {
    let mut future = pin!(future);
    poll_fn(|cx| {
        if delivery.is_given_up() {
            return Poll::Ready(());
        }
        delivery.answered_by(cx.waker());
        future.as_mut().poll(cx)
    })
    .await;
    delivery.let_go();
}
