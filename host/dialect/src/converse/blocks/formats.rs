//! Formats of images, sound, moving pictures and documents: Bedrock has words of its own where other wires have media types.
//! Source: `ImageFormat`, `AudioFormat`, `VideoFormat` and `DocumentFormat` in the service's description of itself.

use crate::canon::{JsonText, RawMembers};

/// Words and media types. Of a word with several types the first is read; of a type with several words the first is written.
pub(crate) type Formats = &'static [(&'static str, &'static str)];

/// Of images.
pub(crate) const IMAGES: Formats = &[
    ("png", "image/png"),
    ("jpeg", "image/jpeg"),
    ("jpeg", "image/jpg"),
    ("gif", "image/gif"),
    ("webp", "image/webp"),
];

/// Of sound.
pub(crate) const SOUNDS: Formats = &[
    ("mp3", "audio/mp3"),
    ("mp3", "audio/mpeg"),
    ("wav", "audio/wav"),
    ("wav", "audio/x-wav"),
    ("wav", "audio/wave"),
    ("flac", "audio/flac"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("aac", "audio/aac"),
    ("mp4", "audio/mp4"),
    ("m4a", "audio/m4a"),
    ("m4a", "audio/x-m4a"),
    ("pcm", "audio/pcm"),
    ("pcm", "audio/pcm16"),
    ("webm", "audio/webm"),
    ("mka", "audio/x-matroska"),
];

/// Of moving pictures.
pub(crate) const VIDEOS: Formats = &[
    ("mp4", "video/mp4"),
    ("mov", "video/quicktime"),
    ("mov", "video/mov"),
    ("mkv", "video/x-matroska"),
    ("webm", "video/webm"),
    ("flv", "video/x-flv"),
    ("mpeg", "video/mpeg"),
    ("mpg", "video/mpg"),
    ("wmv", "video/x-ms-wmv"),
    ("wmv", "video/wmv"),
    ("three_gp", "video/3gpp"),
];

/// Of documents.
pub(crate) const DOCUMENTS: Formats = &[
    ("pdf", "application/pdf"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("xls", "application/vnd.ms-excel"),
    ("xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("html", "text/html"),
    ("txt", "text/plain"),
    ("md", "text/markdown"),
    ("md", "text/x-markdown"),
];

/// How the first bytes of images read in base64 (PNG's, JPEG's, GIF's and RIFF's marks), for those whose type nobody said.
const MARKS: &[(&str, &str)] = &[("iVBORw0KGgo", "png"), ("/9j/", "jpeg"), ("R0lGOD", "gif"), ("UklGR", "webp")];

/// Takes out the format, as a media type. A word that no type leads back to stays where it stood.
pub(crate) fn take(members: &mut RawMembers, formats: Formats) -> Option<JsonText> {
    let word = members.get("format")?.text()?;
    let kind = formats.iter().find(|(known, _)| word.is(known))?.1;
    members.take("format");
    Some(JsonText::of(kind))
}

/// The word for a media type, whatever parameters follow it.
pub(crate) fn word(media_type: &JsonText, formats: Formats) -> Option<&'static str> {
    let text = media_type.text();
    let kind = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    formats.iter().find(|(_, known)| *known == kind).map(|(word, _)| *word)
}

/// The word for an image of which there are these data.
pub(crate) fn of_data(data: &JsonText) -> Option<&'static str> {
    let text = data.text();
    MARKS.iter().find(|(mark, _)| text.starts_with(mark)).map(|(_, word)| *word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_comes_back_from_the_type_it_is_read_as() {
        for formats in [IMAGES, SOUNDS, VIDEOS, DOCUMENTS] {
            for (format, _) in formats {
                let read = formats.iter().find(|(known, _)| known == format).map(|(_, kind)| JsonText::of(kind));
                assert_eq!(read.and_then(|kind| word(&kind, formats)), Some(*format), "{format}");
            }
        }
        assert_eq!(word(&JsonText::of("Text/Plain; charset=utf-8"), DOCUMENTS), Some("txt"));
    }
}
