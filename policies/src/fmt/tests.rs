//! Formatting: what it changes, and that it changes nothing else.

use proptest::{
    prelude::{Strategy, prop},
    proptest,
};

use super::fmt;
use crate::{diagnostic::Source, yaml};

fn format(text: &str) -> String {
    fmt(&Source::new("shop.yaml", text)).unwrap_or_else(|found| panic!("{found:?}"))
}

const UNTIDY: &str = "\n\n#a policy\napiVersion: demur/v1\r\nkind: Policy   \nmetadata: {name: shop}  # the shop\n\n\n\nspec:\n  conditions: {calm: prompt.harm.score<0.2}\n  rules:\n    \
# about a\n    - then: allow\n      # why b\n      when: request.tools&&!( request.words>3 )||-1<request.turns && request.model in[\"a\",\"b\"]\n      phase: request # c\n      \
id: a\n      onUnknown: skip\n\n    # about b\n    - id: b\n      then:\n        block:\n          message: |\n            one  \n\n\n            #two\n      phase: request\n\n\n";

#[test]
fn fields_conditions_and_blank_lines() {
    insta::assert_snapshot!(format(UNTIDY));
}

#[test]
fn what_is_formatted_stays() {
    let once = format(UNTIDY);
    assert_eq!(format(&once), once);
}

#[test]
fn the_library_is_formatted() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("library");
    for entry in std::fs::read_dir(folder).expect("the library is a folder") {
        let path = entry.expect("it can be read").path();
        if path.extension().is_some_and(|ending| ending == "yaml") {
            let text = std::fs::read_to_string(&path).expect("it is text");
            assert_eq!(format(&text), text, "{}", path.display());
        }
    }
}

fn lines() -> impl Strategy<Value = String> {
    let line = prop::sample::select(vec![
        "- id: a",
        "- then: allow",
        "  id: b",
        "  phase: request",
        "  then: allow",
        "  then: {block: {message: x}}",
        "  when: a.b<3 ",
        "  when: >-",
        "    a &&",
        "    b",
        "  # comment",
        "# comment",
        "#comment",
        "",
        "  ",
        "  mode: off",
        "  then:",
        "    - allow",
        "    # deep",
        "  description: |",
        "    text  ",
        "    #text",
        "  rollout: 5%",
        "  then: &x [allow]",
        "  onUnknown: *x",
        "  when: 'a&&b'",
    ]);
    prop::collection::vec(line, 0..14).prop_map(|lines| {
        let body: String = lines.iter().flat_map(|line| ["    ", line, "\n"]).collect();
        format!("apiVersion: demur/v1\nkind: Policy\nmetadata: {{name: a}}\nspec:\n  rules:\n{body}")
    })
}

proptest! {
    #[test]
    fn meaning_and_comments_are_kept(text in lines()) {
        let source = Source::new("a.yaml", text.clone());
        if let Ok(before) = yaml::read(&source) {
            let new = format(&text);
            if !before.iter().all(|node| super::alike(node, node)) {
                assert_eq!(new, text, "a file with the same entry twice is left alone");
                return Ok(());
            }
            let after = yaml::read(&Source::new("a.yaml", new.clone())).expect("it is still YAML");
            assert_eq!(before.len(), after.len());
            assert!(before.iter().zip(&after).all(|(one, other)| super::alike(one, other)), "{text}\n{new}");
            assert_eq!(text.matches("comment").count(), new.matches("comment").count());
            assert_eq!(format(&new), new);
        }
    }
}
