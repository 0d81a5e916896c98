//! The ground on which official clients are compared with themselves: a scripted upstream, and demur before it.
//!
//! Starts both, runs the command it is given with `DIRECT_URL` and `DEMUR_URL` in the environment, and ends as
//! that command ends. What the upstream says, `demur_tests::scripted` tells; beside that it has the few
//! endpoints that demur does not read.
#![expect(clippy::expect_used, reason = "part of the tests: what cannot be started ends the run")]

use std::fs;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};

use demur_tests::folder::Folder;
use demur_tests::process::{Setup, root};
use demur_tests::script::{Received, Reply};
use demur_tests::scripted;
use demur_tests::upstream::Upstream;
use serde_json::json;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    let program = args.next().expect("the command to run is the first argument");
    let tries = AtomicUsize::new(0);
    let upstream =
        Upstream::start(move |request| answer(request, &tries).with("x-request-id", "req_scripted"));
    let rules = fs::read_to_string(root().join("tests/clients/policy.yaml"))
        .expect("the policy is beside the clients");
    let policies = Folder::with(&rules);
    let demur = Setup::new(&upstream.url(), policies.path()).start();
    let status = Command::new(program)
        .args(args)
        .env("DIRECT_URL", upstream.url())
        .env("DEMUR_URL", demur.url(""))
        .status()
        .expect("the command can be run");
    ExitCode::from(status.code().and_then(|code| u8::try_from(code).ok()).unwrap_or(1))
}

fn answer(request: &Received, tries: &AtomicUsize) -> Reply {
    let retried = request.json().get("model") == Some(&json!("retry"));
    if retried && tries.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
        return Reply::json(&scripted::chat::error(503)).status(503).with("retry-after-ms", "1");
    }
    if let Some(reply) = scripted::reply(request) {
        return reply;
    }
    match request.target.as_str() {
        "/v1/models" => Reply::json(&json!({"object": "list", "data": [
            {"id": "text", "object": "model", "created": 1, "owned_by": "scripted"},
            {"id": "tool", "object": "model", "created": 2, "owned_by": "scripted"}
        ]})),
        // AACAPw== is 1.0 as the client asks for it, in base64.
        "/v1/embeddings" => Reply::json(&json!({"object": "list", "model": "embedding", "data": [
            {"object": "embedding", "index": 0, "embedding": "AACAPw=="}
        ], "usage": {"prompt_tokens": 2, "total_tokens": 2}})),
        // The size tells whether every byte of the upload arrived, in order.
        "/v1/files" => Reply::json(&json!({
            "id": "file-1", "object": "file", "filename": "all-bytes.bin", "purpose": "user_data", "status": "processed",
            "created_at": 1, "bytes": uploaded(&request.body)
        })),
        _ => Reply::json(&scripted::chat::error(404)).status(404),
    }
}

/// The length of the file that the client uploads, if it is somewhere in this form.
fn uploaded(form: &[u8]) -> usize {
    let file: Vec<u8> = (0..=u8::MAX).cycle().take(64 * 256).collect();
    if form.windows(file.len()).any(|window| window == file) { file.len() } else { 0 }
}
