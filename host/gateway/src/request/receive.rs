//! What an upstream sent, looked at before a byte of it is relayed, for as long as that has not happened another target
//! may do better: the status by its class, a whole answer as a whole, a stream by its first event.

mod answer_body;
mod expected;
mod form;
mod opening;
mod reader;
mod received;
mod way;
mod whole;

use crate::request::waits::{WaitedFor, Waits};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Instant, SystemTime};
use weir_upstream::status::{self, Class};
use weir_upstream::{AttemptFailure, Body, retry_after};

pub(crate) use answer_body::{AnswerBody, AnswerFault};
pub(crate) use expected::{AnswerTranslation, ExpectedAnswer};
pub(crate) use opening::StreamOpening;
pub(crate) use reader::{EventFault, EventReader};
pub(crate) use received::{Received, ReceivedContent};

use opening::StreamOrDocument;

/// Receives an answer of which the head is there. The time spent waiting for the rest is told to `waits`. Where there is
/// nothing to relay, another may be asked if nothing was answered, and nobody if it was carried out, at least in part.
pub(crate) async fn receive(
    expected: &ExpectedAnswer<'_>,
    response: Response<Body>,
    waits: &mut Waits,
) -> Result<Received, AttemptFailure> {
    let (parts, body) = response.into_parts();
    let (mut status, mut headers) = (parts.status, parts.headers);
    let class = status::class(status);
    if !class.is_relayed() {
        let refused = pin!(refused(class, (status, &mut headers), body, expected));
        return Err(timed(refused, waits).await);
    }
    let answered = class == Class::Answer;
    if status == StatusCode::NO_CONTENT {
        body.leave();
        let content = ReceivedContent::Whole { bytes: Bytes::new(), memory: None, reading: None, view: None };
        return Ok(Received { status, headers, content });
    }
    let mut body = AnswerBody::of(&mut headers, body, expected)?;
    let content = if answered && expected.is_stored {
        timed(pin!(whole::stored(expected, body)), waits).await?
    } else if answered && is_events(&headers, expected) {
        match timed(pin!(opening::open(expected, body, None)), waits).await? {
            StreamOrDocument::Stream(opening) => ReceivedContent::Stream(opening),
            StreamOrDocument::Document(body, first) => {
                timed(pin!(whole::answer(expected, body, Some(first))), waits).await?
            }
        }
    } else if answered && let Some(bytes) = whole::at_once(expected, &mut body) {
        whole::judged(expected, (bytes, None), None)?
    } else if answered {
        timed(pin!(whole::answer(expected, body, None)), waits).await?
    } else {
        let (content, told) = timed(pin!(whole::against(expected, body, status)), waits).await?;
        status = StatusCode::from_u16(told.status).unwrap_or(status);
        if let Some((name, value)) = told.header {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        content
    };
    if expected.translation.is_some() && matches!(&content, ReceivedContent::Whole { bytes, .. } if !bytes.is_empty()) {
        // Whatever it came as, it was written anew.
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    Ok(Received { status, headers, content })
}

/// What a status means that is not relayed.
async fn refused(
    class: Class,
    (status, headers): (StatusCode, &mut HeaderMap),
    body: Body,
    expected: &ExpectedAnswer<'_>,
) -> AttemptFailure {
    if class != Class::RateLimited {
        body.leave();
    } else if let Ok(body) = AnswerBody::of(headers, body, expected)
        // Who has no credit left is told so as if it were a matter of rate, with a code that says which.
        && whole::blames_account(expected, body).await
    {
        return AttemptFailure::of_account(status);
    }
    class.decide(status, retry_after(headers, SystemTime::now()))
}

/// Waits for a future, and tells `waits` how long that took. What is here already is not waited for.
async fn timed<F: Future>(mut future: Pin<&mut F>, waits: &mut Waits) -> F::Output {
    if let Poll::Ready(here) = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await {
        return here;
    }
    waits.begin(WaitedFor::Upstream, Instant::now());
    let output = future.await;
    waits.end();
    output
}

/// Whether an answer says that it is a stream of events.
fn is_events(headers: &HeaderMap, expected: &ExpectedAnswer<'_>) -> bool {
    const EVENTS: &str = "text/event-stream";
    let events = expected.translation.map_or(EVENTS, AnswerTranslation::media_type);
    let value = headers.get(CONTENT_TYPE).map(|value| value.as_bytes().trim_ascii()).unwrap_or_default();
    let Some((media, rest)) = value.split_at_checked(events.len()) else { return false };
    media.eq_ignore_ascii_case(events.as_bytes()) && matches!(rest.trim_ascii_start().first(), None | Some(b';'))
}
