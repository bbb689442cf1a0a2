//! A request, read.

use weir_http::json::JsonKind;

use super::{thinking, tools};
use crate::canon::{
    AnswerFormat, ChatRequest, ChatTurn, ContentBlock, ContentForm, DecodeFault, JsonWriter, RawJson, RawMembers,
    TurnOrigin, TurnRole,
};
use crate::messages::content::read;
use crate::wire::WireFormat;

/// Reads a request for messages. A turn of the user that has nothing but results of tools is one of a tool; one that has other
/// blocks too stays the user's, results among them.
///
/// # Errors
/// [`DecodeFault::Field`]: no model, no list of messages, or a message of a role or with a content that there is not.
pub fn decode_request(body: &RawJson) -> Result<ChatRequest, DecodeFault> {
    let mut members = body.members();
    let Some(model) = members.take_text("model") else { return Err(fault("model", "a string")) };
    let Some(messages) = members.take_elements("messages") else { return Err(fault("messages", "a list")) };
    // `false` stays among the extras, so that it is written again.
    let streaming = members.take_as("stream", |raw| raw.is_true().filter(|stream| *stream)).unwrap_or(false);
    let mut request = ChatRequest::new(WireFormat::Messages, &model.text(), streaming);
    request.turns.extend(system(&mut members)?);
    for message in &messages {
        request.turns.push(turn(message)?);
    }
    tools::take(&mut members, &mut request);
    sampling(&mut members, &mut request);
    thinking::take(&mut members, &mut request.reasoning);
    output_config(&mut members, &mut request);
    request.user = take_within(&mut members, "metadata", |metadata| metadata.take_text("user_id"));
    request.service_tier = members.take_text("service_tier");
    request.extra = members;
    Ok(request)
}

/// A fault of a field.
fn fault(field: &'static str, due: &'static str) -> DecodeFault {
    DecodeFault::Field { field, due }
}

/// What the application says before all else.
fn system(members: &mut RawMembers) -> Result<Option<ChatTurn>, DecodeFault> {
    let Some(system) = members.take("system") else { return Ok(None) };
    let Some((blocks, form)) = read::content(Some(&system)) else {
        return Err(fault("system", "a string or a list"));
    };
    let mut turn = ChatTurn::of(TurnRole::System, blocks);
    (turn.form, turn.origin) = (form, TurnOrigin::Parameter);
    Ok(Some(turn))
}

fn turn(message: &RawJson) -> Result<ChatTurn, DecodeFault> {
    let mut members = message.members();
    let role = members.take_text("role").ok_or(fault("messages.role", "a string"))?;
    let Some((blocks, form)) = read::content(members.get("content")) else {
        return Err(fault("messages.content", "a string or a list"));
    };
    members.take_as("content", |_| Some(()));
    let role = match role.text().as_ref() {
        "user" if form == ContentForm::Parts && is_of_tools(&blocks) => TurnRole::Tool,
        "user" => TurnRole::User,
        "assistant" => TurnRole::Assistant,
        "system" => TurnRole::System,
        _ => return Err(fault("messages.role", "`user`, `assistant` or `system`")),
    };
    let mut turn = ChatTurn::of(role, blocks);
    (turn.form, turn.extra) = (form, members);
    Ok(turn)
}

/// Whether there are results of tools, and nothing else.
fn is_of_tools(blocks: &[ContentBlock]) -> bool {
    !blocks.is_empty() && blocks.iter().all(|block| matches!(block, ContentBlock::ToolResult(_)))
}

fn sampling(members: &mut RawMembers, request: &mut ChatRequest) {
    let mut number = |name| members.take_as(name, |raw| (raw.kind() == JsonKind::Number).then(|| raw.clone()));
    request.max_output = number("max_tokens");
    request.sampling.temperature = number("temperature");
    request.sampling.top_p = number("top_p");
    request.sampling.top_k = number("top_k");
    let stop = members.take_as("stop_sequences", |raw| {
        let words: Option<Vec<_>> = raw.elements().iter().map(RawJson::text).collect();
        words.filter(|words| !words.is_empty())
    });
    request.sampling.stop = stop.unwrap_or_default();
}

fn output_config(members: &mut RawMembers, request: &mut ChatRequest) {
    request.reasoning.effort = take_within(members, "output_config", |config| config.take_text("effort"));
    let format = take_within(members, "output_config", |config| config.take_as("format", schema));
    request.format = format.unwrap_or_default();
}

/// The one form of answers that there is: JSON by a schema.
fn schema(raw: &RawJson) -> Option<AnswerFormat> {
    let mut format = raw.members();
    format.take_as("type", |raw| raw.text().filter(|kind| kind.is("json_schema")))?;
    let schema = format.take("schema")?;
    Some(AnswerFormat::JsonSchema { name: None, description: None, schema, strict: None, extra: format })
}

/// Takes something out of an object among the members; what is left of it stays there, if anything is.
fn take_within<T>(members: &mut RawMembers, name: &str, take: impl FnOnce(&mut RawMembers) -> Option<T>) -> Option<T> {
    let (taken, left) = {
        let object = members.get(name).filter(|raw| raw.kind() == JsonKind::Object)?;
        let mut inner = object.members();
        (take(&mut inner)?, inner)
    };
    members.take(name);
    if !left.is_empty() {
        let mut out = JsonWriter::default();
        out.open().members(&left).close();
        members.push(name, out.finish_raw());
    }
    Some(taken)
}
