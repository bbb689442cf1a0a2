use super::*;

fn of(text: &str) -> Counts {
    Counts::of(&wat::parse_str(text).unwrap()).unwrap()
}

#[test]
fn what_compilers_work_on_is_counted_in_all_modules_and_components_inside() {
    let counts = of(r#"(component
        (core module $a
          (func (local i32 i32 i64) (nop) (nop) (nop) (nop))
          (func (param i32) (local f32))
          (memory 1) (data (i32.const 0) "x") (data (i32.const 8) "y"))
        (component
          (core module (func (local i32)))))"#);
    assert_eq!((counts.modules, counts.functions, counts.locals), (2, 3, 3));
    // Two groups of locals, four times nothing, and the end.
    assert_eq!(counts.function_bytes, 1 + 2 + 2 + 4 + 1);
    assert!(counts.code_bytes > counts.function_bytes && counts.code_bytes < 3 * counts.function_bytes);
    // Two types of functions in the first module and one in the other, a memory, two segments, a component.
    assert_eq!(counts.items, 7);
}

#[test]
fn what_is_said_in_a_few_bytes_is_counted_as_what_it_is() {
    let counts = of("(module (func (local i32)))");
    assert_eq!(counts.locals, 1);
    // A body of one group of 50,000 locals is no longer than one of one.
    let many = format!("(module (func {}))", "(local i64)".repeat(50_000));
    assert_eq!(of(&many).locals, 50_000);
    assert!(of(&many).function_bytes < 10);
}

#[test]
fn what_is_cut_off_is_not_counted() {
    let whole = wat::parse_str("(module (func (nop)))").unwrap();
    assert!(Counts::of(&whole[..whole.len() - 2]).is_err());
    assert!(Counts::of(b"").is_err());
}
