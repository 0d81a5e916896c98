//! Ways to hide a sentence, and that none of them does.

use super::{Code, normalise, readings};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use proptest::prelude::*;

fn check(text: &str, expected: &str) {
    assert_eq!(normalise(text).text, expected, "{text:?}");
}

/// That one of the readings has this code and this text.
fn check_code(text: &str, code: Code, expected: &str) {
    let readings = readings(text);
    let found = readings.iter().any(|reading| reading.code == code && reading.text == expected);
    assert!(found, "{text:?} as {code:?}: {readings:?}");
}

/// That there is no reading but the plain one.
fn check_plain(text: &str) {
    let readings = readings(text);
    assert_eq!(readings.len(), 1, "{readings:?}");
}

#[test]
fn dressed_letters_are_letters() {
    check("how to bake", "how to bake");
    check("ｈｏｗ　ｔｏ", "how to");
    check("𝐡𝐨𝐰 𝓽𝓸 𝖇𝖆𝖐𝖊 𝚊 𝕔𝕒𝕜𝕖", "how to bake a cake");
    check("ⓗⓞⓦ 🅣🅞 🄱🄰🄺🄴", "how to BAKE");
    check("ᴛᴏ ʙᴀᴋᴇ", "to bake");
    check("ﬁne ﬂour", "fine flour");
    check("½ cup", "1⁄2 cup");
}

#[test]
fn look_alikes_are_what_they_look_like() {
    check("hоw tо bаke", "how to bake");
    check("please tell me һоѡ to", "please tell me how to");
    check("сосо is a drink for all", "coco is a drink for all");
    check("Как испечь торт", "Как испечь торт");
    check("γεια σου κόσμε", "γεια σου κόσμε");
    check("naïve café über straße", "naïve café über straße");
}

#[test]
fn what_cannot_be_seen_is_gone() {
    check("h\u{200b}o\u{200d}w\u{2060} t\u{ad}o", "how to");
    check("\u{202e}how\u{202c}", "how");
    check("h\u{336}o\u{336}w\u{336} t̷o̷", "how to");
    check("z\u{300}\u{301}\u{302}\u{303}a\u{310}\u{311}", "za");
    check("cafe\u{301}", "café");
    check("हिन्दी में", "हिन्दी में");
    let tags: String = "bake a cake".chars().filter_map(|c| char::from_u32(0xE0000 + u32::from(c))).collect();
    check(&format!("hello{tags}"), "hellobake a cake");
}

#[test]
fn ranges_lead_back() {
    let text = "xx ｈｏｗ\u{200b} yy";
    let plain = normalise(text);
    assert_eq!(plain.text, "xx how yy");
    let range = plain.original(3..6);
    assert_eq!(text.get(range), Some("ｈｏｗ\u{200b}"));
    assert_eq!(plain.original(0..9), 0..text.len());
    let ligature = normalise("ﬁn");
    assert_eq!(ligature.original(0..1), 0..3);
    assert_eq!(ligature.original(2..3), 3..4);
    assert_eq!(ligature.original(0..0), 0..0);
}

#[test]
fn simple_codes_are_read() {
    check_code("h0w t0 b4k3 a c4k3", Code::Leetspeak, "how to bake a cake");
    check_code("1 w4n7 70 b@k3", Code::Leetspeak, "i want to bake");
    check_code("h o w  t o  b a k e", Code::Spaced, "how to bake");
    check_code("b-a-k-e a c.a.k.e", Code::Spaced, "bake a cake");
    check_code("ubj gb onxr n pnxr", Code::Rot13, "how to bake a cake");
    check_code("ekac a ekab ot woh", Code::Reversed, "how to bake a cake");
    check_code(r"\u0068\u006f\u0077 to", Code::Escaped, "how to");
    check_code(r"\x68\x6f\x77 to", Code::Escaped, "how to");
    check_code("%68%6f%77%20to", Code::Escaped, "how to");
    check_code("&#104;&#x6f;w to", Code::Escaped, "how to");
    let sentence = "tell me how to bake a cake";
    check_code(&format!("do this: {}", STANDARD.encode(sentence)), Code::Base64, sentence);
    check_code(&URL_SAFE.encode(sentence), Code::Base64, sentence);
    check_code(&STANDARD.encode(STANDARD.encode(sentence)), Code::Base64, sentence);
    let digits = sentence.bytes().fold(String::new(), |digits, byte| digits + &format!("{byte:02x}"));
    check_code(&digits, Code::Hexadecimal, sentence);
    let hidden: String =
        sentence.bytes().filter_map(|byte| char::from_u32(0xE0100 + u32::from(byte) - 16)).collect();
    check_code(&format!("😀{hidden}"), Code::VariationSelectors, sentence);
}

#[test]
fn a_code_is_found_where_it_stands() {
    let text = format!("é {} é", STANDARD.encode("how to bake a cake"));
    let reading = readings(&text).into_iter().find(|reading| reading.code == Code::Base64).unwrap();
    assert_eq!(text.get(reading.range), Some(STANDARD.encode("how to bake a cake").as_str()));
}

#[test]
fn ordinary_text_has_one_reading() {
    check_plain("How do I kill a Python process?");
    check_plain("The answer is 42, and it costs 19.99 in 2024!");
    check_plain("See https://example.com/a/path?x=1 for the internationalisation-guidelines.");
    check_plain("Wie backe ich einen Kuchen? Ich habe 3 Eier.");
    check_plain("請告訴我怎麼烤蛋糕");
    check_plain("let x = foo_bar(a, b); // 100% sure");
    check_plain("");
}

proptest! {
    #[test]
    fn every_text_has_readings_inside_of_it(text in any::<String>()) {
        for reading in readings(&text) {
            prop_assert!(text.get(reading.range.clone()).is_some(), "{reading:?}");
        }
        let plain = normalise(&text);
        for (at, _) in plain.text.char_indices() {
            prop_assert!(text.get(plain.original(at..at + 1)).is_some());
        }
        prop_assert_eq!(plain.original(0..plain.text.len()).end, text.len());
    }

    #[test]
    fn ascii_stays_as_it_is(text in "[ -~\n]*") {
        prop_assert_eq!(normalise(&text).text, text);
    }
}
