//! The texts in a list of `logprobs`.

use weir_http::json::{self, Cursor, JsonKind, MemberName, Span};

use super::super::EditError;

/// Whether a member of `logprobs`, or of what is in it, is one that the dialect has there. In an older form of it tokens are
/// names.
pub(super) fn is_known(name: &MemberName<'_>) -> bool {
    const KNOWN: [&str; 9] =
        ["token", "logprob", "bytes", "top_logprobs", "content", "refusal", "tokens", "token_logprobs", "text_offset"];
    KNOWN.iter().any(|known| *name == **known)
}

/// Joins the tokens of a list of `logprobs`; every other string in it becomes a line of `others`.
pub(super) fn gather(body: &[u8], span: Span, chosen: &mut String, others: &mut String) -> Result<(), EditError> {
    let mut cursor = Cursor::within(body, span);
    // Of what the cursor has stepped into: whether it is an object.
    let mut levels: Vec<bool> = Vec::new();
    loop {
        let token = match levels.last() {
            None => false,
            Some(true) => match cursor.next_key()? {
                // Elements of the list are one level below it.
                Some(key) => {
                    if !is_known(&key) {
                        line(others, &key.lossy());
                    }
                    key == "token" && levels.len() == 2
                }
                None => {
                    levels.pop();
                    if levels.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
            },
            Some(false) => {
                if !cursor.next_element()? {
                    levels.pop();
                    if levels.is_empty() {
                        return Ok(());
                    }
                    continue;
                }
                // The older form: a list of strings.
                levels.len() == 1
            }
        };
        match cursor.kind()? {
            JsonKind::Object => {
                cursor.enter_object()?;
                levels.push(true);
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                levels.push(false);
            }
            JsonKind::String => {
                let text = json::string_lossy(cursor.text()?.span.of(body)).unwrap_or_default();
                if token { chosen.push_str(&text) } else { line(others, &text) }
            }
            JsonKind::Number if token => {
                return Err(EditError::Unshowable { what: "a token that is a number" });
            }
            JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
        if levels.is_empty() {
            return Ok(());
        }
    }
}

fn line(lines: &mut String, text: &str) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(text);
}
