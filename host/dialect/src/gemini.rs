//! Gemini's and Vertex AI's contents (Gemini API reference, generateContent and streamGenerateContent), read into the canonical form and written of it.
