use super::*;

fn add(names: &Names<AtomicU64>, name: &str, most: usize, room: &NameBudget) {
    names.get(name, most, room).unwrap_or_else(|| names.other()).fetch_add(1, Relaxed);
}

fn all(names: &Names<AtomicU64>) -> Vec<(String, u64)> {
    let mut all = Vec::new();
    names.each(|name, value| all.push((name.to_owned(), value.load(Relaxed))));
    all
}

#[test]
fn an_owner_has_so_many_names_and_what_comes_later_is_counted_as_other() {
    let (names, room) = (Names::default(), NameBudget::new(100));
    for n in 0..200 {
        add(&names, &format!("n{n:03}"), 64, &room);
    }
    let all = all(&names);
    assert_eq!((all.len(), room.taken()), (65, 64));
    assert_eq!(all[0], ("n000".to_owned(), 1));
    assert_eq!(all[64], ("other".to_owned(), 136));
}

#[test]
fn all_owners_together_have_so_much_room() {
    let room = NameBudget::new(3);
    let owners: [Names<AtomicU64>; 2] = Default::default();
    for owner in &owners {
        ["a", "b", "a"].iter().for_each(|name| add(owner, name, 64, &room));
    }
    assert_eq!((room.taken(), room.beyond()), (3, 1));
    let pair = |name: &str, count| (name.to_owned(), count);
    assert_eq!(all(&owners[0]), [pair("a", 2), pair("b", 1)]);
    assert_eq!(all(&owners[1]), [pair("a", 2), pair("other", 1)]);
    room.set_limit(4);
    add(&owners[1], "b", 64, &room);
    assert_eq!(all(&owners[1]), [pair("a", 2), pair("b", 1), pair("other", 1)]);
}

#[test]
fn a_name_that_threads_bring_at_once_takes_one_place() {
    let (names, room) = (Names::default(), NameBudget::new(1_000));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..400).for_each(|n| add(&names, &format!("n{}", n % 40), 30, &room)));
        }
    });
    let all = all(&names);
    assert_eq!((all.len(), room.taken()), (31, 30));
    assert_eq!(all.iter().map(|(_, count)| count).sum::<u64>(), 1_600);
}

#[test]
fn an_owner_that_goes_gives_back_the_room_of_its_names() {
    let room = NameBudget::new(3);
    let (gone, stays) = (Names::default(), Names::default());
    ["a", "b", "other", "c", "d"].iter().for_each(|name| add(&gone, name, 64, &room));
    assert_eq!((room.taken(), all(&gone).len()), (3, 4));
    add(&stays, "a", 64, &room);
    assert_eq!(all(&stays), [("other".to_owned(), 1)]);
    room.give_back_all(&gone);
    assert_eq!(room.taken(), 0);
    add(&stays, "a", 64, &room);
    assert_eq!(all(&stays), [("a".to_owned(), 1), ("other".to_owned(), 1)]);
    let held = stays.get("a", 64, &room);
    assert!(!stays.is_idle() && gone.is_idle());
    drop(held);
    assert!(stays.is_idle());
}
