use proptest::prelude::*;

use super::*;

fn shortest(number: u64) -> String {
    String::from_utf8(digits(number, &mut [0; 16]).to_vec()).unwrap()
}

proptest! {
    #[test]
    fn digits_are_those_that_the_standard_library_writes(number: u64, shift in 0_u32..64) {
        let number = number >> shift;
        prop_assert_eq!(shortest(number), format!("{number:x}"));
    }

    #[test]
    fn a_room_is_filled_with_the_low_digits(number: u64, length in 0_usize..=16) {
        let mut room = vec![b'?'; length];
        fill(&mut room, number);
        let all = format!("{number:016x}");
        prop_assert_eq!(std::str::from_utf8(&room).unwrap(), &all[16 - length..]);
    }
}

#[test]
fn zero_is_one_digit_and_the_largest_number_has_room() {
    assert_eq!((shortest(0).as_str(), shortest(u64::MAX).as_str()), ("0", "ffffffffffffffff"));
}
