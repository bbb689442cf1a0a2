//! The texts in a list of `logprobs`.

use std::ops::Range;

use weir_http::json::{self, Cursor, JsonKind, MemberName, Span};

use super::super::EditError;

/// Whether a member of `logprobs`, or of what is in it, is one that the dialect has there. In an older form of it tokens are
/// names.
pub(super) fn is_known(name: &MemberName<'_>) -> bool {
    const KNOWN: [&str; 9] =
        ["token", "logprob", "bytes", "top_logprobs", "content", "refusal", "tokens", "token_logprobs", "text_offset"];
    KNOWN.iter().any(|known| *name == **known)
}

/// What a list of `logprobs` says.
#[derive(Debug, Default)]
pub(super) struct TokenTexts {
    /// The tokens that were chosen, one behind the other.
    pub(super) chosen: String,
    /// Every other text in it, one a line: tokens that were not chosen, names, and what `bytes` say where that is not what
    /// their tokens say.
    pub(super) others: String,
    /// What the `bytes` of the chosen tokens say together, once one of them says something else than its token. One
    /// character may be cut over several of them.
    spelled: Option<Vec<u8>>,
}

/// What the walk has stepped into.
enum Level {
    List,
    Object {
        /// Where its token stands, in the chosen ones or in the others.
        token: Range<usize>,
        bytes: Vec<u8>,
    },
}

impl TokenTexts {
    /// With a name that is a text of its own.
    pub(super) fn named(name: &str) -> Self {
        Self { others: name.to_owned(), ..Self::default() }
    }

    /// Takes what a value within `logprobs` says.
    pub(super) fn gather(&mut self, body: &[u8], span: Span) -> Result<(), EditError> {
        let mut cursor = Cursor::within(body, span);
        let mut levels: Vec<Level> = Vec::new();
        loop {
            let is_token = match levels.last() {
                None => false,
                Some(Level::Object { .. }) => match cursor.next_key()? {
                    Some(key) => {
                        if !is_known(&key) {
                            line(&mut self.others, &key.lossy());
                        }
                        if key == "bytes" && cursor.kind()? == JsonKind::Array {
                            self.bytes(&mut cursor, body, levels.last_mut())?;
                            continue;
                        }
                        key == "token"
                    }
                    None => {
                        self.close(&mut levels);
                        if levels.is_empty() {
                            return Ok(());
                        }
                        continue;
                    }
                },
                Some(Level::List) => {
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
            self.value(&mut cursor, body, &mut levels, is_token)?;
            if levels.is_empty() {
                return Ok(());
            }
        }
    }

    /// Takes a scalar, or steps into what is there.
    fn value(
        &mut self,
        cursor: &mut Cursor<'_>,
        body: &[u8],
        levels: &mut Vec<Level>,
        is_token: bool,
    ) -> Result<(), EditError> {
        let is_chosen = is_token && (levels.len() == CHOSEN || matches!(levels.last(), Some(Level::List)));
        match cursor.kind()? {
            JsonKind::Object => {
                cursor.enter_object()?;
                let at = if levels.len() + 1 == CHOSEN { self.chosen.len() } else { self.others.len() };
                levels.push(Level::Object { token: at..at, bytes: Vec::new() });
            }
            JsonKind::Array => {
                cursor.enter_array()?;
                levels.push(Level::List);
            }
            JsonKind::String => {
                let text = json::string_lossy(cursor.text()?.span.of(body)).unwrap_or_default();
                let texts = if is_chosen { &mut self.chosen } else { &mut self.others };
                if !is_chosen && !texts.is_empty() {
                    texts.push('\n');
                }
                let start = texts.len();
                texts.push_str(&text);
                if let Some(Level::Object { token, .. }) = levels.last_mut().filter(|_| is_token) {
                    *token = start..texts.len();
                }
            }
            JsonKind::Number if is_chosen => {
                return Err(EditError::Unshowable { what: "a token that is a number" });
            }
            JsonKind::Number | JsonKind::Bool | JsonKind::Null => {
                cursor.skip()?;
            }
        }
        Ok(())
    }

    /// Takes the list of bytes of a token. What readers make of a number that is none, nobody can tell.
    fn bytes(&mut self, cursor: &mut Cursor<'_>, body: &[u8], of: Option<&mut Level>) -> Result<(), EditError> {
        let no_byte = EditError::Unshowable { what: "`bytes` of a token that are none" };
        let mut said = Vec::new();
        cursor.enter_array()?;
        while cursor.next_element()? {
            match cursor.kind()? {
                JsonKind::Number => {
                    let (span, _) = cursor.skip()?;
                    let byte = json::unsigned(span.of(body)).and_then(|byte| u8::try_from(byte).ok());
                    said.push(byte.ok_or(no_byte.clone())?);
                }
                JsonKind::String => {
                    let text = json::string_lossy(cursor.text()?.span.of(body)).unwrap_or_default();
                    line(&mut self.others, &text);
                }
                JsonKind::Bool | JsonKind::Null => {
                    cursor.skip()?;
                }
                JsonKind::Object | JsonKind::Array => return Err(no_byte),
            }
        }
        if let Some(Level::Object { bytes, .. }) = of {
            bytes.extend(said);
        }
        Ok(())
    }

    /// Leaves an object: what its bytes say is told where it is not what its token says.
    fn close(&mut self, levels: &mut Vec<Level>) {
        let is_chosen = levels.len() == CHOSEN;
        let Some(Level::Object { token, bytes }) = levels.pop() else { return };
        let texts = if is_chosen { &self.chosen } else { &self.others };
        let own = texts.get(token.clone()).unwrap_or_default().as_bytes();
        let says = if bytes.is_empty() { own } else { &bytes };
        match &mut self.spelled {
            Some(spelled) if is_chosen => spelled.extend_from_slice(says),
            None if is_chosen && says != own => {
                let before = self.chosen.get(..token.start).unwrap_or_default();
                self.spelled = Some([before.as_bytes(), says].concat());
            }
            _ if !is_chosen && says != own => line(&mut self.others, &String::from_utf8_lossy(&bytes)),
            _ => {}
        }
    }

    /// Both texts: of the chosen tokens, and of all that is none of them.
    pub(super) fn finish(mut self) -> [String; 2] {
        if let Some(spelled) = self.spelled.take() {
            let spelled = String::from_utf8_lossy(&spelled);
            if spelled != self.chosen {
                line(&mut self.others, &spelled);
            }
        }
        [self.chosen, self.others]
    }
}

/// How deep tokens stand that were chosen: in the objects of a list.
const CHOSEN: usize = 2;

fn line(lines: &mut String, text: &str) {
    if !lines.is_empty() {
        lines.push('\n');
    }
    lines.push_str(text);
}
