//! The files that documents name are there, and each name is that of one.

use crate::ranks::{MAP, quoted};
use crate::source::SourceFiles;

/// The documents that name files of the code.
pub(crate) const DOCUMENTS: [&str; 3] = [MAP, "SECURITY.md", "CONTRIBUTING.md"];

/// A sentence for each name of a Rust file between backticks that no file of the workspace has, and for each that several have.
/// A name is a whole path, one from `host`, one from where the document says that its section's are, or the last parts of
/// one that no other file has. What has a capital letter stands for any name.
pub(crate) fn faults(files: &SourceFiles) -> Vec<String> {
    let mut faults = Vec::new();
    for document in DOCUMENTS {
        let Some(text) = files.get(document) else { continue };
        let rooms = rooms(text);
        let mut room = None;
        for (line, text) in (1..).zip(text.lines()) {
            if let Some(heading) = text.strip_prefix("## ") {
                let anchor = heading.to_lowercase().replace(' ', "-");
                room = rooms.iter().find(|(section, _)| *section == anchor).map(|(_, room)| *room);
            }
            for name in quoted(text).filter(|name| is_file(name)) {
                match *named(files, name, room) {
                    [] => faults.push(format!("{document}:{line}: there is no `{name}`")),
                    [_] => {}
                    ref several => faults.push(format!("{document}:{line}: `{name}` is {}", several.join(", or "))),
                }
            }
        }
    }
    faults
}

/// The sections of a document whose names are below a folder of their own, by their anchors, and these folders, below `host`:
/// ``[the journey](#the-journey) below `gateway/src/request` `` says so.
fn rooms(document: &str) -> Vec<(&str, &str)> {
    let links = document.split("](#").skip(1).filter_map(|after| after.split_once(')'));
    let below = links.map(|(anchor, after)| (anchor, after.trim_start().strip_prefix("below `")));
    below.filter_map(|(anchor, room)| Some((anchor, room?.split_once('`')?.0))).collect()
}

/// The files that are meant by a name in a section whose names are below `room`.
fn named<'f>(files: &'f SourceFiles, name: &str, room: Option<&str>) -> Vec<&'f str> {
    let in_room = room.map(|room| format!("host/{room}/{name}"));
    let wholes = [Some(name.to_owned()), Some(format!("host/{name}")), in_room];
    if let Some((path, _)) = wholes.iter().flatten().find_map(|whole| files.get_key_value(whole)) {
        return vec![path.as_str()];
    }
    let ends = |path: &&str| path.strip_suffix(name).is_some_and(|before| before.ends_with('/'));
    files.keys().map(String::as_str).filter(ends).collect()
}

fn is_file(name: &str) -> bool {
    name.ends_with(".rs") && name.bytes().all(|byte| byte.is_ascii_lowercase() || b"0123456789_-./".contains(&byte))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;
