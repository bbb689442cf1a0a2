//! What plugins are shown of requests and answers of other wires than chat: a chat completion, the *view*, and what becomes of
//! what they change in it.

mod answer;
mod request;
mod stream;

pub use answer::AnswerView;
pub use request::{MergedRequest, RequestView};
pub use stream::{ClientFraming, ClientStream, frame};
