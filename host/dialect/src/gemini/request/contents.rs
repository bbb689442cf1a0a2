//! Turns.

use weir_http::json::JsonKind;

use crate::canon::{
    ChatRequest, ChatTurn, ContentBlock, ContentForm, DecodeFault, FieldLosses, JsonText, JsonWriter, RawJson,
    RawMembers, TargetRules, TurnOrigin, TurnRole,
};
use crate::gemini::part::{self, PartStyle};
use crate::gemini::proto;
use crate::translate::ids::ToolNames;
use crate::translate::order::{Spoken, SpokenBy};

/// Where parts are, for the names of what is lost.
const WITHIN: &str = "messages.content";

/// Takes `systemInstruction` and `contents` out of a request. Either may be one object where a list is due.
pub(super) fn read(members: &mut RawMembers, request: &mut ChatRequest) -> Result<(), DecodeFault> {
    if let Some(raw) = members.take("systemInstruction") {
        let mut content = match raw.text() {
            Some(text) => text_content(text),
            None => proto::as_message(&raw)
                .ok_or(DecodeFault::Field { field: "systemInstruction", due: "an object with parts" })?,
        };
        let mut turn = ChatTurn::of(TurnRole::System, Vec::new());
        turn.origin = TurnOrigin::Parameter;
        turn.form = part::read_all(&mut content, &mut turn.blocks);
        content.hush("role");
        turn.extra = content;
        request.turns.push(turn);
    }
    let contents = members.take("contents").ok_or(DecodeFault::Field { field: "contents", due: "a list" })?;
    match contents.kind() {
        JsonKind::Object => request.turns.push(turn(&contents)?),
        JsonKind::Array => {
            for content in contents.elements() {
                request.turns.push(turn(&content)?);
            }
        }
        JsonKind::String | JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
            return Err(DecodeFault::Field { field: "contents", due: "a list" });
        }
    }
    Ok(())
}

/// A string where a content is due, as some clients write it.
fn text_content(text: JsonText) -> RawMembers {
    let mut out = JsonWriter::default();
    out.open().name("parts").open_array().open().name("text").text(&text).close().close_array().close();
    out.finish_raw().members()
}

fn turn(content: &RawJson) -> Result<ChatTurn, DecodeFault> {
    let mut members =
        proto::as_message(content).ok_or(DecodeFault::Field { field: "contents", due: "a list of objects" })?;
    let mut turn = ChatTurn::of(TurnRole::User, Vec::new());
    match members.get("role").and_then(RawJson::text) {
        Some(role) if role.is("user") => {
            members.take("role");
        }
        Some(role) if role.is("model") => {
            members.take("role");
            turn.role = TurnRole::Assistant;
        }
        // `function`, `tool` and the like are the user's, and stay beside.
        Some(_) => members.hush("role"),
        // Nobody said: it is the user.
        None => members.push("role", RawJson::NULL),
    }
    turn.form = part::read_all(&mut members, &mut turn.blocks);
    turn.extra = members;
    Ok(turn)
}

/// Writes what came in this wire.
pub(super) fn write_own(request: &ChatRequest, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let style = PartStyle { own: true, within: WITHIN, reader: Some(rules.vendor), names: None, excuses: false };
    let is_parameter = |turn: &&ChatTurn| turn.origin == TurnOrigin::Parameter;
    if let Some(turn) = request.turns.iter().find(is_parameter) {
        out.name("systemInstruction");
        write_turn(turn, None, &style, out, losses);
    }
    out.name("contents").open_array();
    for turn in request.turns.iter().filter(|turn| !is_parameter(turn)) {
        let role = if turn.role == TurnRole::Assistant { "model" } else { "user" };
        write_turn(turn, Some(role), &style, out, losses);
    }
    out.close_array();
}

fn write_turn(
    turn: &ChatTurn,
    role: Option<&str>,
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) {
    let blocks: Vec<_> = turn.blocks.iter().collect();
    out.open();
    let is_object = turn.form == ContentForm::Object && blocks.len() == 1;
    if is_object {
        out.name("parts");
        part::write_all(&blocks, style, out, losses);
    } else if !blocks.is_empty() {
        out.name("parts").open_array();
        part::write_all(&blocks, style, out, losses);
        out.close_array();
    }
    let said = turn.extra.get("role");
    if let (None, Some(role)) = (said, role) {
        out.name("role").string(role);
    }
    let silent = if said.is_some_and(RawJson::is_null) { &["role"][..] } else { &[] };
    proto::write_but(out, &turn.extra, silent);
    out.close();
}

/// Writes what came in another wire: what the application says first becomes `systemInstruction`, the rest turns of user and
/// model.
pub(super) fn write_other(request: &ChatRequest, rules: &TargetRules, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let names = ToolNames::of(request);
    let excuses = must_be_signed(&rules.model);
    let style = PartStyle { own: false, within: WITHIN, reader: Some(rules.vendor), names: Some(&names), excuses };
    for turn in &request.turns {
        losses.lose_extras("messages", &turn.extra);
        if turn.name.is_some() {
            losses.lose("messages.name");
        }
    }
    let spoken = Spoken::of(request);
    let leading: Vec<_> = spoken.leading.iter().flat_map(|turn| &turn.blocks).collect();
    if !leading.is_empty() && !spoken.turns.is_empty() {
        out.name("systemInstruction");
        write_content(None, &leading, &style, out, losses);
    }
    out.name("contents").open_array();
    if spoken.turns.is_empty() && !leading.is_empty() {
        // There must be something to answer.
        write_content(Some("user"), &leading, &style, out, losses);
    }
    for turn in &spoken.turns {
        if turn.speaker == SpokenBy::Application {
            losses.lose("messages.role");
        }
        let role = if turn.speaker == SpokenBy::Assistant { "model" } else { "user" };
        let blocks: Vec<_> = turn.blocks().collect();
        if !blocks.is_empty() {
            write_content(Some(role), &blocks, &style, out, losses);
        }
    }
    out.close_array();
}

fn write_content(
    role: Option<&str>,
    blocks: &[&ContentBlock],
    style: &PartStyle<'_>,
    out: &mut JsonWriter,
    losses: &mut FieldLosses,
) {
    out.open();
    if let Some(role) = role {
        out.name("role").string(role);
    }
    out.name("parts").open_array();
    if part::write_all(blocks, style, out, losses) == 0 {
        // A content without a part is refused, and so is a part that says nothing.
        out.open().name("text").string(" ").close();
    }
    out.close_array().close();
}

/// Whether a model refuses calls without a signature: Gemini's of the third generation on do. Source: Gemini API guide, thought
/// signatures.
fn must_be_signed(model: &str) -> bool {
    let name = model.rsplit('/').next().unwrap_or(model);
    let generation = name.strip_prefix("gemini-").and_then(|rest| rest.split(['.', '-']).next());
    generation.and_then(|number| number.parse::<u32>().ok()).is_some_and(|number| number >= 3)
}
