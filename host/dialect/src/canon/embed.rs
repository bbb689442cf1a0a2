//! Vectors of texts: what is asked, and what is answered.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use weir_http::json::JsonKind;
use weir_usage::Usage;

use super::{ContentBlock, JsonText, JsonWriter, RawJson, RawMembers};
use crate::wire::WireFormat;

/// What vectors are asked for, whatever wire it came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedRequest {
    /// Whose the extras are: the wire of conversations that the same API has.
    pub wire: WireFormat,
    /// The model, by the name that the client calls it.
    pub model: Box<str>,
    /// Each of them becomes one vector.
    pub inputs: Vec<EmbedInput>,
    /// There is one, which was not written as a list.
    pub one: bool,
    /// How many numbers a vector is to have.
    pub dimensions: Option<RawJson>,
    /// How vectors are to be written, in OpenAI's words: `float` or `base64`.
    pub encoding: Option<JsonText>,
    /// What the vectors are for.
    pub task: Option<EmbedTask>,
    /// Who asks, as the client tells the provider.
    pub user: Option<JsonText>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// One of the things that become vectors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedInput {
    /// What it is.
    pub content: EmbedContent,
    /// The title of the document that it is of.
    pub title: Option<JsonText>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// What becomes a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedContent {
    /// A text.
    Text(JsonText),
    /// A list of the model's own tokens (OpenAI).
    Tokens(RawJson),
    /// Texts, images and the like together.
    Blocks(Vec<ContentBlock>),
}

/// What vectors are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedTask {
    /// To search with.
    Query,
    /// To be found.
    Document,
    /// To be told how alike they are.
    Similarity,
    /// To be put into classes that are known.
    Classification,
    /// To be put into classes that are not.
    Clustering,
    /// Something else, in the wire's word.
    Other(JsonText),
}

/// Vectors, whatever wire they came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmbedAnswer {
    /// Whose the extras are: the wire of conversations that the same API has.
    pub wire: WireFormat,
    /// The model, as the provider calls it.
    pub model: Option<JsonText>,
    /// One for each input, in order.
    pub vectors: Vec<EmbedVector>,
    /// What was used, where it is said.
    pub usage: Option<Usage>,
    /// What only its wire has.
    pub extra: RawMembers,
}

/// A vector, as it stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EmbedVector {
    /// A list of numbers.
    Floats(RawJson),
    /// Numbers of 32 bits, the lowest byte first, in base64 (OpenAI's `base64`).
    Base64(JsonText),
}

impl EmbedVector {
    /// The vector as a list of numbers; none if it is no such thing.
    #[must_use]
    pub fn to_floats(&self) -> Option<RawJson> {
        let text = match self {
            Self::Floats(raw) => return (raw.kind() == JsonKind::Array).then(|| raw.clone()),
            Self::Base64(text) => text,
        };
        let bytes = BASE64_STANDARD.decode(text.text().as_bytes()).ok()?;
        let (numbers, []) = bytes.as_chunks::<4>() else { return None };
        let mut list = String::with_capacity(numbers.len() * 12 + 2);
        for (at, number) in numbers.iter().enumerate() {
            let number = f32::from_le_bytes(*number);
            list.push(if at == 0 { '[' } else { ',' });
            // JSON has no other numbers.
            list.push_str(&if number.is_finite() { number } else { 0.0 }.to_string());
        }
        list.push_str(if numbers.is_empty() { "[]" } else { "]" });
        RawJson::parse(list.into()).ok()
    }

    /// The vector in base64; none if it is no list of numbers.
    #[must_use]
    pub fn to_base64(&self) -> Option<JsonText> {
        let raw = match self {
            Self::Base64(text) => return Some(text.clone()),
            Self::Floats(raw) => raw,
        };
        if raw.kind() != JsonKind::Array {
            return None;
        }
        let number = |raw: &RawJson| std::str::from_utf8(raw.bytes()).ok()?.parse::<f32>().ok();
        let numbers = raw.elements().iter().map(number).collect::<Option<Vec<_>>>()?;
        let bytes: Vec<u8> = numbers.into_iter().flat_map(f32::to_le_bytes).collect();
        Some(JsonText::of(&BASE64_STANDARD.encode(bytes)))
    }

    /// Writes it as a list of numbers; an empty one if it is none.
    pub fn write_floats(&self, out: &mut JsonWriter) {
        match self.to_floats() {
            Some(floats) => out.raw(&floats),
            None => out.open_array().close_array(),
        };
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::*;

    fn floats(text: &str) -> EmbedVector {
        EmbedVector::Floats(RawJson::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap())
    }

    #[test]
    fn a_vector_is_written_in_either_way() {
        let vector = floats("[0.5, -1, 4.623822e-05]");
        let base64 = vector.to_base64().unwrap();
        assert_eq!(base64.text(), "AAAAPwAAgL/p70E4");
        assert_eq!(EmbedVector::Base64(base64).to_floats().unwrap().bytes(), "[0.5,-1,0.00004623822]");
        assert_eq!(EmbedVector::Base64(JsonText::EMPTY).to_floats().unwrap().bytes(), "[]");
        assert_eq!(
            (floats("[\"a\"]").to_base64(), floats("{}").to_base64(), floats("1").to_floats()),
            (None, None, None)
        );
        assert_eq!(EmbedVector::Base64(JsonText::of("AAAA")).to_floats(), None, "three bytes are no number");
    }

    proptest! {
        #[test]
        fn numbers_are_the_same_when_they_come_back(numbers in prop::collection::vec(any::<f32>(), 0..20)) {
            let numbers: Vec<f32> = numbers.into_iter().filter(|number| number.is_finite()).collect();
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
            let base64 = JsonText::of(&BASE64_STANDARD.encode(bytes));
            let list = EmbedVector::Base64(base64.clone()).to_floats().unwrap();
            prop_assert_eq!(EmbedVector::Floats(list).to_base64(), Some(base64));
        }
    }
}
