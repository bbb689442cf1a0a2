//! Bodies of requests that are written otherwise than plugins are shown them.

use bytes::Bytes;
use weir_http::json::{Cursor, JsonSyntaxError};

use super::ReadError;
use super::names::MetNames;
use crate::wire::WireFormat;

/// What decides over a request, by its wire: none of these may come in other letters, in which some would take it for that.
fn deciding(wire: WireFormat) -> &'static [&'static str] {
    match wire {
        WireFormat::Messages => &["model", "messages", "system", "stream", "max_tokens", "tools"],
        WireFormat::Responses => {
            &["model", "input", "instructions", "stream", "max_output_tokens", "tools", "previous_response_id"]
        }
        WireFormat::GenerateContent => {
            &["contents", "systemInstruction", "system_instruction", "generationConfig", "generation_config", "tools"]
        }
        WireFormat::Converse => &["messages", "system", "inferenceConfig", "toolConfig"],
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {
            &["model", "messages", "stream", "max_tokens", "max_completion_tokens", "tools"]
        }
    }
}

/// Checks a body that goes on as it came, whatever it was read as: that it is an object, and says nothing twice.
///
/// # Errors
/// [`ReadError`]: it is none, or one of which two readers may make two things.
pub fn check_body(wire: WireFormat, body: &Bytes) -> Result<(), ReadError> {
    let mut cursor = Cursor::new(body)?.unique();
    cursor.enter_object().map_err(|error| match error {
        JsonSyntaxError::NotObject { found, .. } => ReadError::NotAnObject { found },
        other => other.into(),
    })?;
    let mut names = MetNames::new(deciding(wire));
    while let Some(key) = cursor.next_key()? {
        names.meet(&key)?;
        cursor.skip()?;
    }
    cursor.finish()?;
    Ok(())
}
