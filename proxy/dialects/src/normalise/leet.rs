//! Digits and signs for letters, as in `b4k3`.
//!
//! A text is read this way only when one of its words proves it: `b4k3` and `5ugar` do, `1st`, `10am`,
//! `mp3`, `covid19` and `k8s` do not. Once there is proof, the words that alone prove nothing are read so too.

/// What may follow a number without making it a word.
const UNITS: [&str; 44] = [
    "st", "nd", "rd", "th", "am", "pm", "kg", "mg", "km", "cm", "mm", "nm", "ml", "cl", "ms", "ns", "min",
    "hr", "hrs", "gb", "mb", "kb", "tb", "hz", "khz", "mhz", "ghz", "kw", "kwh", "mph", "kph", "kmh", "ft",
    "lb", "lbs", "oz", "usd", "eur", "gbp", "bn", "fps", "px", "pt", "ti",
];

/// The longest word that proves anything: longer ones are keys and codes.
const LONGEST: usize = 20;

/// The letters behind the digits and signs, where some word proves that there are any.
pub(super) fn unleet(text: &str) -> Option<String> {
    let mut written = String::with_capacity(text.len());
    let (mut rest, mut proven) = (text, false);
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|character| !is_part(character)).unwrap_or(rest.len());
        let (word, after) = rest.split_at_checked(length.max(first.len_utf8()))?;
        // Signs at the end are signs.
        let core = word.trim_end_matches(['!', '|', '+']);
        if is_coded(core) {
            proven |= proves(core, after);
            written.extend(core.chars().map(letter));
            written.push_str(word.get(core.len()..).unwrap_or_default());
        } else {
            written.push_str(word);
        }
        rest = after;
    }
    proven.then_some(written)
}

/// Whether a character can stand in a coded word.
fn is_part(character: char) -> bool {
    character.is_alphanumeric() || letter(character) != character
}

fn letter(character: char) -> char {
    match character {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' | '€' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '6' | '9' => 'g',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }
}

/// Whether a word can be read as one of letters: all of its characters have one, and it is no plain number,
/// unless it is as short as `70` for `to`.
fn is_coded(word: &str) -> bool {
    let letters = word.chars().filter(char::is_ascii_alphabetic).count();
    let coded = word.chars().filter(|character| letter(*character) != *character).count();
    coded > 0 && (letters > 0 || word.len() <= 3) && letters + coded == word.chars().count()
}

/// Whether this word alone shows that digits stand for letters.
fn proves(word: &str, after: &str) -> bool {
    let is_digit = |character: char| character.is_ascii_digit() || matches!(character, '@' | '$' | '€');
    let has_vowel = word.chars().map(letter).any(|character| "aeiouyAEIOUY".contains(character));
    let plain = word.chars().all(|character| is_digit(character) || character.is_ascii_alphabetic());
    let number =
        word.starts_with("0x") || (word.len() >= 6 && word.bytes().all(|byte| byte.is_ascii_hexdigit()));
    if !has_vowel || !plain || number || word.len() > LONGEST || is_address(word, after) {
        return false;
    }
    let lead = word.find(|character: char| character.is_ascii_alphabetic()).unwrap_or_default();
    let (number, rest) = word.split_at_checked(lead).unwrap_or((word, ""));
    let begins = number.bytes().all(|byte| byte.is_ascii_digit())
        && lead > 0
        && rest.bytes().take(2).filter(u8::is_ascii_alphabetic).count() == 2
        && !UNITS.contains(&rest.to_ascii_lowercase().as_str());
    begins || stands_between(rest, is_digit)
}

/// Whether a digit, or one digit several times, stands between letters. Several different ones, as in `i18n`,
/// are a number.
fn stands_between(word: &str, is_digit: impl Fn(char) -> bool) -> bool {
    let letters = word.trim_end_matches(&is_digit);
    letters.split(|character: char| character.is_ascii_alphabetic()).any(|run| {
        let mut digits = run.chars();
        digits.next().is_some_and(|first| digits.all(|digit| digit == first))
    })
}

/// Whether a word is the name of an e-mail address and the first part of its host.
fn is_address(word: &str, after: &str) -> bool {
    let mut rest = after.chars();
    let host =
        rest.next() == Some('.') && rest.next().is_some_and(|character| character.is_ascii_alphabetic());
    host && word.split_once('@').is_some_and(|(name, host)| name.len() >= 2 && host.len() >= 2)
}
