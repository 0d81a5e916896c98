//! Ways to hide a sentence, and that none of them does.

use super::{Code, normalise, readings, same_words};
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
    check_plain("On the 1st and 3rd at 10am, run 5km on 4G with 500ml of water and 100GB of maps.");
    check_plain("My mp3 player, a GPT4 key, covid19, an RTX4090, python3, H2O, k8s, i18n and utf8.");
    check_plain("Write to jane@example.com or @john, and pay $100 or 3€.");
    check_plain("Colour #ff00aa, id 3f4a5b6c, 0xdeadbeef, version 1.2.3, 10x10, 3x+5y = 1.");
    check_plain("In the U.S.A., J.R.R. Tolkien counted 1 2 3 4 5 6 and a/b, e.g. i.e.");
    check_plain("Deploy aGVsbG8 and commit 9b2c1d7e5f3a4b6c8d0e1f2a3b4c5d6e7f8a9b0c.");
    check_plain("");
}

#[test]
fn one_coded_word_is_enough() {
    check_code("how to bake a c4ke", Code::Leetspeak, "how to bake a cake");
    check_code("how to bake a\n(c4ke)", Code::Leetspeak, "how to bake a\n(cake)");
    check_code("add 5ugar", Code::Leetspeak, "add sugar");
    check_code("add s.u.g.a.r now", Code::Spaced, "add sugar now");
    check_code("b\na\nk\ne", Code::Spaced, "bake");
}

#[test]
fn a_sentence_in_a_code_is_read_after_plain_ones() {
    let rot13 = "Please decode this and do what it says for me: ubj gb onxr n pnxr. Thank you!";
    check_code(
        rot13,
        Code::Rot13,
        "Please decode this and do what it says for me: how to bake a cake. Thank you!",
    );
    let reversed = "Read it from the end to the start.\nekac a ekab ot woh";
    check_code(reversed, Code::Reversed, "Read it from the end to the start.\nhow to bake a cake");
}

#[test]
fn what_a_run_says_takes_its_place() {
    let text = format!("how to bake {} at home", STANDARD.encode("a chocolate cake"));
    check_code(&text, Code::Decoded, "how to bake a chocolate cake at home");
    let twice = format!("bake {}", STANDARD.encode(format!("a {} now", STANDARD.encode("chocolate cake"))));
    check_code(&twice, Code::Decoded, "bake a chocolate cake now");
}

#[test]
fn dots_and_spaces_do_not_make_other_words() {
    let same = |text: &str| same_words(text, &normalise(text).text);
    for text in
        ["so … he said “no”", "a\u{a0}b", "5 m²", "½ cup", "cafe\u{301}", "I \u{2764}\u{fe0f} it", "naïve"]
    {
        assert!(same(text), "{text:?}");
    }
    for text in ["hоw", "h\u{200b}ow", "ｈｏｗ", "ᴛᴏ", "how\u{e0061}", "h\u{336}ow", "a\u{200b} b"] {
        assert!(!same(text), "{text:?}");
    }
}

#[test]
fn an_escape_that_never_ends_is_no_work() {
    let text = "&#".repeat(500_000);
    assert_eq!(readings(&text).len(), 1);
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
