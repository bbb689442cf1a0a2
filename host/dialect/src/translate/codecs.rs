//! Which codec is whose.

use bytes::Bytes;

use crate::canon::{
    AnswerContext, ChatAnswer, ChatRequest, DecodeFault, EventDecoder, EventEncoder, FieldLosses, RawJson, TargetRules,
};
use crate::wire::{Vendor, WireFormat};
use crate::{chat, cohere, converse, gemini, messages, ollama, responses};

/// Reads a request; of a wire whose path names the model and says whether a stream is wanted, from these.
pub(crate) fn decode_request(
    wire: WireFormat,
    body: &RawJson,
    (model, streaming): (&str, bool),
) -> Result<ChatRequest, DecodeFault> {
    match wire {
        WireFormat::Chat => chat::decode_request(body),
        WireFormat::Responses => responses::decode_request(body),
        WireFormat::Messages => messages::decode_request(body),
        WireFormat::GenerateContent => gemini::decode_request(body, model, streaming),
        WireFormat::Converse => converse::decode_request(body, model, streaming),
        WireFormat::CohereChat | WireFormat::OllamaChat => Err(DecodeFault::NoClient),
    }
}

pub(super) fn encode_request(
    wire: WireFormat,
    request: &ChatRequest,
    rules: &TargetRules,
    losses: &mut FieldLosses,
) -> Bytes {
    match wire {
        WireFormat::Chat => chat::encode_request(request, rules, losses),
        WireFormat::Responses => responses::encode_request(request, rules, losses),
        WireFormat::Messages => messages::encode_request(request, rules, losses),
        WireFormat::GenerateContent => gemini::encode_request(request, rules, losses),
        WireFormat::Converse => converse::encode_request(request, rules, losses),
        WireFormat::CohereChat => cohere::encode_request(request, rules, losses),
        WireFormat::OllamaChat => ollama::encode_request(request, rules, losses),
    }
}

pub(crate) fn decode_answer(wire: WireFormat, body: &RawJson, vendor: Vendor) -> Result<ChatAnswer, DecodeFault> {
    match wire {
        WireFormat::Chat => chat::decode_answer(body),
        WireFormat::Responses => responses::decode_answer(body),
        WireFormat::Messages => messages::decode_answer(body),
        WireFormat::GenerateContent => gemini::decode_answer(body),
        WireFormat::Converse => converse::decode_answer(body, vendor),
        WireFormat::CohereChat => cohere::decode_answer(body),
        WireFormat::OllamaChat => ollama::decode_answer(body),
    }
}

/// Writes an answer. Nobody is answered in a wire that no client speaks: what were, is a chat completion.
pub(crate) fn encode_answer(
    wire: WireFormat,
    answer: &ChatAnswer,
    context: &AnswerContext,
    losses: &mut FieldLosses,
) -> Bytes {
    match wire {
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {
            chat::encode_answer(answer, context, losses)
        }
        WireFormat::Responses => responses::encode_answer(answer, context, losses),
        WireFormat::Messages => messages::encode_answer(answer, context, losses),
        WireFormat::GenerateContent => gemini::encode_answer(answer, context, losses),
        WireFormat::Converse => converse::encode_answer(answer, context, losses),
    }
}

/// What reads a stream.
pub(crate) fn decoder(wire: WireFormat, vendor: Vendor) -> Box<dyn EventDecoder> {
    match wire {
        WireFormat::Chat => Box::new(chat::ChatWireDecoder::new()),
        WireFormat::Responses => Box::new(responses::ResponsesDecoder::new()),
        WireFormat::Messages => Box::new(messages::MessagesDecoder::new()),
        WireFormat::GenerateContent => Box::new(gemini::GeminiDecoder::new()),
        WireFormat::Converse => Box::new(converse::ConverseDecoder::new(vendor)),
        WireFormat::CohereChat => Box::new(cohere::CohereDecoder::new()),
        WireFormat::OllamaChat => Box::new(ollama::OllamaDecoder::new()),
    }
}

/// What writes a stream; as [`encode_answer`] writes what is whole.
pub(crate) fn encoder(wire: WireFormat, context: AnswerContext) -> Box<dyn EventEncoder> {
    match wire {
        WireFormat::Chat | WireFormat::CohereChat | WireFormat::OllamaChat => {
            Box::new(chat::ChatWireEncoder::new(context))
        }
        WireFormat::Responses => Box::new(responses::ResponsesEncoder::new(context)),
        WireFormat::Messages => Box::new(messages::MessagesEncoder::new(context)),
        WireFormat::GenerateContent => Box::new(gemini::GeminiEncoder::new(context)),
        WireFormat::Converse => Box::new(converse::ConverseEncoder::new(context)),
    }
}
