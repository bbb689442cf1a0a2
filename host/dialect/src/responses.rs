//! OpenAI's responses (API reference, "Responses"), read into the canonical form and written of it.
