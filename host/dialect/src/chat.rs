//! OpenAI's chat completions, as OpenAI and many others speak them (API reference, "Chat Completions"), read into the canonical form and written of it.
