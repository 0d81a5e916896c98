//! Character by character: what looks like a letter becomes the letter, what cannot be seen goes.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_security::confusable_detection::skeleton;

use super::Normalised;

/// Capitals that Unicode has as letters of their own and that no table counts as look-alikes.
const SMALL_CAPITALS: [(char, char); 23] = [
    ('ᴀ', 'a'),
    ('ʙ', 'b'),
    ('ᴄ', 'c'),
    ('ᴅ', 'd'),
    ('ᴇ', 'e'),
    ('ꜰ', 'f'),
    ('ɢ', 'g'),
    ('ʜ', 'h'),
    ('ɪ', 'i'),
    ('ᴊ', 'j'),
    ('ᴋ', 'k'),
    ('ʟ', 'l'),
    ('ᴍ', 'm'),
    ('ɴ', 'n'),
    ('ᴏ', 'o'),
    ('ᴘ', 'p'),
    ('ʀ', 'r'),
    ('ꜱ', 's'),
    ('ᴛ', 't'),
    ('ᴜ', 'u'),
    ('ᴠ', 'v'),
    ('ĸ', 'k'),
    ('ʍ', 'm'),
];

/// Enclosed capitals without a compatibility form: the first of 26, squared or circled.
const ENCLOSED: [u32; 3] = [0x1F150, 0x1F170, 0x1F130];

pub(super) fn fold(text: &str) -> Normalised {
    let mut folded =
        Folded { text: String::with_capacity(text.len()), origins: Vec::with_capacity(text.len()) };
    if text.is_ascii() {
        folded.text.push_str(text);
        folded.origins.extend(0..text.len());
    } else {
        let mut clusters = Clusters { text, at: 0 }.peekable();
        while let Some((start, cluster)) = clusters.next() {
            let next = clusters.peek().map(|(_, cluster)| *cluster);
            fold_cluster(cluster, start, next, &mut folded);
        }
        unmask(&mut folded);
    }
    folded.origins.push(text.len());
    Normalised { text: folded.text, origins: folded.origins }
}

/// The text so far, with the origin of each of its bytes.
struct Folded {
    text: String,
    origins: Vec<usize>,
}

// === impl Folded ===

impl Folded {
    fn push(&mut self, character: char, origin: usize) {
        self.text.push(character);
        self.origins.extend(std::iter::repeat_n(origin, character.len_utf8()));
    }
}

/// A character with the marks that follow it.
struct Clusters<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Iterator for Clusters<'t> {
    type Item = (usize, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let rest = self.text.get(self.at..)?;
        let mut characters = rest.char_indices();
        characters.next()?;
        let length = characters.find(|(_, character)| !is_mark(*character)).map_or(rest.len(), |(at, _)| at);
        let start = self.at;
        self.at += length;
        rest.get(..length).map(|cluster| (start, cluster))
    }
}

fn is_mark(character: char) -> bool {
    is_combining_mark(character) || is_invisible(character)
}

/// Characters that cannot be seen, or that only turn the direction of others.
fn is_invisible(character: char) -> bool {
    matches!(character,
        '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
        | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
        | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}'
        | '\u{E0000}'..='\u{E001F}' | '\u{E007F}'..='\u{E0FFF}')
}

/// The letters of a text in order, with one space for whatever stands between them. Characters that hide
/// count as letters; those that belong to emoji do not.
pub(super) fn words(text: &str) -> impl Iterator<Item = char> {
    let mut apart = true;
    text.nfc().filter_map(move |character| {
        let joins_emoji = matches!(character, '\u{200D}' | '\u{FE0E}' | '\u{FE0F}');
        let counts = character.is_alphabetic() || (is_invisible(character) && !joins_emoji);
        let first_apart = !counts && !apart;
        apart = !counts;
        if counts { Some(character) } else { first_apart.then_some(' ') }
    })
}

fn fold_cluster(cluster: &str, start: usize, _next: Option<&str>, folded: &mut Folded) {
    let visible: String = cluster.chars().filter(|character| !is_invisible(*character)).collect();
    let mut base = None;
    for character in visible.nfkc() {
        if is_combining_mark(character) {
            // Marks that are left over after composition: on Latin letters they are strokes and piles that
            // only hide the letter; other scripts need theirs.
            if base.is_some_and(|base: char| base.is_ascii()) {
                continue;
            }
        } else {
            base = Some(character);
        }
        folded.push(plain(character), start);
    }
}

/// Letters that are shown in another dress.
fn plain(character: char) -> char {
    let code = u32::from(character);
    if let Some(ascii) = code.checked_sub(0xE0000).filter(|ascii| (0x20..0x7F).contains(ascii)) {
        // Tag characters: invisible, and read by models as the ASCII they copy.
        return char::from_u32(ascii).unwrap_or(character);
    }
    for first in ENCLOSED {
        if let Some(letter) = code.checked_sub(first).filter(|letter| *letter < 26) {
            return char::from_u32(u32::from(b'a') + letter).unwrap_or(character);
        }
    }
    SMALL_CAPITALS.iter().find(|(capital, _)| *capital == character).map_or(character, |(_, letter)| *letter)
}

/// Replaces letters of other scripts by the Latin ones they look like, in words that are meant to be Latin:
/// those that mix scripts, and those of look-alikes only in a text that is mostly Latin.
fn unmask(folded: &mut Folded) {
    // A word with one Latin letter is meant to be Latin as a whole.
    let (mut latin, mut letters) = (0, 0);
    for word in folded.text.split(|character: char| !character.is_alphabetic()) {
        let length = word.chars().count();
        letters += length;
        latin += if word.chars().any(|character| character.is_ascii_alphabetic()) { length } else { 0 };
    }
    let mostly_latin = latin * 2 > letters;
    let mut unmasked = Folded { text: String::with_capacity(folded.text.len()), origins: Vec::new() };
    let mut word: Vec<(char, usize)> = Vec::new();
    for (at, character) in folded.text.char_indices() {
        let origin = folded.origins.get(at).copied().unwrap_or_default();
        if character.is_alphabetic() {
            word.push((character, origin));
        } else {
            unmask_word(&mut word, mostly_latin, &mut unmasked);
            unmasked.push(character, origin);
        }
    }
    unmask_word(&mut word, mostly_latin, &mut unmasked);
    *folded = unmasked;
}

fn unmask_word(word: &mut Vec<(char, usize)>, mostly_latin: bool, unmasked: &mut Folded) {
    let is_latin = |character: char| character.is_ascii_alphabetic();
    let mixed = word.iter().any(|(character, _)| is_latin(*character));
    let letters: Vec<(char, usize)> =
        word.iter().map(|(character, origin)| (look_alike(*character), *origin)).collect();
    let all = letters.iter().all(|(letter, _)| is_latin(*letter));
    for ((character, origin), (letter, _)) in word.drain(..).zip(letters) {
        let take = is_latin(letter) && (mixed || (all && mostly_latin));
        unmasked.push(if take { letter } else { character }, origin);
    }
}

/// The Latin letter that a letter of another script is drawn like. Accented Latin letters stay themselves.
fn look_alike(character: char) -> char {
    if character.is_ascii() || matches!(character, '\u{C0}'..='\u{24F}' | '\u{1E00}'..='\u{1EFF}') {
        return character;
    }
    let mut text = [0; 4];
    let mut drawn = skeleton(character.encode_utf8(&mut text));
    match (drawn.next().map(plain), drawn.next()) {
        (Some(letter), None) if letter.is_ascii_alphabetic() => letter,
        _ => character,
    }
}
