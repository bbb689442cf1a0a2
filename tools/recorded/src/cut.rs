//! A stream in pieces, as a network might bring it.

/// From how many bytes on not every place is tried.
const SHORT: usize = 2_048;
/// About how many places are tried of a long stream.
const PLACES: usize = 256;

/// Ways to cut these bytes: in two at every place, if they are few; at some 256 places all over them, and within each of the
/// first 64 and last 64 bytes, if they are many; byte by byte; and in pieces of 7. No piece is empty.
pub fn cuts(bytes: &[u8]) -> impl Iterator<Item = Vec<&[u8]>> {
    let len = bytes.len();
    // Odd, so that it keeps no step with anything that is aligned.
    let stride = if len <= SHORT { 1 } else { (len / PLACES) | 1 };
    let is_tried = move |at: &usize| at.is_multiple_of(stride) || *at <= 64 || *at + 64 >= len;
    let in_two = (1..len).filter(is_tried).map(move |at| {
        let (first, second) = bytes.split_at(at);
        vec![first, second]
    });
    in_two.chain([bytes.chunks(1).collect(), bytes.chunks(7).collect()])
}

#[cfg(test)]
mod tests {
    use super::cuts;

    #[test]
    fn few_bytes_are_cut_at_every_place_and_many_at_some() {
        let places = |bytes: &[u8]| -> Vec<usize> {
            cuts(bytes).filter(|pieces| pieces.len() == 2).map(|pieces| pieces[0].len()).collect()
        };
        assert_eq!(places(&[7; 100]), (1..100).collect::<Vec<_>>());
        let many = places(&[7; 100_000]);
        assert!((300..500).contains(&many.len()) && many.contains(&99_999), "{}", many.len());
    }

    #[test]
    fn pieces_are_the_whole_and_none_is_empty() {
        for len in [0, 1, 2, 15, 3_000] {
            let bytes: Vec<u8> = (0..len).map(|at| at as u8).collect();
            for pieces in cuts(&bytes) {
                assert_eq!(pieces.concat(), bytes);
                assert!(pieces.iter().all(|piece| !piece.is_empty()));
            }
        }
    }
}
