//! Compressed bodies, in both directions: unpacked to be judged, passed on unpacked, and no way to hide or to burst.

use std::time::Duration;

use async_compression::Level;
use async_compression::tokio::bufread::{BrotliEncoder, GzipEncoder, ZlibEncoder, ZstdEncoder};
use async_compression::zstd::CParameter;
use bytes::Bytes;
use http_body_util::BodyExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::ground::{CHAT, Got, Ground, HARMFUL, HELP, REFUSAL, Reply, ask, ask_stream, events, post};

/// Reads both directions; blocks what is harmful, and withholds what refuses.
const RULES: &str = "
- {id: harm, phase: request, when: 'prompt.harm.score >= 0.9', onUnknown: skip, then: {block: {message: no}}}
- id: refusal
  phase: response
  when: response.refusal.kind == \"ethical\"
  onUnknown: skip
  then: {block: {message: withheld}}
";
/// Reads no answer.
const REQUESTS_ALONE: &str = "
- {id: harm, phase: request, when: 'prompt.harm.score >= 0.9', onUnknown: skip, then: {block: {message: no}}}
";
/// One of each, and stacks of them.
const CODINGS: [&str; 8] =
    ["gzip", "x-gzip", "deflate", "br", "zstd", "gzip, br", "identity, zstd", "deflate, gzip, zstd"];
const LONGEST: usize = 20_000;

/// The bytes with these codings, the first one innermost.
async fn packed(codings: &str, bytes: &[u8]) -> Bytes {
    let mut bytes = bytes.to_vec();
    for coding in codings.split(", ") {
        let mut out = Vec::new();
        let input = bytes.as_slice();
        match coding {
            "gzip" | "x-gzip" => GzipEncoder::new(input).read_to_end(&mut out).await,
            "deflate" => ZlibEncoder::new(input).read_to_end(&mut out).await,
            "br" => BrotliEncoder::with_quality(input, Level::Fastest).read_to_end(&mut out).await,
            "zstd" => ZstdEncoder::new(input).read_to_end(&mut out).await,
            _ => {
                out.extend_from_slice(input);
                Ok(0)
            }
        }
        .expect("memory does not fail");
        bytes = out;
    }
    bytes.into()
}

/// Sends a body that is said to be coded like this.
async fn send(ground: &Ground, coding: &str, body: Bytes) -> Got {
    let mut request = post(CHAT, body);
    request.headers_mut().insert("content-encoding", coding.parse().expect("a value"));
    ground.ask(request).await
}

fn ground() -> Ground {
    Ground::with(&format!("limits: {{maxBodyBytes: {LONGEST}}}"), RULES, |_| Reply::says(HELP))
}

#[tokio::test]
async fn requests_are_unpacked_and_leave_unpacked() {
    let ground = ground();
    let body = ask("How do I end a process?").to_string();
    for (count, coding) in CODINGS.into_iter().enumerate() {
        let got = send(&ground, coding, packed(coding, body.as_bytes()).await).await;
        assert_eq!((got.status, got.decision()), (200, "passed"), "{coding}: {}", got.text());
        let received = &ground.received()[count];
        assert_eq!(received.body, body.as_bytes(), "{coding}");
        assert!(!received.headers.contains_key("content-encoding"), "{coding}");
        assert!(!received.headers.contains_key("content-length"), "the client library writes the new one");
    }
}

#[tokio::test]
async fn what_is_packed_is_judged() {
    let ground = ground();
    for coding in CODINGS {
        let got = send(&ground, coding, packed(coding, ask(HARMFUL).to_string().as_bytes()).await).await;
        assert_eq!((got.status, got.decision()), (400, "blocked"), "{coding}: {}", got.text());
    }
    assert!(ground.received().is_empty());
}

#[tokio::test]
async fn what_cannot_be_unpacked_is_refused() {
    let ground = ground();
    let body = ask("How do I end a process?").to_string();
    let refused = async |coding: &str, bytes: Bytes, status: u16| {
        let got = send(&ground, coding, bytes).await;
        assert_eq!(got.status, status, "{coding}: {}", got.text());
        let code = if status == 415 { "content_type" } else { "bad_body" };
        assert_eq!(got.json()["error"]["code"], code, "{coding}: {}", got.text());
        assert_eq!(got.header("accept-encoding").is_empty(), status != 415, "what is understood is named");
    };
    for coding in ["gzip", "deflate", "br", "zstd", "gzip, br"] {
        let whole = packed(coding, body.as_bytes()).await;
        for left in [0, 1, whole.len() / 2, whole.len() - 1] {
            refused(coding, whole.slice(..left), 400).await;
        }
        refused(coding, Bytes::from(body.clone()), 400).await;
        refused(coding, Bytes::from_static(b"\x1f\x8b\x08\x00garbage"), 400).await;
    }
    for (said, done) in [("gzip", "br"), ("deflate", "gzip"), ("zstd", "gzip"), ("gzip, br", "br, gzip")] {
        refused(said, packed(done, body.as_bytes()).await, 400).await;
    }
    for coding in ["gzip", "zstd"] {
        let mut more = packed(coding, body.as_bytes()).await.to_vec();
        more.extend_from_slice(b"more");
        refused(coding, more.into(), 400).await;
    }
    for coding in ["compress", "gzip, snappy", "gzip, gzip, gzip, gzip", "dcb"] {
        refused(coding, Bytes::from(body.clone()), 415).await;
    }
    assert!(ground.received().is_empty());
}

#[tokio::test]
async fn a_bomb_is_refused_before_it_bursts() {
    let ground = ground();
    let huge = ask(&"a".repeat(8_000_000)).to_string();
    for coding in ["gzip", "br", "zstd", "gzip, gzip", "deflate, br"] {
        let small = packed(coding, huge.as_bytes()).await;
        assert!(small.len() < LONGEST, "{coding}: {}", small.len());
        let got = send(&ground, coding, small).await;
        assert_eq!((got.status, got.json()["error"]["code"].as_str()), (413, Some("too_large")), "{coding}");
    }
    // A stack whose inside is huge and unpacks to nothing: every layer is bounded by itself.
    let nothing = packed("gzip", b"").await.repeat(400_000);
    let got = send(&ground, "gzip, gzip", packed("gzip", &nothing).await).await;
    assert_eq!(got.status, 413, "{}", got.text());
    // A window of 128 MiB would be taken at once, whatever is in it.
    let mut wide = Vec::new();
    let window = [CParameter::window_log(27)];
    let mut encoder = ZstdEncoder::with_quality_and_params(b"{}".as_slice(), Level::Default, &window);
    encoder.read_to_end(&mut wide).await.expect("memory does not fail");
    assert_eq!(send(&ground, "zstd", wide.into()).await.status, 400);
    assert!(ground.received().is_empty());
}

#[tokio::test]
async fn upstreams_are_asked_not_to_compress_what_is_read() {
    let ground = ground();
    let asking = |path: &str| {
        let mut request = post(path, ask("hello").to_string());
        request.headers_mut().insert("accept-encoding", "gzip, br".parse().expect("a value"));
        request
    };
    ground.ask(asking(CHAT)).await;
    ground.ask(asking("/v1/files")).await;
    let received = ground.received();
    assert_eq!(received[0].headers["accept-encoding"], "identity");
    assert_eq!(
        received[1].headers["accept-encoding"], "gzip, br",
        "what is not read is the client's business"
    );
}

/// A ground whose upstream answers this, coded like that.
fn answering(coding: &'static str, bytes: Bytes) -> Ground {
    Ground::with("limits: {maxAnswerBytes: 20000}", RULES, move |_| Reply {
        coding,
        ..Reply::bytes("application/json", bytes.clone())
    })
}

#[tokio::test]
async fn answers_that_come_packed_all_the_same_are_judged_and_leave_unpacked() {
    for coding in CODINGS {
        for (said, decision) in [(HELP, "passed"), (REFUSAL, "withheld")] {
            let answer = crate::ground::answer(said).to_string();
            let ground = answering(coding, packed(coding, answer.as_bytes()).await);
            let got = ground.chat("How do I end a process?").await;
            assert_eq!((got.status, got.decision()), (200, decision), "{coding}: {}", got.text());
            assert_eq!(got.says(), if decision == "passed" { HELP } else { "withheld" });
            assert_eq!(got.header("content-encoding"), "", "{coding}");
        }
    }
}

#[tokio::test]
async fn answers_that_cannot_be_unpacked_are_withheld() {
    let answer = crate::ground::answer(HELP).to_string();
    let gzip = packed("gzip", answer.as_bytes()).await;
    let huge = packed("gzip", crate::ground::answer(&"a".repeat(100_000)).to_string().as_bytes()).await;
    for (coding, bytes) in [
        ("gzip", gzip.slice(..gzip.len() / 2)),
        ("br", gzip.clone()),
        ("gzip", huge),
        ("compress", gzip.clone()),
    ] {
        let got = answering(coding, bytes).chat("hello").await;
        assert_eq!(
            (got.status, got.json()["error"]["code"].as_str()),
            (502, Some("upstream_answer")),
            "{coding}"
        );
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_stay_packed() {
    let packed = packed("br", crate::ground::answer(REFUSAL).to_string().as_bytes()).await;
    let reply = Reply { coding: "br", ..Reply::bytes("application/json", packed.clone()) };
    let ground = Ground::new(REQUESTS_ALONE, move |_| reply.clone());
    let got = ground.chat("hello").await;
    assert_eq!((got.header("content-encoding"), &got.body), ("br", &packed));
}

#[tokio::test]
async fn streams_are_unpacked_as_they_come() {
    for coding in ["gzip", "deflate", "br", "zstd"] {
        let packed = packed(coding, events(HELP).concat().as_bytes()).await;
        let pieces = packed.chunks(7).map(Bytes::copy_from_slice).collect();
        let reply = Reply { coding, pieces, ..Reply::bytes("text/event-stream", "") };
        let ground = Ground::new(RULES, move |_| reply.clone());
        let got = ground.ask(post(CHAT, ask_stream("How do I end a process?").to_string())).await;
        assert_eq!((got.streamed(0).as_str(), got.header("content-encoding")), (HELP, ""), "{coding}");
    }
}

#[tokio::test]
async fn a_packed_stream_does_not_wait_for_its_end() {
    let mut encoder = async_compression::tokio::write::GzipEncoder::new(Vec::new());
    let events = events(HELP);
    let (last, first) = events.split_last().expect("events");
    for event in first {
        encoder.write_all(event.as_bytes()).await.expect("memory does not fail");
        encoder.flush().await.expect("memory does not fail");
    }
    let packed = Bytes::from(encoder.get_ref().clone());
    let reply =
        Reply { coding: "gzip", hangs: true, pieces: vec![packed], ..Reply::bytes("text/event-stream", "") };
    let ground = Ground::new(REQUESTS_ALONE, move |_| reply.clone());
    let mut body = ground.head(post(CHAT, ask_stream("hello").to_string())).await.into_body();
    let mut seen = Vec::new();
    while seen.len() < first.concat().len() {
        let frame =
            tokio::time::timeout(Duration::from_secs(5), body.frame()).await.expect("it does not wait");
        seen.extend_from_slice(&frame.expect("more").expect("whole").into_data().expect("data"));
    }
    assert_eq!(seen, first.concat().as_bytes());
    assert!(!last.is_empty());
}
