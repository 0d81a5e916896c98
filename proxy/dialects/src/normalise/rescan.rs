//! Simple codes, tried only where there is a sign of one.
//!
//! The signs are cheap and lean to yes: a reading that was not meant costs a classification, one that was
//! missed is a way around the guard. Codes inside of codes are followed to a small depth.

use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::leet::unleet;
use super::{Code, Normalised, Reading};

/// The shortest run of base64 or hexadecimal digits that is decoded.
const MIN_RUN: usize = 16;
/// The longest escape of HTML that is read, `&#x10FFFF;`, with a few zeros before it.
const MAX_ENTITY: usize = 16;
/// Letters of one word that stand apart and prove that it is meant: an abbreviation, or `x, y, z`, has fewer.
const MIN_APART: usize = 4;
/// How deep codes inside of codes are followed.
const MAX_DEPTH: u32 = 3;

/// The words that English text can hardly do without.
const COMMON: [&str; 40] = [
    "the", "to", "of", "and", "a", "in", "is", "you", "that", "it", "for", "on", "are", "with", "as", "i",
    "me", "my", "be", "at", "this", "have", "from", "or", "how", "what", "can", "do", "not", "your", "make",
    "give", "tell", "write", "step", "by", "all", "about", "please", "explain",
];

pub(super) fn rescan(original: &str, plain: &Normalised) -> Vec<Reading> {
    let mut readings = Vec::new();
    let whole = 0..original.len();
    let mut add = |code, text: Option<String>| {
        if let Some(text) = text.filter(|text| *text != plain.text) {
            let says_all = code != Code::VariationSelectors;
            readings.push(Reading { code, text, range: whole.clone(), whole: says_all });
        }
    };
    add(Code::Leetspeak, unleet(&plain.text));
    add(Code::Spaced, unspace(&plain.text));
    add(Code::Rot13, by_words(&plain.text, turn));
    add(Code::Reversed, by_words(&plain.text, |text| text.chars().rev().collect()));
    add(Code::Escaped, unescape(&plain.text));
    add(Code::VariationSelectors, hidden_bytes(original));
    add(Code::Decoded, decoded(&plain.text, 0));
    for (code, run, text) in runs(&plain.text, 0) {
        let whole = run.len() == plain.text.trim().len();
        readings.push(Reading { code, text, range: plain.original(run), whole });
    }
    readings
}

/// The text with what its coded runs say in place of them, so that a verb outside of a code meets its object
/// inside; none where there is no run.
fn decoded(text: &str, depth: u32) -> Option<String> {
    let (mut written, mut end) = (String::with_capacity(text.len()), 0);
    for (_, run, said) in outer_runs(text) {
        written.push_str(text.get(end..run.start).unwrap_or_default());
        let deeper = if depth < MAX_DEPTH { decoded(&said, depth + 1) } else { None };
        written.push_str(&deeper.unwrap_or(said));
        end = run.end;
    }
    written.push_str(text.get(end..).unwrap_or_default());
    (end > 0).then_some(written)
}

/// How many of the words are common ones.
fn common_words(text: &str) -> usize {
    let words = text.split(|character: char| !character.is_alphabetic());
    words.filter(|word| COMMON.iter().any(|common| common.eq_ignore_ascii_case(word))).count()
}

/// The other reading of a text, or of single sentences in it, when that has the common words that the text
/// itself lacks. Whoever asks in a code often says so in plain words before.
fn by_words(text: &str, read: impl Fn(&str) -> String) -> Option<String> {
    const ENDS: [char; 12] = ['.', ':', ';', '!', '?', '\n', '"', '(', ')', '`', '“', '”'];
    let other = read(text);
    // `a` and `n` are each other's turn, so one word alone proves nothing.
    if is_meant(text, &other, 3) {
        return Some(other);
    }
    let mut changed = false;
    let mut written = String::with_capacity(text.len());
    for sentence in text.split_inclusive(ENDS) {
        let core = sentence.trim_end_matches(ENDS);
        let other = read(core);
        let take = is_meant(core, &other, 0);
        changed |= take;
        written.push_str(if take { &other } else { core });
        written.push_str(sentence.get(core.len()..).unwrap_or_default());
    }
    changed.then_some(written)
}

/// Whether a text is meant to be read otherwise; one common word is enough only for so many words.
fn is_meant(text: &str, other: &str, few: usize) -> bool {
    let words = other.split_whitespace().count();
    let (here, there) = (common_words(text), common_words(other));
    there > 2 * here && (there >= 2 || words <= few) && there * 8 >= words
}

fn turn(text: &str) -> String {
    let turn = |first: u8, letter: u8| char::from((letter - first + 13) % 26 + first);
    text.chars()
        .map(|character| match u8::try_from(character) {
            Ok(letter @ b'a'..=b'z') => turn(b'a', letter),
            Ok(letter @ b'A'..=b'Z') => turn(b'A', letter),
            _ => character,
        })
        .collect()
}

/// Words whose letters stand apart, by spaces or by one and the same sign. Where a longer word does, the
/// short ones with that sign do so too.
fn unspace(text: &str) -> Option<String> {
    const SIGNS: [char; 12] = [' ', '.', '-', '_', '*', '/', '|', ',', '\n', '\t', '+', '~'];
    let (_, used) = join_letters(text, 3, &SIGNS);
    let enough = |(sign, letters): &(char, usize)| {
        *letters >= MIN_APART || (*letters > 0 && ['-', '_', '~', '|'].contains(sign))
    };
    let together = used.iter().map(|(_, letters)| letters).sum::<usize>();
    let proven = used.iter().any(enough) || together > MIN_APART;
    proven.then(|| {
        let signs: Vec<char> = used.iter().map(|(sign, _)| *sign).collect();
        let (joined, _) = join_letters(text, 1, &signs);
        // What separates words is wider than what separates letters; one space is enough to keep them apart.
        joined.split_whitespace().collect::<Vec<_>>().join(" ")
    })
}

/// Joins single letters with the same sign between them to words of at least so many, drops the sign that
/// such a word ends with, and tells which signs it has met, with how many letters each.
fn join_letters(text: &str, fewest: usize, signs: &[char]) -> (String, Vec<(char, usize)>) {
    let characters: Vec<char> = text.chars().collect();
    let at = |place: usize| characters.get(place).copied();
    let is_letter = |place: usize| at(place).is_some_and(char::is_alphanumeric);
    let (mut written, mut place, mut used) = (String::with_capacity(text.len()), 0, Vec::new());
    while let Some(character) = at(place) {
        let alone = is_letter(place) && (place == 0 || !is_letter(place - 1)) && !is_letter(place + 1);
        let sign = at(place + 1).filter(|sign| alone && signs.contains(sign));
        let Some(sign) = sign else {
            written.push(character);
            place += 1;
            continue;
        };
        let (mut word, mut next) = (String::from(character), place + 1);
        while at(next) == Some(sign) && is_letter(next + 1) && !is_letter(next + 2) {
            word.extend(at(next + 1));
            next += 2;
        }
        if word.chars().count() < fewest {
            written.push(character);
            place += 1;
            continue;
        }
        let letters = word.chars().filter(|character| character.is_alphabetic()).count();
        // In a row of figures there is no word, though one or two may stand for letters; and `U.S.A.` hides none.
        let short = word.chars().count() < MIN_APART && word.chars().all(char::is_uppercase);
        used.push((sign, if letters < 2 || short { 0 } else { word.chars().count() }));
        written.push_str(&word);
        place = if at(next) == Some(sign) && sign != ' ' { next + 1 } else { next };
    }
    (written, used)
}

/// Escapes of JSON, URLs and HTML, undone.
fn unescape(text: &str) -> Option<String> {
    let signs = ["\\u", "\\x", "&#"].iter().any(|sign| text.contains(sign)) || text.matches('%').count() >= 3;
    if !signs {
        return None;
    }
    let mut bytes: Vec<u8> = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some((character, length)) = escape_at(rest) {
            let mut encoded = [0; 4];
            match character {
                Escape::Byte(byte) => bytes.push(byte),
                Escape::Character(character) => {
                    bytes.extend_from_slice(character.encode_utf8(&mut encoded).as_bytes());
                }
            }
            rest = rest.get(length..).unwrap_or_default();
        } else {
            let mut encoded = [0; 4];
            bytes.extend_from_slice(first.encode_utf8(&mut encoded).as_bytes());
            rest = rest.get(first.len_utf8()..).unwrap_or_default();
        }
    }
    let written = String::from_utf8_lossy(&bytes).into_owned();
    (written != text).then_some(written)
}

enum Escape {
    Byte(u8),
    Character(char),
}

/// The escape that a text begins with, and its length.
fn escape_at(text: &str) -> Option<(Escape, usize)> {
    let hexadecimal = |start: usize, digits: usize| {
        let digits = text.get(start..start + digits)?;
        u32::from_str_radix(digits, 16).ok().filter(|_| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    if text.starts_with("\\u") {
        return Some((Escape::Character(char::from_u32(hexadecimal(2, 4)?)?), 6));
    }
    if text.starts_with("\\x") {
        return Some((Escape::Byte(u8::try_from(hexadecimal(2, 2)?).ok()?), 4));
    }
    if text.starts_with('%') {
        return Some((Escape::Byte(u8::try_from(hexadecimal(1, 2)?).ok()?), 3));
    }
    // No further than an escape is long: the end of one that never ends would be sought in all of the text.
    let digits = text.strip_prefix("&#")?;
    let end = digits.bytes().take(MAX_ENTITY).position(|byte| byte == b';')?;
    let number = digits.get(..end)?;
    let code = match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16),
        None => number.parse(),
    };
    Some((Escape::Character(char::from_u32(code.ok()?)?), number.len() + 3))
}

/// Bytes that variation selectors carry, one each.
fn hidden_bytes(text: &str) -> Option<String> {
    let byte = |character: char| match u32::from(character) {
        code @ 0xFE00..=0xFE0F => u8::try_from(code - 0xFE00).ok(),
        code @ 0xE0100..=0xE01EF => u8::try_from(code - 0xE0100 + 16).ok(),
        _ => None,
    };
    let bytes: Vec<u8> = text.chars().filter_map(byte).collect();
    // Emoji have one or two of their own.
    let text = String::from_utf8(bytes).ok()?;
    (text.len() >= 4 && is_text(&text)).then_some(text)
}

/// Runs of base64 or hexadecimal digits that decode to text, and codes inside of them.
fn runs(text: &str, depth: u32) -> Vec<(Code, Range<usize>, String)> {
    let mut found = Vec::new();
    for (code, run, said) in outer_runs(text) {
        let inner = if depth < MAX_DEPTH { runs(&said, depth + 1) } else { Vec::new() };
        found.push((code, run.clone(), said));
        found.extend(inner.into_iter().map(|(code, _, text)| (code, run.clone(), text)));
    }
    found
}

/// Runs of digits that decode to text, codes inside of them left alone.
fn outer_runs(text: &str) -> Vec<(Code, Range<usize>, String)> {
    let is_digit = |byte: u8| byte.is_ascii_alphanumeric() || b"+/-_=".contains(&byte);
    let bytes = text.as_bytes();
    let (mut found, mut start) = (Vec::new(), 0);
    while start < bytes.len() {
        let length = bytes.iter().skip(start).take_while(|byte| is_digit(**byte)).count();
        if length >= MIN_RUN
            && let Some(run) = text.get(start..start + length)
            && let Some((code, decoded)) = decode(run)
        {
            found.push((code, start..start + length, decoded));
        }
        start += length.max(1);
    }
    found
}

fn decode(run: &str) -> Option<(Code, String)> {
    if run.len().is_multiple_of(2) && run.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bytes: Option<Vec<u8>> = run.as_bytes().chunks(2).map(pair).collect();
        if let Some(text) = bytes.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|text| is_text(text))
        {
            return Some((Code::Hexadecimal, text));
        }
    }
    let digits = run.trim_end_matches('=');
    let engine = if digits.contains(['-', '_']) { &URL_SAFE_NO_PAD } else { &STANDARD_NO_PAD };
    // A run that was cut in the middle, or has a letter too many, still says most of what it says.
    (0..4).find_map(|cut| {
        let digits = digits.get(..digits.len().checked_sub(cut)?)?;
        let text = String::from_utf8(engine.decode(digits).ok()?).ok()?;
        is_text(&text).then_some((Code::Base64, text))
    })
}

/// Whether decoded bytes are words rather than noise that happens to be UTF-8.
fn is_text(text: &str) -> bool {
    let count = text.chars().count();
    let is_word = |character: &char| character.is_alphanumeric() || character.is_whitespace();
    let words = text.chars().filter(is_word).count();
    let control = text.chars().any(|character| character.is_control() && !character.is_whitespace());
    count > 0 && !control && words * 5 >= count * 4
}
