//! What was read of a file, in memory that goes back to the system with it.

use std::io::{self, Read};
use std::ops::Deref;

use memmap2::MmapMut;

/// From so many bytes on a file has a mapping of its own. An allocator keeps what was given back to it for a while: a plugin
/// of 64 MiB that somebody writes anew each second would be there several times over, though it is never in use more than once.
const LONG: usize = 256 << 10;

/// The bytes of a file. Those of a long one are no part of the heap: they are gone as soon as nobody has them.
pub struct FileBytes {
    place: FileMemory,
    from: usize,
    to: usize,
}

enum FileMemory {
    Heap(Vec<u8>),
    Mapping(MmapMut),
}

impl FileBytes {
    /// Reads a file to its end, or until there is more of it than `most` bytes: then one more is read. `expected` bytes is what
    /// it said that it has; none where it is long and has more than that by now, for then somebody is writing to it.
    pub(super) fn read(mut file: impl Read, expected: u64, most: u64) -> io::Result<Option<Self>> {
        let expected = usize::try_from(expected.min(most)).unwrap_or(usize::MAX);
        if expected < LONG {
            let mut bytes = Vec::with_capacity(expected);
            file.take(most.min(LONG as u64).saturating_add(1)).read_to_end(&mut bytes)?;
            let is_more = bytes.len() > LONG && most > LONG as u64;
            return Ok((!is_more).then(|| Self::from(bytes)));
        }
        let mut mapping = MmapMut::map_anon(expected)?;
        let to = fill(&mut file, &mut mapping)?;
        let is_more = to == expected && fill(&mut file, &mut [0])? > 0;
        Ok((!is_more).then_some(Self { place: FileMemory::Mapping(mapping), from: 0, to }))
    }

    /// All but the first bytes; nothing if there are no more than these.
    #[must_use]
    pub fn without_first(mut self, bytes: usize) -> Self {
        self.from = self.from.saturating_add(bytes).min(self.to);
        self
    }
}

/// Reads until there is no room or no more to read; says how much that was.
fn fill(file: &mut impl Read, room: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(room) = room.get_mut(read..).filter(|room| !room.is_empty()) {
        match file.read(room) {
            Ok(0) => break,
            Ok(some) => read += some,
            Err(why) if why.kind() == io::ErrorKind::Interrupted => {}
            Err(why) => return Err(why),
        }
    }
    Ok(read)
}

impl Deref for FileBytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let all: &[u8] = match &self.place {
            FileMemory::Heap(bytes) => bytes,
            FileMemory::Mapping(mapping) => mapping,
        };
        all.get(self.from..self.to).unwrap_or_default()
    }
}

impl From<Vec<u8>> for FileBytes {
    fn from(bytes: Vec<u8>) -> Self {
        let to = bytes.len();
        Self { place: FileMemory::Heap(bytes), from: 0, to }
    }
}

impl From<FileBytes> for Vec<u8> {
    fn from(bytes: FileBytes) -> Self {
        match bytes.place {
            FileMemory::Heap(whole) if (bytes.from, bytes.to) == (0, whole.len()) => whole,
            FileMemory::Heap(_) | FileMemory::Mapping(_) => bytes.to_vec(),
        }
    }
}

impl<B: AsRef<[u8]> + ?Sized> PartialEq<B> for FileBytes {
    fn eq(&self, other: &B) -> bool {
        **self == *other.as_ref()
    }
}

impl AsRef<[u8]> for FileBytes {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// How long it is; what stands in it may be a secret.
impl std::fmt::Debug for FileBytes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileBytes").field("len", &self.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, as a file system may.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
            let some = room.len().min(self.0.len()).min(70_001);
            room[..some].copy_from_slice(&self.0[..some]);
            self.0 = &self.0[some..];
            Ok(some)
        }
    }

    #[test]
    fn a_file_is_read_whole_unless_it_is_long_and_has_more_than_it_said() {
        let bytes: Vec<u8> = (0..1_000_003_u32).map(|n| (n % 251) as u8).collect();
        for real in [0, 1, LONG - 1, LONG, LONG + 1, bytes.len()] {
            for expected in [0, 1, real, real + 1, real.saturating_sub(1), LONG, 2 * LONG] {
                let read = FileBytes::read(Slow(&bytes[..real]), expected as u64, 2_000_000).unwrap();
                let grows = real > expected.max(LONG) || (expected >= LONG && real > expected);
                assert_eq!(read.is_none(), grows, "{real} bytes, {expected} expected");
                if let Some(read) = read {
                    assert!(read == bytes[..real], "{real} bytes, {expected} expected");
                    assert_eq!(Vec::from(read), &bytes[..real]);
                }
            }
        }
    }

    #[test]
    fn one_byte_more_than_the_most_is_read_of_a_short_file_and_no_more() {
        let bytes = vec![7; 3 * LONG];
        for most in [0, 10, LONG - 1, LONG] {
            for expected in [0, most.min(LONG - 1)] {
                let read = FileBytes::read(Slow(&bytes), expected as u64, most as u64).unwrap().unwrap();
                assert_eq!(read.len(), most + 1, "{expected} expected");
            }
        }
    }

    #[test]
    fn a_long_file_is_no_part_of_the_heap_and_can_be_had_without_its_first_bytes() {
        let bytes: Vec<u8> = (0..LONG + 40).map(|n| (n % 251) as u8).collect();
        let read = FileBytes::read(Slow(&bytes), bytes.len() as u64, 1 << 30).unwrap().unwrap();
        assert!(matches!(read.place, FileMemory::Mapping(_)));
        let rest = read.without_first(32);
        assert!(*rest == bytes[32..]);
        assert!(rest.without_first(usize::MAX).is_empty());
        let short = FileBytes::from(b"abc".to_vec()).without_first(1);
        assert_eq!(Vec::from(short), b"bc");
        assert_eq!(format!("{:?}", FileBytes::from(b"secret".to_vec())), "FileBytes { len: 6, .. }");
    }
}
