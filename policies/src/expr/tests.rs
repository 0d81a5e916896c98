//! Reading conditions: nothing anybody writes makes the compiler panic, hang or recurse without end.

use proptest::prelude::{any, prop, proptest};

use super::{Checker, Scope, Written, parse};

fn read(text: &str) {
    let written = Written { text: text.to_owned(), span: 0..text.len() };
    if let Ok(parsed) = parse(&written) {
        let part = parsed.part(&parsed.root);
        assert!(part.start <= part.end && part.end <= text.len());
        match Checker::check(&Scope::default(), &parsed) {
            Ok(condition) => assert!(condition.steps > 0),
            Err(mistakes) => {
                for mistake in mistakes {
                    let place = written.locate(text, mistake.part.clone());
                    assert!(place.start <= place.end && place.end <= text.len(), "{text}: {place:?}");
                }
            }
        }
    }
}

#[test]
fn long_and_deep_texts_end() {
    let long = |part: &str| part.repeat(4096 / part.len());
    for text in [
        long("!"),
        long("-"),
        long("("),
        long("a."),
        format!("a{}", long(".b")),
        format!("1{}", long("+1")),
        format!("a{}", long("[0]")),
        format!("a{}", long("&&a")),
        format!("a{}", long("?a:a")),
        format!("{}true", long("!")),
        long("f("),
        long("[1,"),
        long("{1:"),
        long("'"),
        long("\\"),
    ] {
        read(&text);
    }
}

proptest! {
    #[test]
    fn any_text_ends(text in any::<String>()) {
        read(&text);
    }

    #[test]
    fn anything_like_a_condition_ends(parts in prop::collection::vec(prop::sample::select(vec![
        "prompt", ".", "harm", "score", "request.tools", "(", ")", "[", "]", "\"weapons\"", "0.5", "9", "&&", "||", "!", "<",
        "==", "in", "?", ":", "-", " ", ",", "{", "}", "true", "é", "'", "\n", "prompt.quadrant", "size", "has", "null",
    ]), 0..24)) {
        read(&parts.concat());
    }
}
