//! What answers have in common. One upstream's answers look alike: the same fields in the same order, and most of the
//! values are always the same. Such a head is compared instead of read, but for the values that vary, and the map of its
//! headers is copied instead of made.

use std::cell::{Cell, RefCell};
use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, Version};

use super::invalid::InvalidResponseHead;
use super::parsed::ParsedHead;
use super::signs::ResponseFramingHeaders;
use crate::fields::{self, Role};

/// So many shapes are known at a time.
const SHAPES: usize = 8;
/// A head with more fields than that has no shape that is worth keeping,
const FIELDS: usize = 40;
/// nor has one with more bytes.
const BYTES: usize = 4 * 1024;
/// One in so many heads that are not known is looked at for its shape: there are upstreams whose heads have none.
const LEARN_EVERY: u32 = 3;

/// The shapes of a worker's latest answers: what was read before makes what is read next cheaper, and nothing else.
#[derive(Default)]
pub struct HeadShapes {
    /// The latest first.
    known: RefCell<Vec<Shape>>,
    /// How many heads were not known.
    unknown: Cell<u32>,
}

/// A head as it always is, but for the values of some fields.
struct Shape {
    lines: Vec<Line>,
    /// What stands before, between and behind the values that vary.
    constant: Vec<Box<[u8]>>,
    status: StatusCode,
    version: Version,
    /// Values that vary are empty.
    headers: HeaderMap,
    /// For each of the map's values, in its order: which of those that vary it is, and its role.
    places: Vec<Option<(usize, Role)>>,
    /// What the constant fields say.
    signs: ResponseFramingHeaders,
}

/// A line of a head, the first one included, without its end.
struct Line {
    text: Box<[u8]>,
    /// How much of it is the name, colon included; all of the first line is.
    name: usize,
    varies: bool,
}

/// A head whose shape is known.
pub(super) struct KnownHead {
    /// Where the head ends.
    pub(super) end: usize,
    /// Where the values stand that vary.
    values: [(u16, u16); FIELDS],
}

impl fmt::Debug for HeadShapes {
    /// Without what the heads said.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HeadShapes").finish_non_exhaustive()
    }
}

impl HeadShapes {
    /// Looks whether `bytes` begin with a whole head of a known shape.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<KnownHead> {
        let mut known = self.known.borrow_mut();
        let mut found = KnownHead { end: 0, values: [(0, 0); FIELDS] };
        let at = known.iter().position(|shape| shape.fits(bytes, &mut found).is_some())?;
        if at > 0
            && let Some(upto) = known.get_mut(..=at)
        {
            upto.rotate_right(1);
        }
        Some(found)
    }

    /// Reads the head that has just been found.
    pub(super) fn read(&self, head: &Bytes, found: &KnownHead) -> Result<ParsedHead, InvalidResponseHead> {
        self.known.borrow().first().ok_or(InvalidResponseHead::Malformed)?.read(head, found)
    }

    /// Takes note, now and then, of the shape of a head that was not found.
    pub(super) fn learn(&self, bytes: &[u8], head: &ParsedHead) {
        let unknown = self.unknown.get();
        self.unknown.set(unknown.wrapping_add(1));
        if !unknown.is_multiple_of(LEARN_EVERY) {
            return;
        }
        let Some(mut lines) = lines(bytes) else { return };
        let mut known = self.known.borrow_mut();
        let old = known.iter().position(|shape| shape.has_names(&lines)).map(|at| known.remove(at));
        for (old, new) in old.iter().flat_map(|shape| &shape.lines).zip(&mut lines) {
            new.varies = old.varies || old.text != new.text;
        }
        if let Some(shape) = Shape::of(lines, head) {
            known.truncate(SHAPES.saturating_sub(1));
            known.insert(0, shape);
            debug_assert!(known.len() <= SHAPES);
        }
    }
}

/// The lines of a head, if it may have a shape.
fn lines(bytes: &[u8]) -> Option<Vec<Line>> {
    if bytes.len() > BYTES {
        return None;
    }
    let mut lines = Vec::new();
    let mut rest = bytes;
    while let Some(end) = memchr::memchr(b'\n', rest) {
        let (text, behind) = rest.split_at_checked(end)?;
        rest = behind.get(1..)?;
        // A head in which not every line ends validly is read anew each time.
        let text = text.strip_suffix(b"\r")?;
        let name = match memchr::memchr(b':', text).filter(|_| !lines.is_empty()) {
            Some(colon) => colon.checked_add(1)?,
            None => text.len(),
        };
        lines.push(Line { text: text.into(), name, varies: false });
    }
    // The last one is empty.
    lines.pop().filter(|last| last.text.is_empty() && lines.len() <= FIELDS)?;
    Some(lines)
}

impl Line {
    fn name(&self) -> &[u8] {
        self.text.get(..self.name).unwrap_or_default()
    }
}

impl Shape {
    /// The shape of `head`, which consists of these lines.
    fn of(lines: Vec<Line>, head: &ParsedHead) -> Option<Self> {
        let ParsedHead { status, version, .. } = *head;
        let mut headers = head.headers.clone();
        let fields = lines.get(1..)?;
        let mut roles = vec![None; fields.len()];
        let mut places = Vec::with_capacity(fields.len());
        let mut signs = ResponseFramingHeaders::default();
        for (name, value) in &mut headers {
            // Values of one name stand together in the map, in the order of their lines.
            let of_name =
                |line: &Line| line.name().strip_suffix(b":").is_some_and(|n| n.eq_ignore_ascii_case(name.as_ref()));
            let (line, role) = fields.iter().zip(&mut roles).find(|(line, role)| role.is_none() && of_name(line))?;
            let at = fields.iter().take_while(|other| !std::ptr::eq(*other, line)).filter(|other| other.varies).count();
            let is = Role::of(name);
            *role = Some(is);
            places.push(line.varies.then_some((at, is)));
            *value = if line.varies {
                HeaderValue::from_static("")
            } else {
                HeaderValue::from_bytes(value.as_bytes()).ok()?
            };
            if !line.varies {
                signs.note(is, value.as_bytes());
            }
        }
        // The order of several transfer codings would matter.
        if roles.iter().filter(|role| **role == Some(Role::Coding)).count() > 1 || roles.contains(&None) {
            return None;
        }
        let constant = constant(&lines);
        Some(Self { lines, constant, status, version, headers, places, signs })
    }

    fn has_names(&self, lines: &[Line]) -> bool {
        self.lines.len() == lines.len() && self.lines.iter().zip(lines).all(|(a, b)| a.name() == b.name())
    }

    /// Whether `bytes` begin with such a head.
    fn fits(&self, bytes: &[u8], found: &mut KnownHead) -> Option<()> {
        let (first, more) = self.constant.split_first()?;
        let mut rest = bytes.strip_prefix(&**first)?;
        for (constant, value) in more.iter().zip(&mut found.values) {
            let start = bytes.len().checked_sub(rest.len())?;
            let line_end = memchr::memchr(b'\n', rest)?.checked_sub(1)?;
            let (line, behind) = rest.split_at_checked(line_end)?;
            let trimmed = fields::trim_start(line);
            let start = start.checked_add(line.len().checked_sub(trimmed.len())?)?;
            let end = start.checked_add(fields::trim_end(trimmed).len())?;
            *value = (u16::try_from(start).ok()?, u16::try_from(end).ok()?);
            rest = behind.strip_prefix(&**constant)?;
        }
        found.end = bytes.len().checked_sub(rest.len())?;
        Some(())
    }

    fn read(&self, head: &Bytes, found: &KnownHead) -> Result<ParsedHead, InvalidResponseHead> {
        let mut headers = self.headers.clone();
        let mut signs = self.signs;
        for (place, value) in self.places.iter().zip(headers.values_mut()) {
            let Some((varying, role)) = *place else { continue };
            let &(start, end) = found.values.get(varying).ok_or(InvalidResponseHead::Malformed)?;
            *value = fields::checked(head.slice(usize::from(start)..usize::from(end)))?;
            if role != Role::Other {
                signs.note(role, value.as_bytes());
            }
        }
        Ok(ParsedHead { status: self.status, version: self.version, headers, signs })
    }
}

/// What stands around the values that vary.
fn constant(lines: &[Line]) -> Vec<Box<[u8]>> {
    let mut parts = Vec::new();
    let mut part = Vec::new();
    for line in lines {
        match line.varies {
            true => {
                part.extend_from_slice(line.name());
                parts.push(std::mem::take(&mut part).into_boxed_slice());
            }
            false => part.extend_from_slice(&line.text),
        }
        part.extend_from_slice(b"\r\n");
    }
    part.extend_from_slice(b"\r\n");
    parts.push(part.into_boxed_slice());
    parts
}

#[cfg(test)]
mod tests;
