//! International bank account numbers (ISO 13616): in one piece in any case, or in groups of four in capitals.

use crate::chars;
use crate::kinds::{Found, Kind, Kinds, Verdict};

/// Countries and the length of their numbers, five bytes each, from the SWIFT registry of ISO 13616.
const LENGTHS: &str = "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 \
    EE20 EG29 ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 \
    KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 \
    PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30 ";

/// Looks whether one begins with the run `at..end`, which is whole.
pub(crate) fn at(text: &str, at: usize, end: usize, kinds: Kinds, last: bool) -> Verdict {
    if !kinds.iban {
        return Verdict::No;
    }
    let run = text.get(at..end).unwrap_or_default();
    let start = at + run.len() - run.trim_start_matches(chars::is_sign).len();
    let (core, trailing) = split(text.get(start..end).unwrap_or_default());
    let Some(length) = length(core) else { return Verdict::No };
    if !chars::only_trailing(trailing) {
        return Verdict::No;
    }
    if core.len() == length {
        return decide(core.bytes(), start, start + length);
    }
    if core.len() != 4 || !trailing.is_empty() {
        return Verdict::No;
    }
    grouped(text, start, end, length, last)
}

/// The leading letters and digits, and what comes after them.
fn split(piece: &str) -> (&str, &str) {
    let end = piece.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(piece.len());
    piece.split_at_checked(end).unwrap_or((piece, ""))
}

/// The length that a number with this beginning has.
fn length(core: &str) -> Option<usize> {
    // Hardly a word looks like this.
    let [a, b, c, d] = *core.as_bytes().first_chunk()?;
    if !(c.is_ascii_digit() && d.is_ascii_digit() && a.is_ascii_alphabetic() && b.is_ascii_alphabetic()) {
        return None;
    }
    let country = [a.to_ascii_uppercase(), b.to_ascii_uppercase()];
    let (entries, _) = LENGTHS.as_bytes().as_chunks::<5>();
    let [_, _, tens, ones, _] = entries.iter().find(|entry| entry.starts_with(&country))?;
    Some(usize::from(tens - b'0') * 10 + usize::from(ones - b'0'))
}

/// The groups after the first, of four characters each but for the last, with one space between.
fn grouped(text: &str, start: usize, first_end: usize, length: usize, last: bool) -> Verdict {
    let mut digits = text.get(start..first_end).unwrap_or_default().to_owned();
    let mut end = first_end;
    while digits.len() < length {
        let mut rest = chars::from(text, end).chars();
        match rest.next() {
            Some(c) if chars::is_space(c) => {}
            None if !last => return Verdict::Open(start),
            _ => return Verdict::No,
        }
        let group_start = text.len() - rest.as_str().len();
        let run_end = chars::run(text, group_start).end;
        let wanted = (length - digits.len()).min(4);
        let (core, trailing) = split(text.get(group_start..run_end).unwrap_or_default());
        let final_group = digits.len() + wanted == length;
        let fits = core.len() <= wanted
            && !core.bytes().any(|b| b.is_ascii_lowercase())
            && if final_group && core.len() == wanted { chars::only_trailing(trailing) } else { trailing.is_empty() };
        if !fits {
            return Verdict::No;
        }
        if run_end == text.len() && !last {
            return Verdict::Open(start);
        }
        if core.len() < wanted {
            return Verdict::No;
        }
        digits.push_str(core);
        end = group_start + wanted;
    }
    decide(digits.bytes(), start, end)
}

/// ISO 7064 MOD 97-10: the first four characters moved to the end, letters as numbers from 10 on, the rest is 1.
fn decide(number: impl Iterator<Item = u8> + Clone, start: usize, end: usize) -> Verdict {
    let turned = number.clone().skip(4).chain(number.take(4));
    let rest = turned.fold(0u32, |rest, byte| match byte {
        b'0'..=b'9' => (rest * 10 + u32::from(byte - b'0')) % 97,
        _ => (rest * 100 + u32::from(byte.to_ascii_uppercase() - b'A') + 10) % 97,
    });
    if rest == 1 { Verdict::Is(Found { start, end, kind: Kind::Iban }) } else { Verdict::No }
}
