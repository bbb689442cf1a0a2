//! Reads whole answers (`ConverseResponse` in the service's description of itself).

use weir_http::json::JsonKind;

use super::stop;
use crate::canon::{ChatAnswer, ChatChoice, DecodeFault, RawJson, RawMembers};
use crate::converse::blocks::decode::content;
use crate::converse::rest::{take_filled, within};
use crate::converse::usage;
use crate::wire::{Vendor, WireFormat};

/// Reads an answer of a model of this vendor's.
///
/// # Errors
/// [`DecodeFault::Field`]: it has no message.
pub fn decode_answer(body: &RawJson, vendor: Vendor) -> Result<ChatAnswer, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let mut members = body.members();
    let mut answer = ChatAnswer::new(WireFormat::Converse);
    let mut choice = ChatChoice::default();
    let blocks = within(&mut members, "output", |output| {
        within(output, "message", |message| {
            if message.get("role").and_then(RawJson::text).is_some_and(|role| role.is("assistant")) {
                message.take("role");
            }
            content(&take_filled(message, "content").unwrap_or_default(), vendor, "output.message.content")
        })
    });
    let due = DecodeFault::Field { field: "output.message", due: "an object" };
    choice.blocks = blocks.flatten().ok_or(due)??;
    let word = members.take_text("stopReason");
    choice.stop = word.map(|word| stop::read(word, members.get("additionalModelResponseFields")));
    answer.choices.push(choice);
    if let Some(mut used) = members.take_members("usage") {
        answer.usage = Some(usage::take(&mut used));
        answer.usage_extra = used;
    }
    answer.service_tier = within(&mut members, "serviceTier", |tier: &mut RawMembers| tier.take_text("type")).flatten();
    answer.extra = members;
    // How long it took is told and not asked for.
    answer.extra.hush("metrics");
    Ok(answer)
}
