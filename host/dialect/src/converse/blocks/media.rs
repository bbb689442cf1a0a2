//! Images, sound and moving pictures: `{"image":{"format":…,"source":{"bytes":…}}}`.

use super::formats::{self, Formats};
use crate::canon::{FieldLosses, JsonText, JsonWriter, MediaBlock, MediaSource, RawMembers};
use crate::converse::rest::{BESIDE, rest, within, write_but};

/// A kind of media.
#[derive(Debug, Clone, Copy)]
pub(crate) struct MediaMember {
    /// The member of the block.
    pub(crate) name: &'static str,
    pub(crate) formats: Formats,
    /// What is lost if it stands at an address, at another provider, or is of a type that Bedrock has no word for.
    losses: [&'static str; 3],
}

/// An image.
pub(crate) const IMAGE: MediaMember = MediaMember {
    name: "image",
    formats: formats::IMAGES,
    losses: ["messages.content.image.url", "messages.content.image.file_id", "messages.content.image.media_type"],
};
/// Sound.
pub(crate) const SOUND: MediaMember = MediaMember {
    name: "audio",
    formats: formats::SOUNDS,
    losses: ["messages.content.audio.url", "messages.content.audio.file_id", "messages.content.audio.format"],
};
/// A moving picture.
pub(crate) const VIDEO: MediaMember = MediaMember {
    name: "video",
    formats: formats::VIDEOS,
    losses: ["messages.content.video.url", "messages.content.video.file_id", "messages.content.video.media_type"],
};

/// Takes out where the data are: here in base64, or in S3.
pub(crate) fn take_source(members: &mut RawMembers) -> Option<MediaSource> {
    within(members, "source", |source| match source.take_text("bytes") {
        Some(data) => Some(MediaSource::Base64(data)),
        None => within(source, "s3Location", |place| place.take_text("uri").map(MediaSource::Store)).flatten(),
    })
    .flatten()
}

/// Reads what stands in the block's member; none where the source is no known one.
pub(crate) fn read(mut inner: RawMembers, kind: MediaMember) -> Option<MediaBlock> {
    let source = take_source(&mut inner)?;
    let media_type = formats::take(&mut inner, kind.formats);
    Some(MediaBlock { source, media_type, detail: None, cache: None, extra: inner })
}

/// The block's format and whether its source can be written; if not, what is lost is noted.
pub(crate) fn writable(
    block: &MediaBlock,
    kind: MediaMember,
    own: bool,
    losses: &mut FieldLosses,
) -> Option<Option<&'static str>> {
    let said = block.media_type.as_ref().and_then(|media_type| formats::word(media_type, kind.formats));
    let seen = match &block.source {
        MediaSource::Base64(data) if kind.name == IMAGE.name => said.or_else(|| formats::of_data(data)),
        MediaSource::Store(uri) if !own => said.or_else(|| of_name(uri, kind.formats)),
        _ => said,
    };
    let [url, file_id, media_type] = kind.losses;
    let lost = match &block.source {
        MediaSource::Store(uri) if !own && !uri.text().starts_with("s3://") => url,
        MediaSource::Url(_) => url,
        MediaSource::FileId(_) => file_id,
        MediaSource::Base64(_) | MediaSource::Store(_) if own || seen.is_some() => return Some(seen),
        MediaSource::Base64(_) | MediaSource::Store(_) => media_type,
    };
    losses.lose(lost);
    None
}

/// Writes the block without what stands beside it.
pub(crate) fn write(out: &mut JsonWriter, block: &MediaBlock, kind: MediaMember, format: Option<&str>, own: bool) {
    out.open().name(kind.name).open();
    if let Some(format) = format {
        out.name("format").string(format);
    }
    write_source(out, &block.source, &block.extra, own);
    if own {
        write_but(out, &block.extra, &["source", BESIDE]);
        out.close().members(&rest(&block.extra, BESIDE)).close();
    } else {
        out.close().close();
    }
}

/// Writes where the data are.
pub(crate) fn write_source(out: &mut JsonWriter, source: &MediaSource, extra: &RawMembers, own: bool) {
    let left = if own { rest(extra, "source") } else { RawMembers::default() };
    out.name("source").open();
    match source {
        MediaSource::Base64(data) => {
            out.name("bytes").text(data);
        }
        MediaSource::Store(uri) => {
            out.name("s3Location").open().name("uri").text(uri).members(&rest(&left, "s3Location")).close();
        }
        // The caller has left these out.
        MediaSource::Url(_) | MediaSource::FileId(_) => {}
    }
    write_but(out, &left, &["s3Location"]);
    out.close();
}

/// The format that the end of a file's name says.
pub(crate) fn of_name(name: &JsonText, formats: Formats) -> Option<&'static str> {
    let text = name.text();
    let (_, ending) = text.rsplit_once('.')?;
    let ending = ending.to_ascii_lowercase();
    let word = match ending.as_str() {
        "jpg" => "jpeg",
        "htm" => "html",
        "markdown" => "md",
        "3gp" => "three_gp",
        other => other,
    };
    formats.iter().find(|(known, _)| *known == word).map(|(known, _)| *known)
}
