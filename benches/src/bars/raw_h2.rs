//! HTTP/2 frames by hand (RFC 9113), for what no library would send.

/// What a client says first: the preface, and SETTINGS of none.
pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00";
/// The length of a frame's head.
const HEAD: usize = 9;

/// Frames that ask for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ControlFrame {
    Settings,
    Ping,
    Priority,
    WindowUpdate,
}

impl ControlFrame {
    pub(super) const ALL: [Self; 4] = [Self::Settings, Self::Ping, Self::Priority, Self::WindowUpdate];

    /// The frame's bytes.
    pub(super) fn bytes(self) -> Vec<u8> {
        match self {
            Self::Settings => frame(0x4, 0, &[]),
            Self::Ping => frame(0x6, 0, b"8 octets"),
            // Of a stream that does not exist, after none, with the usual weight.
            Self::Priority => frame(0x2, 1, &[0, 0, 0, 0, 15]),
            Self::WindowUpdate => frame(0x8, 0, &[0, 0, 0, 1]),
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Settings => "SETTINGS",
            Self::Ping => "PING",
            Self::Priority => "PRIORITY",
            Self::WindowUpdate => "WINDOW_UPDATE",
        }
    }
}

fn frame(kind: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u8::try_from(payload.len()).unwrap_or(u8::MAX);
    [&[0, 0, length, kind, 0, 0, 0, 0, stream], payload].concat()
}

/// Frames that come back, found in pieces of any size.
#[derive(Debug, Default)]
pub(super) struct Frames {
    held: Vec<u8>,
    /// Whether a GOAWAY was among them.
    pub(super) goaway: bool,
}

impl Frames {
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.held.extend_from_slice(bytes);
        let mut at = 0;
        while let Some(head) = self.held.get(at..at + HEAD) {
            let [a, b, c, kind, ..] = *head else { break };
            let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
            if self.held.len() < at + HEAD + length {
                break;
            }
            self.goaway |= kind == 0x7;
            at += HEAD + length;
        }
        self.held.drain(..at);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_have_the_lengths_that_the_protocol_gives_them() {
        let lengths = ControlFrame::ALL.map(|control| control.bytes().len());
        assert_eq!(lengths, [HEAD, HEAD + 8, HEAD + 5, HEAD + 4]);
        for control in ControlFrame::ALL {
            let bytes = control.bytes();
            assert_eq!(bytes.get(2).map(|length| usize::from(*length)), Some(bytes.len() - HEAD));
        }
    }

    #[test]
    fn a_goaway_is_found_however_it_comes_and_nothing_else_is_one() {
        let settings = ControlFrame::Settings.bytes();
        let others = [settings.clone(), ControlFrame::Ping.bytes(), frame(0x9, 0, &[7, 7, 7])].concat();
        let goaway = [others.clone(), frame(0x7, 0, &[0; 8])].concat();
        for size in 1..goaway.len() {
            let (mut with, mut without) = (Frames::default(), Frames::default());
            goaway.chunks(size).for_each(|piece| with.take(piece));
            others.chunks(size).for_each(|piece| without.take(piece));
            assert!(with.goaway && !without.goaway, "pieces of {size}");
        }
    }
}
