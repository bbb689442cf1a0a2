//! The functions of the host that plugins may call: the one table of them.
//!
//! What is made of it: an enum of each interface's functions, over which the sandbox matches to say what each of them does, so that
//! none is left out and none is joined that is not here; the driver's signatures, for plugins that are called directly; what
//! needs a grant. A test holds the table to the contract's text, which is where a function and its types are defined.

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests;

/// What one parameter is in WebAssembly; a record is one for each of its fields.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostParam {
    /// A string: its place and its length.
    Text,
    /// A list, likewise.
    List,
    /// `i32`: numbers of up to 32 bits, truth values, enums.
    I32,
    /// `i64`: numbers of 64 bits.
    I64,
}

impl HostParam {
    /// Its core types, `p` for `i32` and `n` for `i64`.
    pub(crate) const fn flat(self) -> &'static str {
        match self {
            Self::Text | Self::List => "pp",
            Self::I32 => "p",
            Self::I64 => "n",
        }
    }
}

/// How a function answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HostReturn {
    /// Not at all.
    Nothing,
    /// With an `i32`.
    I32,
    /// With an `i64`.
    I64,
    /// In the guest's memory, where its last parameter says.
    Memory,
    /// Likewise, and the guest waits for it: only the component layer can have it do so.
    Awaited,
}

/// Who may import an interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum OpenTo {
    /// Every plugin: it lends the data of the call at hand.
    All,
    /// Those that the operator granted it, by its name.
    Granted,
}

/// Makes the table's types of its rows.
macro_rules! host_functions {
    ($(
        $(#[doc = $about:literal])+
        $open_to:ident $interface:ident $interface_name:literal $functions:ident {
            $($function:ident: $name:literal($($param:ident),*) -> $answer:ident;)+
        }
    )+) => {
        /// An interface of the contract that plugins import.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum HostInterface {
            $($(#[doc = $about])+ $interface,)+
        }

        impl HostInterface {
            /// All of them, in the contract's order.
            pub const ALL: &'static [Self] = &[$(Self::$interface),+];

            /// Its name in the contract, and that of its grant if it needs one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$interface => $interface_name,)+
                }
            }

            /// As components import it.
            #[must_use]
            pub const fn import(self) -> &'static str {
                match self {
                    $(Self::$interface => concat!("weir:plugin/", $interface_name, "@0.1.0"),)+
                }
            }

            const fn open_to(self) -> OpenTo {
                match self {
                    $(Self::$interface => OpenTo::$open_to,)+
                }
            }

            /// Its functions, in the contract's order.
            #[must_use]
            pub const fn functions(self) -> &'static [HostFunction] {
                match self {
                    $(Self::$interface => &[$(HostFunction::$interface($functions::$function)),+],)+
                }
            }
        }

        $(
            #[doc = concat!("Functions of `", $interface_name, "`; the contract says what they do.")]
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum $functions {
                $(
                    #[doc = concat!("`", $interface_name, ".", $name, "`.")]
                    $function,
                )+
            }
        )+

        /// A function of the host, by its interface.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum HostFunction {
            $($(#[doc = $about])+ $interface($functions),)+
        }

        impl HostFunction {
            const fn row(self) -> (HostInterface, &'static str, &'static [HostParam], HostReturn) {
                match self {
                    $($(
                        Self::$interface($functions::$function) =>
                            (HostInterface::$interface, $name, &[$(HostParam::$param),*], HostReturn::$answer),
                    )+)+
                }
            }
        }
    };
}

host_functions! {
    /// `request`: the client's request.
    All Request "request" RequestFunction {
        Tenant: "tenant"() -> Memory;
        Id: "id"() -> Memory;
        Model: "model"() -> Memory;
        Dialect: "dialect"() -> Memory;
        Header: "header"(Text) -> Memory;
        Headers: "headers"() -> Memory;
        SetHeader: "set-header"(Text, Text) -> Memory;
        RemoveHeader: "remove-header"(Text) -> Memory;
        Get: "get"(Text) -> Memory;
        Set: "set"(Text, Text) -> Memory;
        Remove: "remove"(Text) -> Memory;
        Texts: "texts"() -> Memory;
        SetText: "set-text"(I32, Text) -> Memory;
        Body: "body"() -> Memory;
        SetBody: "set-body"(List) -> Memory;
        Pieces: "pieces"() -> Memory;
        SetPiece: "set-piece"(I32, Text) -> Memory;
        AllText: "all-text"() -> Memory;
        PiecePointer: "piece-pointer"(I32) -> Memory;
    }

    /// `upstream`: who is asked.
    All Upstream "upstream" UpstreamFunction {
        Provider: "provider"() -> Memory;
        Model: "model"() -> Memory;
    }

    /// `reply`: the whole response.
    All Reply "reply" ReplyFunction {
        Header: "header"(Text) -> Memory;
        SetHeader: "set-header"(Text, Text) -> Memory;
        Get: "get"(Text) -> Memory;
        Set: "set"(Text, Text) -> Memory;
        Texts: "texts"() -> Memory;
        SetText: "set-text"(I32, Text) -> Memory;
        Body: "body"() -> Memory;
        SetBody: "set-body"(List) -> Memory;
        Pieces: "pieces"() -> Memory;
        SetPiece: "set-piece"(I32, Text) -> Memory;
        AllText: "all-text"() -> Memory;
        PiecePointer: "piece-pointer"(I32) -> Memory;
    }

    /// `events`: the events of the call at hand.
    All Events "events" EventsFunction {
        Data: "data"(I32) -> Memory;
        Pieces: "pieces"() -> Memory;
        SetPiece: "set-piece"(I32, Text) -> Memory;
        AllText: "all-text"() -> Memory;
        PiecePointer: "piece-pointer"(I32) -> Memory;
        Plain: "plain"() -> I32;
        Finished: "finished"() -> I32;
    }

    /// `notes`: what a plugin keeps of a request between its calls.
    All Notes "notes" NotesFunction {
        Get: "get"(Text) -> Memory;
        Set: "set"(Text, List) -> Memory;
    }

    /// `log`: lines in the gateway's log.
    Granted Log "log" LogFunction {
        Write: "write"(I32, Text) -> Nothing;
    }

    /// `counters`: counters in the gateway's metrics.
    Granted Counters "counters" CountersFunction {
        Add: "add"(Text, I64) -> Nothing;
    }

    /// `kv`: a small store for each plugin and tenant.
    Granted Kv "kv" KvFunction {
        Get: "get"(Text) -> Memory;
        Set: "set"(Text, List, I64) -> Memory;
        Increment: "increment"(Text, I64, I64) -> Memory;
        Delete: "delete"(Text) -> I32;
    }

    /// `clock`: the time, coarse.
    Granted Clock "clock" ClockFunction {
        NowMs: "now-ms"() -> I64;
    }

    /// `random`: random bytes.
    Granted Random "random" RandomFunction {
        Bytes: "bytes"(I32) -> Memory;
    }

    /// `secrets`: what the operator hands to a plugin by name.
    Granted Secrets "secrets" SecretsFunction {
        Get: "get"(Text) -> Memory;
    }

    /// `callouts`: HTTP requests to where the operator allows it.
    Granted Callouts "callouts" CalloutsFunction {
        Send: "send"(Text, Text, List, List, I32) -> Awaited;
    }
}

/// The interface of the contract that has types and no functions. Others' types may show as an import, too.
const TYPES: &str = "types";

impl HostInterface {
    /// The interface of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|interface| interface.name() == name)
    }

    /// Whether only those may import it whom the operator granted it.
    #[must_use]
    pub fn needs_grant(self) -> bool {
        self.open_to() == OpenTo::Granted
    }

    /// Whether an import of this name is one that every plugin may have, of the interfaces that are the host's.
    #[must_use]
    pub fn is_lent(name: &str) -> bool {
        name == TYPES || Self::named(name).is_some_and(|interface| !interface.needs_grant())
    }
}

impl HostFunction {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        HostInterface::ALL.iter().flat_map(|interface| interface.functions()).copied()
    }

    /// The function that core modules import under two names: `weir:plugin/request@0.1.0` and `header`.
    #[must_use]
    pub fn imported(interface: &str, name: &str) -> Option<Self> {
        let interface = HostInterface::ALL.iter().find(|known| known.import() == interface)?;
        interface.functions().iter().copied().find(|function| function.name() == name)
    }

    /// Its interface.
    #[must_use]
    pub const fn interface(self) -> HostInterface {
        self.row().0
    }

    /// Its name in its interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().1
    }

    /// What it takes, the place of an answer in memory left out.
    #[must_use]
    pub const fn params(self) -> &'static [HostParam] {
        self.row().2
    }

    /// How it answers.
    #[must_use]
    pub const fn answer(self) -> HostReturn {
        self.row().3
    }
}
