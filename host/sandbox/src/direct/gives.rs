//! What host functions answer, on its way to a guest.

use super::content::Content;
use super::parcel::Given;
use crate::contract::{AllText, Piece, Text};
use bytes::Bytes;
use std::sync::Arc;

/// A type of the contract that host functions answer.
pub(crate) trait Gives {
    /// The value on its way.
    fn gives(self) -> Given;
}

impl Gives for Arc<str> {
    fn gives(self) -> Given {
        Given::Plain(Content::Name(self))
    }
}

impl Gives for &'static str {
    fn gives(self) -> Given {
        Given::Plain(Content::Fixed(self))
    }
}

impl Gives for Bytes {
    fn gives(self) -> Given {
        Given::Plain(Content::Bytes(self))
    }
}

impl Gives for Arc<[Text]> {
    fn gives(self) -> Given {
        Given::Plain(Content::Texts(self))
    }
}

impl Gives for Arc<[Piece]> {
    fn gives(self) -> Given {
        Given::Plain(Content::Pieces(self))
    }
}

impl Gives for AllText {
    fn gives(self) -> Given {
        Given::Plain(Content::AllText(self))
    }
}

impl Gives for Vec<String> {
    fn gives(self) -> Given {
        Given::Plain(Content::Strings(self))
    }
}

impl Gives for Vec<(String, String)> {
    fn gives(self) -> Given {
        Given::Plain(Content::Pairs(self))
    }
}

impl Gives for Option<String> {
    fn gives(self) -> Given {
        self.map_or(Given::Byte(0), |text| Given::Tagged(Content::Text(text)))
    }
}

impl Gives for Option<Bytes> {
    fn gives(self) -> Given {
        self.map_or(Given::Byte(0), |bytes| Given::Tagged(Content::Bytes(bytes)))
    }
}

impl Gives for Result<(), String> {
    fn gives(self) -> Given {
        match self {
            Ok(()) => Given::Byte(0),
            Err(why) => Given::Tagged(Content::Text(why)),
        }
    }
}

impl Gives for Result<bool, String> {
    fn gives(self) -> Given {
        match self {
            Ok(truth) => Given::Truth(truth),
            Err(why) => Given::Tagged(Content::Text(why)),
        }
    }
}

impl Gives for Result<i64, String> {
    fn gives(self) -> Given {
        match self {
            Ok(number) => Given::Number(number),
            Err(why) => Given::Wide(Content::Text(why)),
        }
    }
}
