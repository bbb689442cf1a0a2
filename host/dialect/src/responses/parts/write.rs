//! How parts are written.

use super::media;
use crate::canon::{
    CacheMark, ContentBlock, DocumentBlock, DocumentSource, FieldLosses, JsonText, JsonWriter, MediaBlock, MediaSource,
    RawJson, RawMembers, TextBlock,
};
use crate::responses::annotations;

/// What an answer's part keeps of the message that begins with it.
pub(crate) const ITEM: &str = "item";

/// What decides how parts are written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PartRules {
    /// They are of this wire, and are written as they were.
    pub(crate) own: bool,
    /// The model says them.
    pub(crate) said: bool,
    /// They are an answer's, whose parts have every member.
    pub(crate) answer: bool,
    /// The model takes marks for the cache.
    pub(crate) marks: bool,
}

/// Writes the value of a `content` or `output`: a string where it is one text, else the parts that this wire has.
pub(crate) fn write_content(
    out: &mut JsonWriter,
    blocks: &[&ContentBlock],
    rules: PartRules,
    losses: &mut FieldLosses,
) {
    if let [ContentBlock::Text(text)] = blocks
        && text.citations.is_empty()
        && (rules.own || !rules.marks || text.cache.is_none())
    {
        if !rules.own {
            losses.lose_extras("messages.content", &text.extra);
            lose_cache(text.cache.as_ref(), losses);
        }
        out.text(&text.text);
        return;
    }
    out.open_array();
    for block in blocks {
        write(out, block, rules, losses);
    }
    out.close_array();
}

/// Whether a block of another wire can be a part of a message.
pub(crate) fn is_carried(block: &ContentBlock) -> bool {
    match block {
        ContentBlock::Text(_) | ContentBlock::Refusal(_) => true,
        ContentBlock::Image(image) => !matches!(image.source, MediaSource::Store(_)),
        ContentBlock::Document(document) => match &document.source {
            DocumentSource::Media(source) => !matches!(source, MediaSource::Store(_)),
            DocumentSource::Text(_) => true,
            DocumentSource::Blocks(_) => false,
        },
        // OpenAI's specification has no sound here, and its models refuse it.
        ContentBlock::Audio(_)
        | ContentBlock::Video(_)
        | ContentBlock::ToolUse(_)
        | ContentBlock::ToolResult(_)
        | ContentBlock::Reasoning(_)
        | ContentBlock::ServerTool(_)
        | ContentBlock::Other(_) => false,
    }
}

/// Writes a part, if there is such a one.
pub(crate) fn write(out: &mut JsonWriter, block: &ContentBlock, rules: PartRules, losses: &mut FieldLosses) {
    match block {
        ContentBlock::Text(text) => write_text(out, text, rules, losses),
        ContentBlock::Refusal(refusal) => {
            begin(out, "refusal", &refusal.extra, rules, losses);
            out.name("refusal").text(&refusal.text).close();
        }
        ContentBlock::Image(image) => write_image(out, image, rules, losses),
        ContentBlock::Audio(audio) => write_audio(out, audio, rules, losses),
        ContentBlock::Document(document) => write_document(out, document, rules, losses),
        ContentBlock::Other(other) if rules.own => {
            out.raw(&other.raw);
        }
        ContentBlock::Other(other) => losses.lose_extra("messages.content", other.kind.as_bytes()),
        ContentBlock::Video(_) => losses.lose("messages.content.video"),
        ContentBlock::ServerTool(tool) => {
            losses.lose_extra("messages.content", tool.name.as_ref().map_or(b"server_tool", JsonText::escaped));
        }
        ContentBlock::ToolUse(_) | ContentBlock::ToolResult(_) | ContentBlock::Reasoning(_) => {
            losses.lose("messages.content");
        }
    }
}

/// `{`, the type unless it stands among the members that are written back, and those.
fn begin(out: &mut JsonWriter, kind: &str, extra: &RawMembers, rules: PartRules, losses: &mut FieldLosses) {
    out.open();
    if rules.own {
        if extra.get("type").is_none() {
            out.name("type").string(kind);
        }
        for (name, value) in extra.iter().filter(|(name, _)| !rules.answer || *name != ITEM.as_bytes()) {
            out.name_raw(name).raw(value);
        }
    } else {
        out.name("type").string(kind);
        losses.lose_extras("messages.content", extra);
    }
}

/// Names a mark for the cache that cannot be there.
pub(crate) fn lose_cache(cache: Option<&CacheMark>, losses: &mut FieldLosses) {
    if cache.is_some() {
        losses.lose("messages.content.cache_control");
    }
}

fn write_cache(out: &mut JsonWriter, cache: Option<&CacheMark>, rules: PartRules, losses: &mut FieldLosses) {
    let Some(mark) = cache else { return };
    if !rules.own && !rules.marks {
        return lose_cache(cache, losses);
    }
    out.name("prompt_cache_breakpoint").open();
    if rules.own {
        out.members(&mark.extra);
    } else {
        out.name("mode").string("explicit");
    }
    out.close();
}

fn write_text(out: &mut JsonWriter, text: &TextBlock, rules: PartRules, losses: &mut FieldLosses) {
    begin(out, if rules.said { "output_text" } else { "input_text" }, &text.extra, rules, losses);
    out.name("text").text(&text.text);
    if !text.citations.is_empty() || (rules.said && !rules.own) {
        let characters = if text.citations.is_empty() { 0 } else { text.text.text().chars().count() as u64 };
        out.name("annotations").open_array();
        for note in &text.citations {
            match annotations::written(note, characters) {
                Some(annotation) => {
                    out.raw(&annotation);
                }
                None => losses.lose("messages.content.citations"),
            }
        }
        out.close_array();
    }
    let known = text.logprobs.as_ref().map(logprobs);
    if known == Some(None) {
        losses.lose("messages.content.logprobs");
    }
    match known.flatten() {
        Some(logprobs) => {
            out.name("logprobs").raw(&logprobs);
        }
        None if rules.answer && !rules.own => {
            out.name("logprobs").open_array().close_array();
        }
        None => {}
    }
    write_cache(out, text.cache.as_ref(), rules, losses);
    out.close();
}

/// Probabilities as this wire lists them; another wire's in an object of their own are taken out of it, and none of others.
pub(crate) fn logprobs(raw: &RawJson) -> Option<RawJson> {
    match raw.kind() {
        weir_http::json::JsonKind::Array => Some(raw.clone()),
        weir_http::json::JsonKind::Object => raw.members().take("content").filter(|list| !list.elements().is_empty()),
        _ => None,
    }
}

fn write_image(out: &mut JsonWriter, image: &MediaBlock, rules: PartRules, losses: &mut FieldLosses) {
    if !rules.own && matches!(image.source, MediaSource::Store(_)) {
        return losses.lose("messages.content.image");
    }
    begin(out, "input_image", &image.extra, rules, losses);
    match &image.source {
        MediaSource::FileId(id) => out.name("file_id").text(id),
        source => out.text_member("image_url", source.to_url(image.media_type.as_ref()).as_ref()),
    };
    out.text_member("detail", image.detail.as_ref());
    write_cache(out, image.cache.as_ref(), rules, losses);
    out.close();
}

fn write_audio(out: &mut JsonWriter, audio: &MediaBlock, rules: PartRules, losses: &mut FieldLosses) {
    let (MediaSource::Base64(data), true) = (&audio.source, rules.own) else {
        return losses.lose("messages.content.audio");
    };
    begin(out, "input_audio", &audio.extra, rules, losses);
    out.name("input_audio").open().name("data").text(data);
    out.name("format").text(&media::to_format(audio.media_type.as_ref())).close();
    write_cache(out, audio.cache.as_ref(), rules, losses);
    out.close();
}

fn write_document(out: &mut JsonWriter, document: &DocumentBlock, rules: PartRules, losses: &mut FieldLosses) {
    if document.context.is_some() {
        losses.lose("messages.content.document.context");
    }
    if document.cited == Some(true) {
        losses.lose("messages.content.document.citations");
    }
    let source = match &document.source {
        DocumentSource::Media(source) if rules.own || !matches!(source, MediaSource::Store(_)) => source,
        DocumentSource::Text(text) => {
            // There is no file of text: it says the same as a text.
            begin(out, "input_text", &document.extra, rules, losses);
            out.name("text").text(text);
            write_cache(out, document.cache.as_ref(), rules, losses);
            out.close();
            return;
        }
        DocumentSource::Media(_) | DocumentSource::Blocks(_) => return losses.lose("messages.content.document"),
    };
    begin(out, "input_file", &document.extra, rules, losses);
    let mut name = document.name.clone();
    match source {
        MediaSource::FileId(id) => out.name("file_id").text(id),
        MediaSource::Url(url) | MediaSource::Store(url) => out.name("file_url").text(url),
        MediaSource::Base64(data) if rules.own && document.media_type.is_none() => out.name("file_data").text(data),
        data @ MediaSource::Base64(_) => {
            // OpenAI wants data to have a name.
            let made = || {
                JsonText::of(if document.media_type.as_ref().is_some_and(|kind| kind.is("application/pdf")) {
                    "document.pdf"
                } else {
                    "document"
                })
            };
            name = name.or_else(|| (!rules.own).then(made));
            out.text_member("file_data", data.to_url(document.media_type.as_ref()).as_ref())
        }
    };
    out.text_member("filename", name.as_ref());
    write_cache(out, document.cache.as_ref(), rules, losses);
    out.close();
}
