//! What no rule changes leaves byte for byte as it came, however oddly it is written, in both directions.

use bytes::Bytes;
use proptest::prelude::*;

use crate::ground::{CHAT, Ground, Reply, post, read};

/// Reads everything, changes nothing.
const READING: &str = "
- {id: a, phase: request, when: 'prompt.harm.score > 0.0 && request.model == \"none\"', onUnknown: skip, then: {block: {message: never}}}
- {id: b, phase: response, when: 'response.refusal.score > 0.0 && response.status == 418', onUnknown: skip, then: {block: {message: never}}}
";

fn space() -> impl Strategy<Value = String> {
    "[ \t\r\n]{0,2}"
}

/// Text between quotes, with every way to write a letter.
fn text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        "[a-zA-Zäß漢 ]{1,6}",
        Just("\\u0041".to_owned()),
        Just("\\/".to_owned()),
        Just("\\ud83d\\ude00".to_owned()),
        Just("\\n\\t\\\"".to_owned()),
        Just("\u{2028}".to_owned()),
    ];
    proptest::collection::vec(piece, 0..5).prop_map(|pieces| pieces.concat())
}

fn odd_value() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("-0.0".to_owned()),
        Just("1E+2".to_owned()),
        Just("9007199254740993".to_owned()),
        Just("1.000".to_owned()),
        Just("null".to_owned()),
        (space(), space()).prop_map(|(a, b)| format!("[{a}]{b}")),
        (space(), text()).prop_map(|(space, text)| format!("{{{space}\"k\":\"{text}\"{space}}}")),
        text().prop_map(|text| format!("\"{text}\"")),
    ]
}

fn request() -> impl Strategy<Value = String> {
    (space(), space(), text(), odd_value(), odd_value()).prop_map(|(a, b, text, x, y)| {
        format!(
            "{a}{{\"x\"{a}:{b}{x},\"model\":\"m\",{b}\"messages\":{a}[{{\"content\":{b}\"{text}\"{a},\"role\":\"user\"}}]{b},\"y\":{y}}}{b}"
        )
    })
}

fn answer() -> impl Strategy<Value = String> {
    (space(), space(), text(), odd_value()).prop_map(|(a, b, text, x)| {
        format!(
            "{a}{{\"choices\"{b}:[{{\"index\":0,{a}\"message\":{{\"role\":\"assistant\",\"content\":\"{text}\"{b}}},\"finish_reason\":\"stop\"}}],\"x\":{x}}}{b}"
        )
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bodies_stay_as_they_are(asked in request(), said in answer()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let reply = Bytes::from(said.clone());
        let ground = Ground::new(READING, move |_| Reply::bytes("application/json", reply.clone()));
        let got = runtime.block_on(ground.ask(post(CHAT, asked.clone())));
        prop_assert_eq!(got.status, 200, "{}", got.text());
        prop_assert_eq!(&ground.received()[0].body, asked.as_bytes());
        prop_assert_eq!(&got.body, said.as_bytes());
        prop_assert_eq!(got.decision(), "passed");
    }
}

#[tokio::test]
async fn routes_that_carry_no_text_go_through_unread() {
    let ground =
        Ground::new(READING, |_| Reply::bytes("application/octet-stream", vec![0_u8, 159, 146, 150]));
    let got = ground.ask(post("/v1/files?purpose=x", vec![1_u8, 2, 255])).await;
    assert_eq!((got.status, got.body.as_ref(), got.decision()), (200, [0, 159, 146, 150].as_slice(), ""));
    let received = &ground.received()[0];
    assert_eq!(
        (received.path.as_str(), received.body.as_ref()),
        ("/v1/files?purpose=x", [1, 2, 255].as_slice())
    );
    assert_eq!(received.headers["authorization"], "Bearer client");
}

#[tokio::test]
async fn headers_of_a_connection_stay_on_it_and_an_id_comes_back() {
    let ground = Ground::new(READING, |_| Reply::says("fine"));
    let mut request = post(CHAT, crate::ground::ask("hello").to_string());
    for (name, value) in
        [("expect", "100-continue"), ("connection", "x-mine"), ("x-mine", "1"), ("x-request-id", "seven")]
    {
        request.headers_mut().insert(name, value.parse().expect("value"));
    }
    let got = read(ground.head(request).await).await;
    let headers = &ground.received()[0].headers;
    assert!(["expect", "connection", "x-mine"].iter().all(|name| !headers.contains_key(*name)));
    assert_eq!(
        (got.header("x-request-id"), headers["x-request-id"].to_str().expect("id")),
        ("seven", "seven")
    );
}
