//! A whole answer, read.

use weir_http::json::JsonKind;

use crate::canon::{ChatAnswer, ChatChoice, DecodeFault, RawJson};
use crate::messages::content::read;
use crate::messages::stop;
use crate::messages::usage::MessageCounts;
use crate::wire::WireFormat;

/// Reads the answer to a request for messages.
///
/// # Errors
/// [`DecodeFault::Field`]: it is no message, as an error is none.
pub fn decode_answer(body: &RawJson) -> Result<ChatAnswer, DecodeFault> {
    let mut members = body.members();
    let is_list = |raw: &RawJson| (raw.kind() == JsonKind::Array).then(|| raw.elements());
    let Some(content) = members.take_as("content", is_list) else {
        return Err(DecodeFault::Field { field: "content", due: "a list" });
    };
    let mut answer = ChatAnswer::new(WireFormat::Messages);
    // They are the same in all messages, and written again.
    members.take_as("type", |raw| raw.text().filter(|kind| kind.is("message")));
    members.take_as("role", |raw| raw.text().filter(|role| role.is("assistant")));
    answer.id = members.take_text("id");
    answer.model = members.take_text("model");
    if let Some(mut usage) = members.take_members("usage") {
        answer.usage = Some(MessageCounts::take(&mut usage).usage());
        answer.service_tier = usage.take_text("service_tier");
        answer.usage_extra = usage;
    }
    let stop = stop::take(&mut members);
    let blocks = content.iter().map(read::block).collect();
    answer.choices.push(ChatChoice { blocks, stop, ..ChatChoice::default() });
    answer.extra = members;
    Ok(answer)
}
