//! The strict reading against the ways in which JSON can mean two things.

use super::{BodyError, Document, Fault, Kind, Limits, quote};
use bytes::Bytes;
use proptest::prelude::*;

fn parse(text: &str) -> Result<Document, BodyError> {
    Document::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::default())
}

fn check(text: &str, fault: &Fault, offset: usize) {
    match parse(text) {
        Ok(_) => panic!("accepted: {text}"),
        Err(error) => assert_eq!((&error.fault, error.offset), (fault, offset), "{text}"),
    }
}

fn check_bytes(bytes: &[u8], fault: &Fault, offset: usize) {
    let error = Document::parse(Bytes::copy_from_slice(bytes), Limits::default()).unwrap_err();
    assert_eq!((&error.fault, error.offset), (fault, offset));
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    check(r#"{"a":1,"a":2}"#, &Fault::DuplicateKey("a".into()), 7);
    check(r#"{"a":1,"\u0061":2}"#, &Fault::DuplicateKey("a".into()), 7);
    check(r#"{"x":{"a":1,"b":0,"a":2}}"#, &Fault::DuplicateKey("a".into()), 18);
    check(r#"{"a\u0000b":1}"#, &Fault::NulInKey, 1);
    check(r#"["\ud800"]"#, &Fault::LoneSurrogate, 8);
    check(r#"["\udc00"]"#, &Fault::LoneSurrogate, 7);
    check(r#"["\ud800\u0041"]"#, &Fault::LoneSurrogate, 13);
    check(r#"["\ud83dx"]"#, &Fault::LoneSurrogate, 8);
    check("[1e999]", &Fault::HugeNumber, 1);
    check("[123456789012345678901234567890]", &Fault::HugeNumber, 1);
    check(&format!("[0.{}]", "1".repeat(100)), &Fault::HugeNumber, 1);
    check("[NaN]", &Fault::NotANumber, 1);
    check("[Infinity]", &Fault::NotANumber, 1);
    check("[-Infinity]", &Fault::NotANumber, 2);
    check("{} {}", &Fault::TrailingData, 3);
    check("{}x", &Fault::TrailingData, 2);
    check("", &Fault::Empty, 0);
    check(" \n", &Fault::Empty, 0);
    check("\u{feff}{}", &Fault::ByteOrderMark, 0);
    check_bytes(b"\xff\xfe{\0}\0", &Fault::WideEncoding, 0);
    check_bytes(b"{\0}\0", &Fault::WideEncoding, 0);
    check_bytes(b"\0{\0}", &Fault::WideEncoding, 0);
    check_bytes(b"[\"\xff\"]", &Fault::NotUtf8, 2);
    check_bytes(b"[\"\xed\xa0\x80\"]", &Fault::NotUtf8, 2);
}

#[test]
fn the_grammar_is_kept() {
    check("[\"a\nb\"]", &Fault::ControlCharacter, 3);
    check(r#"["\x41"]"#, &Fault::InvalidEscape, 3);
    check("[1,]", &Fault::Syntax("trailing comma"), 3);
    check(r#"{"a":1,}"#, &Fault::Syntax("trailing comma"), 7);
    check("{a:1}", &Fault::Syntax("a key must be a string"), 1);
    check("['a']", &Fault::Syntax("expected a value"), 1);
    check("[01]", &Fault::Syntax("invalid number"), 2);
    check("[1 2]", &Fault::Syntax("expected `,` or `]`"), 3);
    check(r#"{"a" 1}"#, &Fault::Syntax("expected `:`"), 5);
    check("// c\n{}", &Fault::Syntax("expected a value"), 0);
    check(r#"{"a":"#, &Fault::Truncated, 5);
    check("[1", &Fault::Truncated, 2);
    for text in ["[+1]", "[.5]", "[1.]", "[0x10]", "[tru]", "[True]", "[\"a\u{0}\"]", "\u{a0}{}"] {
        assert!(parse(text).is_err(), "{text}");
    }
}

#[test]
fn depth_is_bounded_without_recursion() {
    assert!(parse(&format!("{}{}", "[".repeat(128), "]".repeat(128))).is_ok());
    check(&"[".repeat(129), &Fault::TooDeep(128), 128);
    check(&"[".repeat(3_000_000), &Fault::TooDeep(128), 128);
    check(&"{\"a\":".repeat(1_000_000), &Fault::TooDeep(128), 128 * 5);
    let few = Limits { max_values: 3, ..Limits::default() };
    let error = Document::parse(Bytes::from_static(b"[1,2,3]"), few).unwrap_err();
    assert_eq!(error.fault, Fault::TooManyValues(3));
}

#[test]
fn nodes_know_their_place() {
    let document = parse(r#" {"a" : [1, "x\ny", {"b/c~": true}], "e": {}} "#).unwrap();
    assert_eq!(document.get("/a/1").and_then(super::Node::text).as_deref(), Some("x\ny"));
    assert_eq!(document.get("/a/2/b~1c~0").map(super::Node::kind), Some(Kind::Bool(true)));
    assert_eq!(document.get("/a/0").and_then(super::Node::whole), Some(1));
    assert_eq!(document.get("/a").map(super::Node::raw), Some(r#"[1, "x\ny", {"b/c~": true}]"#));
    assert_eq!(document.get("/e").map(|node| node.members().count()), Some(0));
    assert_eq!(document.root().members().count(), 2);
    assert!(document.get("/a/3").is_none());
    assert!(document.get("/a/x").is_none());
    assert!(document.get("a").is_none());
}

#[test]
fn splices_touch_nothing_else() {
    let document = parse(r#"{"a" : 1,  "b": [ 1 , 2 , 3 ], "c":{}, "d":[]}"#).unwrap();
    let root = document.root();
    let mut splices = document.splices();
    splices.set(root, "a", "9");
    splices.set(root, "z", quote("é\""));
    let b = root.get("b").unwrap();
    let items: Vec<_> = b.items().collect();
    splices.remove(b, items[0]);
    splices.remove(b, items[2]);
    splices.prepend(b, "0");
    splices.append(b, "4");
    splices.set(root.get("c").unwrap(), "x", "1");
    splices.append(root.get("d").unwrap(), "1");
    splices.append(root.get("d").unwrap(), "2");
    let text = splices.apply().unwrap();
    assert_eq!(
        std::str::from_utf8(&text).unwrap(),
        r#"{"a" : 9,  "b": [ 0,2,4 ], "c":{"x":1}, "d":[1,2],"z":"é\""}"#
    );
}

#[test]
fn splices_that_meet_are_refused() {
    let document = parse(r#"{"a":{"b":1}}"#).unwrap();
    let mut splices = document.splices();
    splices.replace(document.get("/a").unwrap(), "1");
    splices.replace(document.get("/a/b").unwrap(), "2");
    assert!(splices.apply().is_err());
}

/// Any JSON value, written with odd white space.
fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|b| b.to_string()),
        any::<i64>().prop_map(|n| n.to_string()),
        any::<String>().prop_map(|s| quote(&s)),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(|v| format!("[ {} ]", v.join("\t,"))),
            prop::collection::btree_map("[a-z\\\\\"é]{0,4}", inner, 0..6).prop_map(|m| {
                let members: Vec<_> = m.iter().map(|(k, v)| format!("\n{} :{v}", quote(k))).collect();
                format!("{{{}}}", members.join(" ,"))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_reads(text in any_json()) {
        let document = parse(&text).unwrap();
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        prop_assert_eq!(document.root().value(), value);
        prop_assert_eq!(document.splices().apply().unwrap(), Bytes::from(text));
    }

    #[test]
    fn never_accepts_what_serde_json_refuses(text in "[\\[\\]{}:,\"\\\\a0-9eE.+ \u{0}-\u{1f}-]{0,24}") {
        if parse(&text).is_ok() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok());
        }
    }

    #[test]
    fn any_bytes_end_in_a_document_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = Document::parse(bytes.into(), Limits::default());
    }

    #[test]
    fn removing_any_children_leaves_the_others(
        kept in prop::collection::vec(any::<bool>(), 0..8), first in any::<bool>(), last in any::<bool>(),
    ) {
        let text = format!("[{}]", (0..kept.len()).map(|n| n.to_string()).collect::<Vec<_>>().join(" , "));
        let document = parse(&text).unwrap();
        let mut splices = document.splices();
        for (item, kept) in document.root().items().zip(&kept) {
            if !kept { splices.remove(document.root(), item); }
        }
        if first { splices.prepend(document.root(), "-1"); }
        if last { splices.append(document.root(), "-2"); }
        let value: Vec<i64> = serde_json::from_slice(&splices.apply().unwrap()).unwrap();
        let mut expected: Vec<i64> = Vec::new();
        if first { expected.push(-1); }
        expected.extend((0..).zip(&kept).filter(|(_, kept)| **kept).map(|(n, _)| n));
        if last { expected.push(-2); }
        prop_assert_eq!(value, expected);
    }
}
