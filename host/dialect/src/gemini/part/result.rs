//! Results of the client's tools.

use weir_http::json::JsonKind;

use super::media;
use super::style::PartStyle;
use crate::canon::{
    ContentBlock, ContentForm, FieldLosses, JsonText, JsonWriter, OtherBlock, RawJson, RawMembers, TextBlock,
    ToolResultBlock,
};
use crate::gemini::{kind, proto};

/// What a block of a result is called that is a JSON value.
const JSON: &str = "json";

/// Takes a result out of a part; none if it has none that names a tool.
pub(super) fn read(part: &mut RawMembers) -> Option<ToolResultBlock> {
    let mut held = part.get("functionResponse").and_then(proto::as_message)?;
    let name = held.take_text("name")?;
    part.take("functionResponse");
    let mut result = ToolResultBlock {
        id: held.take_text("id"),
        name: Some(name),
        content: Vec::new(),
        form: ContentForm::Parts,
        failed: None,
        cache: None,
        extra: RawMembers::default(),
    };
    if let Some(response) = held.take_as("response", |raw| (raw.kind() == JsonKind::Object).then(|| raw.clone())) {
        read_response(&response, &mut result);
    }
    let parts = held.take_as("parts", |raw| Some(raw.elements()).filter(|parts| !parts.is_empty()));
    for raw in parts.iter().flatten() {
        let mut part = proto::members(raw);
        let block = media::read(&mut part);
        result.content.push(match block {
            Some(block) => block.with(part),
            None => ContentBlock::Other(OtherBlock { kind: kind::name(&part), raw: raw.clone() }),
        });
    }
    proto::put_back(part, "functionResponse", &held);
    result.extra = std::mem::take(part);
    Some(result)
}

/// What a response says: `{"result": …}` its text, `{"error": …}` that it failed, anything else itself.
fn read_response(response: &RawJson, result: &mut ToolResultBlock) {
    let members = response.members();
    let only = |name: &str| members.get(name).filter(|_| members.len() == 1);
    let text = |raw: &RawJson| raw.text().map(|text| ContentBlock::Text(TextBlock::of(text)));
    if let Some(error) = only("error") {
        result.failed = Some(true);
        result.content.push(text(error).unwrap_or_else(|| json(error)));
    } else {
        result.content.push(only("result").and_then(text).unwrap_or_else(|| json(response)));
    }
}

fn json(raw: &RawJson) -> ContentBlock {
    ContentBlock::Other(OtherBlock { kind: JSON.into(), raw: raw.clone() })
}

/// Writes a result as a part.
pub(super) fn write(result: &ToolResultBlock, style: &PartStyle<'_>, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let named = || result.id.as_ref().and_then(|id| style.names?.get(id));
    let name = result.name.as_ref().or_else(named).or(result.id.as_ref());
    if !style.own {
        style.lose_cache(result.cache.as_ref(), losses);
        if name.is_none() || (result.name.is_none() && named().is_none()) {
            losses.lose_extra(style.within, b"tool_use_id");
        }
    }
    out.open().name("functionResponse").open();
    out.text_member("id", result.id.as_ref().filter(|_| style.tells_ids()));
    out.text_member("name", Some(name.unwrap_or(&JsonText::EMPTY)));
    write_response(result, style, out, losses);
    write_parts(result, style, out, losses);
    style.write_left(&result.extra, "functionResponse", out);
    out.close();
    style.write_beside(&result.extra, &["functionResponse"], out, losses);
    out.close();
}

/// Its text or value. Google's own had none if there is none.
fn write_response(result: &ToolResultBlock, style: &PartStyle<'_>, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let said: Vec<RawJson> = result.content.iter().filter_map(|block| said(block, style, losses)).collect();
    let failed = result.failed == Some(true);
    if style.own && said.is_empty() && !failed {
        return;
    }
    out.name("response");
    match said.as_slice() {
        [only] if !failed && only.kind() == JsonKind::Object => {
            out.raw(only);
        }
        [] if !failed => {
            out.raw(&RawJson::EMPTY_OBJECT);
        }
        all => {
            out.open().name(if failed { "error" } else { "result" });
            match all {
                [only] => out.raw(only),
                all => out.text(&joined(all)),
            };
            out.close();
        }
    }
}

/// What a block says in the response; none of what stands beside it.
fn said(block: &ContentBlock, style: &PartStyle<'_>, losses: &mut FieldLosses) -> Option<RawJson> {
    match block {
        ContentBlock::Text(block) => {
            if !style.own {
                losses.lose_extras(style.within, &block.extra);
                style.lose_cache(block.cache.as_ref(), losses);
            }
            Some(RawJson::of_text(&block.text))
        }
        ContentBlock::Other(block) if block.kind.as_ref() == JSON => Some(block.raw.clone()),
        _ => None,
    }
}

fn joined(all: &[RawJson]) -> JsonText {
    let texts: Vec<_> = all.iter().map(|raw| raw.text().unwrap_or_else(|| raw.to_text())).collect();
    JsonText::concat(&texts)
}

/// Images and documents, for which a result has parts of its own.
fn write_parts(result: &ToolResultBlock, style: &PartStyle<'_>, out: &mut JsonWriter, losses: &mut FieldLosses) {
    let is_beside = |block: &&ContentBlock| match block {
        ContentBlock::Text(_) => false,
        ContentBlock::Other(block) => block.kind.as_ref() != JSON,
        _ => true,
    };
    let mut opened = false;
    for block in result.content.iter().filter(is_beside) {
        let raw = match block {
            ContentBlock::Other(block) if style.own => Some(&block.raw),
            _ => None,
        };
        if raw.is_none() && !media::is_media(block) {
            style.lose_block(block, losses);
            continue;
        }
        if !opened {
            out.name("parts").open_array();
            opened = true;
        }
        match raw {
            Some(raw) => media::write_raw(raw, out),
            None => {
                media::write_any(block, None, style, out, losses);
            }
        }
    }
    if opened {
        out.close_array();
    }
}
