//! Amazon Bedrock's conversations (Bedrock runtime API reference, Converse and ConverseStream), read into the canonical form and written of it.
