//! Where two JSON values mean something else.

use serde_json::Value;

/// Where what is there is not what was wanted, a line each that begins with a JSON pointer; none where both mean the same.
/// The order of members and how numbers are written (`1`, `1.0`, `1e0`) mean nothing.
#[must_use]
pub fn differences(wanted: &Value, there: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare(wanted, there, "", &mut lines);
    lines
}

fn compare(wanted: &Value, there: &Value, at: &str, lines: &mut Vec<String>) {
    match (wanted, there) {
        (Value::Object(wanted), Value::Object(there)) => {
            for (name, wanted) in wanted {
                match there.get(name) {
                    Some(there) => compare(wanted, there, &format!("{at}/{name}"), lines),
                    None => lines.push(format!("{at}/{name}: is not there, wanted {}", short(wanted))),
                }
            }
            let more = there.iter().filter(|(name, _)| !wanted.contains_key(*name));
            lines.extend(more.map(|(name, more)| format!("{at}/{name}: is {}, and not wanted", short(more))));
        }
        (Value::Array(wanted), Value::Array(there)) => {
            for (nth, (wanted, there)) in wanted.iter().zip(there).enumerate() {
                compare(wanted, there, &format!("{at}/{nth}"), lines);
            }
            if wanted.len() != there.len() {
                lines.push(format!("{at}: has {} items, wanted {}", there.len(), wanted.len()));
            }
        }
        (Value::Number(one), Value::Number(other)) if one == other || one.as_f64() == other.as_f64() => {}
        _ if wanted == there => {}
        _ => lines.push(format!("{at}: is {}, wanted {}", short(there), short(wanted))),
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    let start: String = text.chars().take(100).collect();
    if start.len() < text.len() { format!("{start}…") } else { start }
}

#[cfg(test)]
mod tests {
    use super::differences;
    use serde_json::json;

    #[test]
    fn what_is_missing_added_or_another_is_told_with_its_place() {
        let wanted = json!({ "a": [1, 2.0, { "b": "x" }], "c": null, "d": 1 });
        let there = json!({ "d": 1.0, "a": [1, 2, { "b": "y" }, 4], "e": true });
        assert_eq!(
            differences(&wanted, &there),
            [
                "/a/2/b: is \"y\", wanted \"x\"",
                "/a: has 4 items, wanted 3",
                "/c: is not there, wanted null",
                "/e: is true, and not wanted"
            ]
        );
        assert!(differences(&wanted, &wanted).is_empty());
        assert_eq!(differences(&json!("1"), &json!(1)), [": is 1, wanted \"1\""]);
    }
}
