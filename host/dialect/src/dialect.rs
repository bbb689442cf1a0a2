//! The dialects that are spoken here, and what can be asked in them.

/// What clients and providers speak. What each dialect says for itself is in `codec.rs`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// OpenAI's API, as OpenAI and many others offer it.
    OpenAi,
}

/// What can be asked of a model, in whatever dialect.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operation {
    /// To go on with a conversation, such as OpenAI's chat completions.
    Chat,
    /// To make vectors of texts, such as OpenAI's embeddings.
    Embed,
}

/// An operation as one dialect has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DialectCall {
    /// What is spoken.
    pub dialect: Dialect,
    /// What is asked.
    pub operation: Operation,
}

/// Makes of a table of calls a constant for each, the list of all, and their names in the plugin contract. The compiler asks
/// for a row for each operation of each dialect, so that none can be missing in the list.
macro_rules! calls {
    ($($(#[$doc:meta])* $call:ident = $dialect:ident $operation:ident $contract_name:literal;)*) => {
        impl DialectCall {
            $($(#[$doc])*
            pub const $call: Self = Self { dialect: Dialect::$dialect, operation: Operation::$operation };)*

            /// All that there are, in the order of the table.
            pub const ALL: [Self; [$($contract_name),*].len()] = [$(Self::$call),*];

            /// Its name in the plugin contract (`request.dialect`).
            pub fn contract_name(self) -> &'static str {
                match (self.dialect, self.operation) {
                    $((Dialect::$dialect, Operation::$operation) => $contract_name,)*
                }
            }
        }
    };
}

calls! {
    /// OpenAI's chat completions.
    OPENAI_CHAT = OpenAi Chat "openai.chat";
    /// OpenAI's embeddings.
    OPENAI_EMBED = OpenAi Embed "openai.embeddings";
}
