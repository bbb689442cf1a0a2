//! A request, read.

use super::{config, contents, tools};
use crate::canon::{ChatRequest, DecodeFault, RawJson};
use crate::gemini::proto;
use crate::wire::WireFormat;

/// Reads a request, whose path says which model is asked and whether a stream is wanted. Names of members may be written as a
/// `.proto` has them; what stands for itself, such as `safetySettings`, stays in the extras.
///
/// Source: Gemini API reference, `models.generateContent`; Vertex AI's reference for what that has more.
///
/// # Errors
/// [`DecodeFault::Field`]: it is no object, or has no turns that could be read.
pub fn decode_request(body: &RawJson, model: &str, streaming: bool) -> Result<ChatRequest, DecodeFault> {
    let mut members = proto::as_message(body).ok_or(DecodeFault::Field { field: "body", due: "an object" })?;
    let mut request = ChatRequest::new(WireFormat::GenerateContent, model, streaming);
    contents::read(&mut members, &mut request)?;
    tools::read(&mut members, &mut request)?;
    tools::read_pick(&mut members, &mut request);
    config::read(&mut members, &mut request);
    request.extra = members;
    Ok(request)
}
