//! One pass over the text, by recursive descent with a bounded depth.

use super::value::{JsonError, Value};

const DEPTH: u32 = 64;

#[derive(Debug)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0, depth: 0 }
    }

    pub(super) fn whole(mut self) -> Result<Value, JsonError> {
        let value = self.value()?;
        match self.peek() {
            None => Ok(value),
            Some(_) => Err(self.wrong("something follows the value")),
        }
    }

    fn value(&mut self) -> Result<Value, JsonError> {
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::array),
            Some(b'"') => self.string().map(Value::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.word("true", Value::Bool(true)),
            Some(b'f') => self.word("false", Value::Bool(false)),
            Some(b'n') => self.word("null", Value::Null),
            Some(_) => Err(self.wrong("no value starts like this")),
            None => Err(self.wrong("the text ends where a value should be")),
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Result<Value, JsonError>) -> Result<Value, JsonError> {
        if self.depth == DEPTH {
            return Err(self.wrong("nested deeper than 64 levels"));
        }
        self.depth += 1;
        self.at += 1;
        let value = inner(self);
        self.depth -= 1;
        value
    }

    fn object(&mut self) -> Result<Value, JsonError> {
        let mut members: Vec<(String, Value)> = Vec::new();
        if self.eat(b'}') {
            return Ok(Value::Object(members));
        }
        loop {
            if self.peek() != Some(b'"') {
                return Err(self.wrong("a key must be a string"));
            }
            let start = self.at;
            let key = self.string()?;
            if members.iter().any(|(name, _)| *name == key) {
                return Err(JsonError { at: start, what: format!("the key `{key}` stands twice").into() });
            }
            if !self.eat(b':') {
                return Err(self.wrong("`:` is missing"));
            }
            members.push((key, self.value()?));
            if self.eat(b'}') {
                return Ok(Value::Object(members));
            }
            if !self.eat(b',') {
                return Err(self.wrong("`,` or `}` is missing"));
            }
        }
    }

    fn array(&mut self) -> Result<Value, JsonError> {
        let mut items = Vec::new();
        if self.eat(b']') {
            return Ok(Value::Array(items));
        }
        loop {
            items.push(self.value()?);
            if self.eat(b']') {
                return Ok(Value::Array(items));
            }
            if !self.eat(b',') {
                return Err(self.wrong("`,` or `]` is missing"));
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Result<Value, JsonError> {
        if !self.rest().starts_with(word) {
            return Err(self.wrong("no value starts like this"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// `-? (0 | [1-9][0-9]*) (\. [0-9]+)? ([eE] [+-]? [0-9]+)?`
    fn number(&mut self) -> Result<Value, JsonError> {
        let start = self.at;
        self.take(b"-");
        if !self.take(b"0") && !self.digits() {
            return Err(self.wrong("a digit is missing"));
        }
        if self.take(b".") && !self.digits() {
            return Err(self.wrong("a digit is missing"));
        }
        if self.take(b"eE") {
            self.take(b"+-");
            if !self.digits() {
                return Err(self.wrong("a digit is missing"));
            }
        }
        Ok(Value::Number(self.text.get(start..self.at).unwrap_or_default().to_owned()))
    }

    fn digits(&mut self) -> bool {
        let mut any = false;
        while self.take(b"0123456789") {
            any = true;
        }
        any
    }

    fn string(&mut self) -> Result<String, JsonError> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = self.rest();
            let plain = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < b' ');
            let Some(plain) = plain else { return Err(self.wrong("a string does not end")) };
            out.push_str(rest.get(..plain).unwrap_or_default());
            self.at += plain;
            if self.take(b"\"") {
                return Ok(out);
            }
            if !self.take(b"\\") {
                return Err(self.wrong("a control character must be escaped"));
            }
            out.push(self.escape()?);
        }
    }

    fn escape(&mut self) -> Result<char, JsonError> {
        let byte = self.rest().bytes().next();
        let plain = match byte {
            Some(b @ (b'"' | b'\\' | b'/')) => char::from(b),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return Err(self.wrong("no such escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    /// `uXXXX`, or two of them for a character beyond the first plane.
    fn unicode(&mut self) -> Result<char, JsonError> {
        let first = self.unit()?;
        let code = if (0xd800..0xdc00).contains(&first) {
            if !self.take(b"\\") {
                return Err(self.wrong("half of a surrogate pair"));
            }
            let second = self.unit()?;
            match second.checked_sub(0xdc00) {
                Some(low @ 0..0x400) => 0x1_0000 + ((first - 0xd800) << 10) + low,
                _ => return Err(self.wrong("half of a surrogate pair")),
            }
        } else {
            first
        };
        char::from_u32(code).ok_or_else(|| self.wrong("half of a surrogate pair"))
    }

    fn unit(&mut self) -> Result<u32, JsonError> {
        if !self.take(b"u") {
            return Err(self.wrong("half of a surrogate pair"));
        }
        let mut unit = 0;
        for _ in 0..4 {
            let digit = self.rest().chars().next().and_then(|c| c.to_digit(16));
            unit = unit * 16 + digit.ok_or_else(|| self.wrong("four hex digits are missing"))?;
            self.at += 1;
        }
        Ok(unit)
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// The next byte that is not white space; stops there.
    fn peek(&mut self) -> Option<u8> {
        while self.take(b" \t\r\n") {}
        self.rest().bytes().next()
    }

    /// Steps over `byte` and the white space before it, if it is next.
    fn eat(&mut self, byte: u8) -> bool {
        self.peek();
        self.take(&[byte])
    }

    /// Steps over one byte if it is one of these.
    fn take(&mut self, any: &[u8]) -> bool {
        let next = self.text.as_bytes().get(self.at);
        let found = next.is_some_and(|byte| any.contains(byte));
        self.at += usize::from(found);
        found
    }

    fn wrong(&self, what: &'static str) -> JsonError {
        JsonError { at: self.at, what: what.into() }
    }
}
