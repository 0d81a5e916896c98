//! Files nobody would write: whatever stands in them, compiling ends and says something sensible.
#![expect(clippy::expect_used, reason = "a test that cannot read its files has failed")]

use std::path::Path;

use proptest::{
    prelude::{Just, Strategy, any, prop},
    proptest,
};

use demur_policies::{Environment, Format, Source, UpstreamDecl, compile, fmt::fmt, lint, render, testing};

fn environment() -> Environment {
    Environment {
        upstreams: vec![UpstreamDecl { name: "backup".into(), ..UpstreamDecl::default() }],
        heads: ["harm", "refusal-risk", "refusal"].map(str::to_owned).to_vec(),
        ..Environment::default()
    }
}

fn library() -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("library");
    let entries = std::fs::read_dir(folder).expect("the library is a folder");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.sort();
    files.retain(|path| path.extension().is_some_and(|ending| ending == "yaml"));
    files.iter().map(|path| std::fs::read_to_string(path).expect("it is text")).collect()
}

fn survive(text: &str) {
    let sources = [Source::new("a.yaml", text)];
    match compile(&sources, &environment()) {
        Ok(set) => drop(lint(&set, &environment())),
        Err(found) => {
            assert!(!found.is_empty());
            for diagnostic in &found {
                assert!(
                    diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= text.len() + 1
                );
            }
            for format in [Format::Human { color: true }, Format::Plain, Format::Json] {
                assert!(!render(&found, &sources, format).is_empty());
            }
        }
    }
    drop(testing::read(&sources[0]));
    drop(fmt(&sources[0]));
}

proptest! {
    #[test]
    fn any_text_is_survived(text in any::<String>()) {
        survive(&text);
    }

    #[test]
    fn any_bytes_of_yaml_are_survived(text in "[-a-z:{}\\[\\]&*!|>'\"%@#,? \n\té]{0,80}") {
        survive(&text);
    }

    #[test]
    fn the_library_survives_a_slip_of_the_hand(
        (text, cuts) in prop::sample::select(library()).prop_flat_map(|text| {
            let cut = (0..text.len(), 0..12_usize, prop::sample::select(vec!["", " ", "\n", "x", "\"", "'", "{", "]", ":", "#", "é", "\t", "&&", "0"]));
            (Just(text), prop::collection::vec(cut, 1..4))
        })
    ) {
        let mut letters: Vec<String> = text.chars().map(String::from).collect();
        for (at, length, new) in cuts {
            let at = at.min(letters.len());
            let end = (at + length).min(letters.len());
            letters.splice(at..end, [new.to_owned()]);
        }
        survive(&letters.concat());
    }
}
