//! Where in the arguments of a call a piece of them belongs.

/// The most steps of a path: no deeper than JSON may be nested.
pub(super) const MOST_STEPS: usize = 100;

/// One step into arguments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathStep {
    /// To a member of an object.
    Member(String),
    /// To an element of a list.
    Element(usize),
}

/// The steps of a JSONPath that names one place (RFC 9535, singular queries): `$.a.b[0]['c d']`. None of any other, and of one
/// that is longer than [`MOST_STEPS`].
pub(super) fn steps(path: &str) -> Option<Vec<PathStep>> {
    let mut rest = path.strip_prefix('$')?;
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if steps.len() == MOST_STEPS {
            return None;
        }
        let (step, behind) = match rest.strip_prefix('.') {
            Some(name) => {
                let end = name.find(['.', '[']).unwrap_or(name.len());
                let (name, behind) = name.split_at(end);
                (Some(PathStep::Member(name.to_owned())).filter(|_| !name.is_empty())?, behind)
            }
            None => in_brackets(rest.strip_prefix('[')?)?,
        };
        steps.push(step);
        rest = behind;
    }
    Some(steps)
}

/// A step in brackets, without the first of them, and what is behind.
fn in_brackets(rest: &str) -> Option<(PathStep, &str)> {
    let quote = rest.chars().next().filter(|quote| matches!(quote, '\'' | '"'));
    let Some(quote) = quote else {
        let (number, behind) = rest.split_once(']')?;
        return Some((PathStep::Element(number.trim().parse().ok()?), behind));
    };
    let mut name = String::new();
    let mut characters = rest.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == quote {
            let behind = rest.get(at + 1..)?.strip_prefix(']')?;
            return Some((PathStep::Member(name), behind));
        }
        name.push(if character == '\\' { unescaped(characters.next()?.1) } else { character });
    }
    None
}

fn unescaped(character: char) -> char {
    match character {
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_to_one_place_is_read_and_no_other() {
        let member = |name: &str| PathStep::Member(name.to_owned());
        let due = vec![member("recipe"), member("steps"), PathStep::Element(4), member("a b]'"), member("c\"")];
        assert_eq!(steps(r#"$.recipe.steps[4]['a b]\'']["c\""]"#), Some(due));
        assert_eq!(steps("$"), Some(Vec::new()));
        for other in ["", "a", "$a", "$.", "$..a", "$[", "$[]", "$['a", "$['a'", "$[-1]", "$[*]", "$[1", "$['a\\"] {
            assert_eq!(steps(other), None, "{other}");
        }
        assert_eq!(steps(&format!("${}", ".a".repeat(MOST_STEPS))).map(|steps| steps.len()), Some(MOST_STEPS));
        assert_eq!(steps(&format!("${}", ".a".repeat(MOST_STEPS + 1))), None);
    }
}
