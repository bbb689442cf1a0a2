//! Anthropic's messages (Anthropic API reference, Messages), read into the canonical form and written of it.
