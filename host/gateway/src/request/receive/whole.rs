//! Whole answers.

use super::answer_body::{AnswerBody, AnswerFault};
use super::expected::ExpectedAnswer;
use super::form::{FirstBytes, Form};
use super::opening::{self, StreamOrDocument};
use super::received::ReceivedContent;
use crate::request::gather::{Full, Gathered, UNCOUNTED};
use bytes::Bytes;
use http::StatusCode;
use http_body::Body as _;
use http_body_util::BodyExt;
use std::time::Duration;
use tokio::time::timeout;
use weir_dialect::answer::{self, AccountBlame, AnswerKind};
use weir_dialect::canon::DecodeFault;
use weir_dialect::errors::ErrorParts;
use weir_net::ByteShare;
use weir_upstream::{AttemptFailure, RepeatedSecret};

/// What looks complete is waited on for so long: then its framing is not asked for its opinion any more.
const SETTLE: Duration = Duration::from_secs(1);
/// So much of a refusal is read to see whom it blames, and for no longer than [`SETTLE`].
const PEEK: usize = 64 * 1024;

/// An answer that came with its head, all of it, as short ones do. A stream may have come as well, so that has to be looked
/// at where one was asked for.
pub(super) fn at_once(expected: &ExpectedAnswer<'_>, body: &mut AnswerBody) -> Option<Bytes> {
    if expected.streaming { None } else { body.take_all_within(UNCOUNTED.min(expected.limits.response_bytes)) }
}

/// An answer that says it is one, of which `first` has been read. Whether it is, and whether all of it, its own form says
/// first and its framing second: an object that is closed is whole though its connection broke behind it, and one that is
/// not closed is cut although its framing ends as it should.
pub(super) async fn answer(
    expected: &ExpectedAnswer<'_>,
    mut body: AnswerBody,
    mut first: Option<Bytes>,
) -> Result<ReceivedContent, AttemptFailure> {
    let mut all = room(expected, expected.limits.response_bytes);
    if expected.streaming && first.is_none() {
        // Some servers forget to say what their streams are; no JSON begins as an event does.
        let (read, form) = begin(&mut body).await?;
        if form == Form::Events {
            match opening::open(expected, body, Some(read)).await? {
                StreamOrDocument::Stream(opening) => return Ok(ReceivedContent::Stream(opening)),
                StreamOrDocument::Document(same, read) => (body, first) = (same, Some(read)),
            }
        } else {
            first = Some(read);
        }
    }
    if let Some(first) = first {
        push(&mut all, first)?;
    }
    let cut = loop {
        if body.is_end_stream() {
            break None;
        }
        let next = if may_be_closed(&all) {
            match timeout(SETTLE, body.frame()).await {
                Ok(next) => next,
                Err(_) if is_complete(expected, all.bytes()) => break None,
                Err(_) => body.frame().await,
            }
        } else {
            body.frame().await
        };
        match next {
            None => break None,
            Some(Err(fault)) if fault.is_cut() => break Some(fault),
            Some(Err(fault)) => {
                body.leave();
                return Err(fault.decide());
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => push(&mut all, data)?,
                Err(_) => continue,
            },
        }
    };
    body.leave();
    let (bytes, memory) = all.finish();
    judged(expected, (bytes, Some(memory)), cut)
}

/// As much of a body as tells what it is.
async fn begin(body: &mut AnswerBody) -> Result<(Bytes, Form), AttemptFailure> {
    let mut head = FirstBytes::default();
    while let Some(data) = next(body).await.map_err(AnswerFault::decide)? {
        let form = head.push(data);
        if form != Form::Unclear {
            return Ok((head.bytes, form));
        }
    }
    Ok((head.bytes, Form::Unclear))
}

/// What an answer is of which no more will come; `cut` is how its transport broke.
pub(super) fn judged(
    expected: &ExpectedAnswer<'_>,
    (bytes, memory): (Bytes, Option<ByteShare>),
    cut: Option<AnswerFault>,
) -> Result<ReceivedContent, AttemptFailure> {
    let (bytes, view) = match expected.translation {
        None => (bytes, None),
        Some(translation) => match translation.whole(&bytes) {
            Ok(translated) => translated,
            Err(unread) => return Err(not_translated(unread, &bytes, cut)),
        },
    };
    let reading = match expected.shapes {
        Some(shapes) => shapes.borrow_mut().read(expected.call, &bytes),
        None => expected.call.read_answer(&bytes),
    };
    match (reading.answer, cut) {
        (AnswerKind::Complete, _) => Ok(ReceivedContent::Whole { bytes, memory, reading: Some(reading), view }),
        (AnswerKind::Cut, None) => Err(AttemptFailure::broken()),
        (AnswerKind::Cut | AnswerKind::NoAnswer, Some(error)) => Err(error.decide()),
        (AnswerKind::Error, _) => Err(AttemptFailure::no_answer("an error")),
        (AnswerKind::NoAnswer, None) => {
            let what = if bytes.is_empty() { "nothing" } else { "something else" };
            Err(AttemptFailure::no_answer(what))
        }
    }
}

/// What came in place of an answer, or of the rest of it, where a provider speaks another dialect.
fn not_translated(unread: DecodeFault, bytes: &[u8], cut: Option<AnswerFault>) -> AttemptFailure {
    let begins = bytes.trim_ascii_start().first() == Some(&b'{');
    match (cut, unread) {
        (Some(error), _) => error.decide(),
        (None, DecodeFault::Syntax(_)) if begins => AttemptFailure::broken(),
        (None, _) if bytes.is_empty() => AttemptFailure::no_answer("nothing"),
        (None, _) => AttemptFailure::no_answer("something else"),
    }
}

/// Whether this is all of an answer, whatever its framing says.
fn is_complete(expected: &ExpectedAnswer<'_>, bytes: &[u8]) -> bool {
    match expected.translation {
        None => expected.call.judge_answer(bytes) == AnswerKind::Complete,
        Some(translation) => translation.is_answer(bytes),
    }
}

/// What an upstream has to say against a request, for the client to mend: all of it. What is about the gateway's account, or
/// may be for all that can be read of it, is for nobody else to see.
pub(super) async fn against(
    expected: &ExpectedAnswer<'_>,
    body: AnswerBody,
    status: StatusCode,
) -> Result<(ReceivedContent, ErrorParts), AttemptFailure> {
    let (bytes, memory) = message(expected, body).await?;
    match expected.upstream.secret_in(&bytes) {
        // Whoever repeats the gateway's key has something against it, and it is for nobody else to see.
        Some(RepeatedSecret::Key) => return Err(AttemptFailure::of_account(status)),
        // What the operator sends beside it a client may have guessed, and sent to be repeated.
        Some(RepeatedSecret::Header) => return Err(AttemptFailure::perhaps_of_account(status)),
        None => {}
    }
    match answer::blame(&bytes) {
        AccountBlame::Request => {
            let told = match expected.translation {
                Some(translation) if !bytes.is_empty() => translation.pair.against(status.as_u16(), &bytes),
                Some(_) | None => ErrorParts { status: status.as_u16(), body: bytes, header: None },
            };
            let bytes = told.body.clone();
            Ok((ReceivedContent::Whole { bytes, memory: Some(memory), reading: None, view: None }, told))
        }
        AccountBlame::Account => Err(AttemptFailure::of_account(status)),
        AccountBlame::PerhapsAccount => Err(AttemptFailure::perhaps_of_account(status)),
        AccountBlame::Unreadable => Err(AttemptFailure::encoded()),
    }
}

/// An answer that the provider keeps, or what it says of one, whatever that is.
pub(super) async fn stored(expected: &ExpectedAnswer<'_>, body: AnswerBody) -> Result<ReceivedContent, AttemptFailure> {
    let (bytes, memory) = message(expected, body).await?;
    Ok(ReceivedContent::Whole { bytes, memory: Some(memory), reading: None, view: None })
}

/// The whole of what it says.
async fn message(expected: &ExpectedAnswer<'_>, mut body: AnswerBody) -> Result<(Bytes, ByteShare), AttemptFailure> {
    let mut all = room(expected, expected.limits.response_bytes);
    loop {
        match next(&mut body).await {
            Ok(Some(data)) => push(&mut all, data)?,
            Ok(None) => break,
            // Who refuses a request may not read it to its end, and then closing cuts the connection behind the refusal.
            Err(fault) if fault.is_cut() && answer::is_whole(all.bytes()) => break,
            Err(fault) => return Err(fault.decide()),
        }
    }
    Ok(all.finish())
}

/// Whether a refusal blames the gateway's account, as far as can be seen in a moment.
pub(super) async fn blames_account(expected: &ExpectedAnswer<'_>, mut body: AnswerBody) -> bool {
    let mut all = room(expected, PEEK);
    let reading = async {
        while let Ok(Some(data)) = next(&mut body).await
            && all.push(data).is_ok()
        {}
    };
    let _ = timeout(SETTLE, reading).await;
    body.leave();
    answer::blame(all.bytes()) == AccountBlame::Account
}

/// What is to be collected of an answer, bounded.
fn room(expected: &ExpectedAnswer<'_>, longest: usize) -> Gathered {
    Gathered::new(longest, expected.memory.share(), expected.limits.response_memory)
}

/// The next data of a body; none at its end.
async fn next(body: &mut AnswerBody) -> Result<Option<Bytes>, AnswerFault> {
    while !body.is_end_stream() {
        let Some(frame) = body.frame().await else { break };
        match frame?.into_data() {
            Ok(data) if !data.is_empty() => return Ok(Some(data)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(None)
}

fn push(all: &mut Gathered, data: Bytes) -> Result<(), AttemptFailure> {
    all.push(data).map_err(|full| match full {
        Full::TooLong => AttemptFailure::too_large("response", all.longest()),
        Full::NoRoom => AttemptFailure::no_room(),
    })
}

/// Whether the last byte is one that an object may be closed by.
fn may_be_closed(all: &Gathered) -> bool {
    all.bytes().trim_ascii_end().last() == Some(&b'}')
}
