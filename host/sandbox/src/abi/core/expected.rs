//! What a direct call is to answer, and what it answered.

use super::lift::AnswerLifter;
use crate::abi::hook_call::HookAnswer;

/// What a call is to answer.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExpectedReturn {
    #[default]
    Started,
    Verdict,
    Routing,
    Edits,
}

/// What a call answered.
#[derive(Debug)]
pub(super) enum CoreAnswer {
    Started(Result<(), String>),
    Hook(HookAnswer),
}

impl ExpectedReturn {
    pub(super) fn read(self, reader: &mut AnswerLifter<'_>, at: u32) -> wasmtime::Result<CoreAnswer> {
        Ok(match self {
            Self::Started => CoreAnswer::Started(reader.started(at)?),
            Self::Verdict => CoreAnswer::Hook(HookAnswer::Verdict(reader.verdict(at)?)),
            Self::Routing => CoreAnswer::Hook(HookAnswer::Routing(reader.routing(at)?)),
            Self::Edits => CoreAnswer::Hook(HookAnswer::Edits(reader.edits(at)?)),
        })
    }
}
