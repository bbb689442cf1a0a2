//! Reads requests (`ConverseRequest` in the service's description of itself).

use weir_http::json::JsonKind;

use super::{params, reasoning, tools};
use crate::canon::{AnswerFormat, ChatRequest, ChatTurn, DecodeFault, RawJson, RawMembers, TurnOrigin, TurnRole};
use crate::converse::blocks::decode::content;
use crate::converse::rest::{take_filled, within};
use crate::converse::vendor_of_model;
use crate::wire::{Vendor, WireFormat};

/// Reads a request; its path says which model it asks and whether for a stream.
///
/// # Errors
/// [`DecodeFault::Field`]: what each request has is of another kind.
pub fn decode_request(body: &RawJson, model: &str, streaming: bool) -> Result<ChatRequest, DecodeFault> {
    if body.kind() != JsonKind::Object {
        return Err(DecodeFault::Field { field: "body", due: "an object" });
    }
    let vendor = vendor_of_model(model);
    let mut members = body.members();
    let mut request = ChatRequest::new(WireFormat::Converse, model, streaming);
    if let Some(elements) = list(&mut members, "system")? {
        let blocks = content(&elements, vendor, "system")?;
        request.turns.push(ChatTurn { origin: TurnOrigin::Parameter, ..ChatTurn::of(TurnRole::System, blocks) });
    }
    for message in list(&mut members, "messages")?.unwrap_or_default() {
        request.turns.push(turn(&message, vendor)?);
    }
    within(&mut members, "inferenceConfig", |config| params::read(config, &mut request));
    within(&mut members, "toolConfig", |config| {
        request.tools = tools::read(config);
        request.pick = config.take_as("toolChoice", tools::read_pick);
    });
    within(&mut members, "additionalModelRequestFields", |more| {
        request.reasoning = reasoning::read(more);
        params::read_top_k(more, &mut request.sampling);
    });
    within(&mut members, "outputConfig", |config| {
        request.format = within(config, "textFormat", params::read_format).flatten().unwrap_or(AnswerFormat::Unsaid);
        if request.reasoning.effort.is_none() {
            request.reasoning.effort = config.take_text("effort");
        }
    });
    request.service_tier = within(&mut members, "serviceTier", |tier| tier.take_text("type")).flatten();
    request.extra = members;
    Ok(request)
}

/// A list that is not empty; none if there is none.
fn list(members: &mut RawMembers, field: &'static str) -> Result<Option<Vec<RawJson>>, DecodeFault> {
    match members.get(field).map(RawJson::kind) {
        None | Some(JsonKind::Null) => Ok(None),
        Some(JsonKind::Array) => Ok(take_filled(members, field)),
        Some(_) => Err(DecodeFault::Field { field, due: "a list" }),
    }
}

fn turn(message: &RawJson, vendor: Vendor) -> Result<ChatTurn, DecodeFault> {
    let mut members = message.members();
    let role = members.take_text("role");
    let role = match role.as_ref().map(|role| role.text()).as_deref() {
        Some("user") => TurnRole::User,
        Some("assistant") => TurnRole::Assistant,
        Some("system") => TurnRole::System,
        _ => return Err(DecodeFault::Field { field: "messages.role", due: "user, assistant or system" }),
    };
    let elements = members.take_elements("content");
    let elements = elements.ok_or(DecodeFault::Field { field: "messages.content", due: "a list" })?;
    let blocks = content(&elements, vendor, "messages.content")?;
    Ok(ChatTurn { extra: members, ..ChatTurn::of(role, blocks) })
}
