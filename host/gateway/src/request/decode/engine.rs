//! The decoders behind one face: some bytes go in, some come out, and neither is more than was offered.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState};
use flate2::{Decompress, FlushDecompress, Status};

use super::coding::Coding;
use super::malformed::NotOfCoding;
use super::workspace::DecodeMemory;
use super::zstd::Zstd;

/// A gzip file may be several of them, one behind the other (RFC 1952 section 2.2); each costs some time to begin.
const MEMBERS: usize = 1_000;
/// The window of gzip and zlib, as a power of two (RFC 1951 section 2).
const WINDOW: u8 = 15;
/// Bytes that decoding either takes: the window, and the tables.
const INFLATE: usize = 52 << 10;
/// Bytes of a brotli decoder besides what it asks the workspace for.
const BROTLI: usize = size_of::<Brotli>();

type Brotli = BrotliState<DecodeMemory, DecodeMemory, DecodeMemory>;

/// A decoder.
pub(super) enum Engine {
    Gzip {
        inflate: Decompress,
        members: usize,
        whole: bool,
    },
    /// `deflate` is the zlib format (RFC 9110 section 8.4.1.2); some send the bare one, which its first bytes tell.
    Deflate {
        inflate: Option<Decompress>,
        first: Option<u8>,
        whole: bool,
    },
    Brotli {
        state: Box<Brotli>,
        whole: bool,
    },
    Zstd(Zstd),
}

impl Engine {
    /// Bytes that one takes before anything has come.
    pub(super) fn least(coding: Coding) -> usize {
        match coding {
            Coding::Gzip | Coding::Deflate => INFLATE,
            Coding::Brotli => BROTLI,
            Coding::Zstd => Zstd::LEAST,
        }
    }

    /// A decoder in a workspace where [`Self::least`] is counted.
    pub(super) fn new(coding: Coding, workspace: &DecodeMemory, is_stream: bool) -> Self {
        let whole = false;
        let own = || workspace.clone();
        match coding {
            Coding::Gzip => Self::Gzip { inflate: Decompress::new_gzip(WINDOW), members: 0, whole },
            Coding::Deflate => Self::Deflate { inflate: None, first: None, whole },
            Coding::Brotli => Self::Brotli { state: Box::new(Brotli::new_strict(own(), own(), own())), whole },
            Coding::Zstd => Self::Zstd(Zstd::new(own(), is_stream)),
        }
    }

    /// Whether what has gone in is surely of its coding, although nothing may have come out.
    pub(super) fn has_begun(&self) -> bool {
        match self {
            Self::Gzip { .. } | Self::Deflate { .. } | Self::Brotli { .. } => false,
            Self::Zstd(zstd) => zstd.has_begun(),
        }
    }

    /// Bytes of what came out that it keeps although it need not.
    pub(super) fn kept(&self) -> usize {
        match self {
            Self::Gzip { .. } | Self::Deflate { .. } | Self::Brotli { .. } => 0,
            Self::Zstd(zstd) => zstd.kept(),
        }
    }

    /// Whether what has gone in is all of something.
    pub(super) fn is_whole(&self) -> bool {
        match self {
            Self::Gzip { whole, .. } | Self::Deflate { whole, .. } | Self::Brotli { whole, .. } => *whole,
            Self::Zstd(zstd) => zstd.is_whole(),
        }
    }

    /// Decodes some of `input` into `output`, and says how much went in and how much came out.
    pub(super) fn decode(&mut self, input: &[u8], output: &mut [u8]) -> Result<(usize, usize), NotOfCoding> {
        match self {
            Self::Gzip { inflate, members, whole } => {
                if *whole && !input.is_empty() {
                    *members += 1;
                    if *members >= MEMBERS {
                        return Err(NotOfCoding);
                    }
                    (*inflate, *whole) = (Decompress::new_gzip(WINDOW), false);
                }
                run(inflate, input, output, whole)
            }
            Self::Deflate { inflate, first, whole } => deflate((inflate, first), input, output, whole),
            Self::Brotli { state, whole } => brotli(state, input, output, whole),
            Self::Zstd(zstd) => zstd.decode(input, output),
        }
    }
}

/// Runs zlib once. Behind the end nothing goes in.
fn run(
    inflate: &mut Decompress,
    input: &[u8],
    output: &mut [u8],
    whole: &mut bool,
) -> Result<(usize, usize), NotOfCoding> {
    if *whole {
        return Ok((0, 0));
    }
    let (before_in, before_out) = (inflate.total_in(), inflate.total_out());
    let status = inflate.decompress(input, output, FlushDecompress::None).map_err(|_| NotOfCoding)?;
    *whole = matches!(status, Status::StreamEnd);
    let moved = |now: u64, before: u64| usize::try_from(now.saturating_sub(before)).unwrap_or(usize::MAX);
    Ok((moved(inflate.total_in(), before_in), moved(inflate.total_out(), before_out)))
}

fn deflate(
    (inflate, first): (&mut Option<Decompress>, &mut Option<u8>),
    input: &[u8],
    output: &mut [u8],
    whole: &mut bool,
) -> Result<(usize, usize), NotOfCoding> {
    if let Some(inflate) = inflate {
        return run(inflate, input, output, whole);
    }
    let (one, two) = match (*first, input) {
        (None, [one]) => {
            *first = Some(*one);
            return Ok((1, 0));
        }
        (None, [one, two, ..]) => (*one, *two),
        (Some(one), [two, ..]) => (one, *two),
        (_, []) => return Ok((0, 0)),
    };
    // RFC 1950 section 2.2: method 8, and the two bytes as a number are a multiple of 31.
    let is_zlib = one & 15 == 8 && (u16::from(one) << 8 | u16::from(two)).is_multiple_of(31);
    let inflate = inflate.insert(Decompress::new(is_zlib));
    if first.is_some() {
        run(inflate, &[one], output, whole)?;
    }
    run(inflate, input, output, whole)
}

fn brotli(
    state: &mut Brotli,
    input: &[u8],
    output: &mut [u8],
    whole: &mut bool,
) -> Result<(usize, usize), NotOfCoding> {
    if *whole {
        return Ok((0, 0));
    }
    let (mut left_in, mut taken) = (input.len(), 0);
    let (mut left_out, mut given) = (output.len(), 0);
    let result =
        BrotliDecompressStream(&mut left_in, &mut taken, input, &mut left_out, &mut given, output, &mut 0, state);
    match result {
        BrotliResult::ResultFailure => return Err(NotOfCoding),
        BrotliResult::ResultSuccess => *whole = true,
        BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
    }
    Ok((taken, given))
}
