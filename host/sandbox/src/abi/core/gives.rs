//! What host functions answer, on its way to a guest.

use super::content::LoweredContent;
use super::lowering::ReplyLayout;
use crate::abi::contract::{AllText, Piece, Text};
use bytes::Bytes;
use std::sync::Arc;

/// A type of the contract that host functions answer.
pub(crate) trait Gives {
    /// The value on its way.
    fn gives(self) -> ReplyLayout;
}

impl Gives for Arc<str> {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Name(self))
    }
}

impl Gives for &'static str {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Fixed(self))
    }
}

impl Gives for Bytes {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Bytes(self))
    }
}

impl Gives for Arc<[Text]> {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Texts(self))
    }
}

impl Gives for Arc<[Piece]> {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Pieces(self))
    }
}

impl Gives for AllText {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::AllText(self))
    }
}

impl Gives for Vec<String> {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Strings(self))
    }
}

impl Gives for Vec<(String, String)> {
    fn gives(self) -> ReplyLayout {
        ReplyLayout::Plain(LoweredContent::Pairs(self))
    }
}

impl Gives for Option<String> {
    fn gives(self) -> ReplyLayout {
        self.map_or(ReplyLayout::Byte(0), |text| ReplyLayout::Tagged(LoweredContent::Text(text)))
    }
}

impl Gives for Option<Bytes> {
    fn gives(self) -> ReplyLayout {
        self.map_or(ReplyLayout::Byte(0), |bytes| ReplyLayout::Tagged(LoweredContent::Bytes(bytes)))
    }
}

impl Gives for Result<(), String> {
    fn gives(self) -> ReplyLayout {
        match self {
            Ok(()) => ReplyLayout::Byte(0),
            Err(why) => ReplyLayout::Tagged(LoweredContent::Text(why)),
        }
    }
}

impl Gives for Result<bool, String> {
    fn gives(self) -> ReplyLayout {
        match self {
            Ok(truth) => ReplyLayout::Truth(truth),
            Err(why) => ReplyLayout::Tagged(LoweredContent::Text(why)),
        }
    }
}

impl Gives for Result<i64, String> {
    fn gives(self) -> ReplyLayout {
        match self {
            Ok(number) => ReplyLayout::Number(number),
            Err(why) => ReplyLayout::Wide(LoweredContent::Text(why)),
        }
    }
}
