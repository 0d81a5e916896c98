//! A model on a server: conformance with the text of the Open Inference Protocol.
//!
//! The server here checks every request against the protocol and lets the fixture's own graph answer, so a
//! remote classifier must say what a local one says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use demur_classifiers::backend::{Backend, Row};
use demur_classifiers::manifest::{Manifest, Model};
use demur_classifiers::onnx::{Onnx, Provider, SessionOptions, environment};
use demur_classifiers::{Classifier, Options, Registry, Unavailable};
use serde_json::{Value, json};

use crate::fixture::{Copy, DEADLINE, fixtures, open, options};

/// What the server does with a request.
type Behaviour = Box<dyn Fn(&Value, &mut Onnx) -> (u16, String) + Send + Sync>;

/// A server, its address, and how many connections it has seen.
fn serve(behaviour: Behaviour) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let connections = Arc::new(AtomicUsize::new(0));
    let (counter, behaviour) = (Arc::clone(&connections), Arc::new(behaviour));
    let graph = Arc::new(Mutex::new(graph()));
    thread::spawn(move || {
        for stream in listener.incoming() {
            counter.fetch_add(1, Ordering::SeqCst);
            let (behaviour, graph) = (Arc::clone(&behaviour), Arc::clone(&graph));
            thread::spawn(move || converse(&stream.unwrap(), &behaviour, &graph));
        }
    });
    (address, connections)
}

fn graph() -> Onnx {
    let manifest = Manifest::read(&fixtures().join("prompt")).unwrap();
    let Model::Local { graph, external } = &manifest.model else { panic!("not local") };
    let environment = environment(&options().runtime.unwrap()).unwrap();
    let session = SessionOptions { threads: 1, provider: Provider::Cpu };
    Onnx::load(&environment, &manifest, (graph, external), session).unwrap()
}

fn converse(stream: &TcpStream, behaviour: &Behaviour, graph: &Mutex<Onnx>) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with("post /v2/models/prompt/versions/3/infer http/1.1\r\n"), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        let length = head.split("content-length: ").nth(1).unwrap().lines().next().unwrap().parse().unwrap();
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let (status, body) = behaviour(&serde_json::from_slice(&body).unwrap(), &mut graph.lock().unwrap());
        let mut stream = stream;
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    }
}

/// Checks a request against the protocol, and answers it; `nested` chooses how data is written.
fn answer(request: &Value, graph: &mut Onnx, nested: bool) -> (u16, String) {
    let inputs = request["inputs"].as_array().unwrap();
    let shape: Vec<u64> =
        inputs[0]["shape"].as_array().unwrap().iter().map(|n| n.as_u64().unwrap()).collect();
    let numbers = |index: usize| -> Vec<i64> {
        assert_eq!(inputs[index]["datatype"], "INT64");
        let data = inputs[index]["data"].as_array().unwrap();
        assert_eq!(data.len() as u64, shape.iter().product::<u64>());
        data.iter().map(|n| n.as_i64().unwrap()).collect()
    };
    assert_eq!((&inputs[0]["name"], &inputs[1]["name"]), (&json!("input_ids"), &json!("attention_mask")));
    let (ids, mask) = (numbers(0), numbers(1));
    let width = shape[1] as usize;
    let rows: Vec<Row> = ids
        .chunks(width)
        .zip(mask.chunks(width))
        .map(|(ids, mask)| {
            let length = mask.iter().take_while(|live| **live == 1).count();
            assert!(mask[length..].iter().all(|live| *live == 0));
            Row { ids: ids[..length].iter().map(|id| u32::try_from(*id).unwrap()).collect(), inst: 0 }
        })
        .collect();
    let answers = graph.run(&rows.iter().collect::<Vec<_>>()).unwrap();
    let wanted = request["outputs"].as_array().unwrap();
    let outputs: Vec<Value> = wanted
        .iter()
        .enumerate()
        .map(|(index, wanted)| {
            let rows: Vec<&Vec<f32>> = answers.iter().map(|answer| &answer[index]).collect();
            let shape = [rows.len(), rows[0].len()];
            let data = if nested { json!(rows) } else { json!(rows.into_iter().flatten().collect::<Vec<_>>()) };
            json!({"name": wanted["name"], "shape": shape, "datatype": "FP32", "data": data, "parameters": {}})
        })
        .collect();
    (200, json!({"model_name": "prompt", "model_version": "3", "id": "1", "outputs": outputs}).to_string())
}

/// The prompt fixture with its model on a server.
fn remote(address: &str) -> (Copy, Arc<Classifier>) {
    let copy = Copy::of("prompt");
    let path = copy.path().join("classifier.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    let (before, rest) = text.split_once("{model: {").unwrap();
    let (_, after) = rest.split_once("}, ").unwrap();
    let backend =
        format!("backend: {{oip: {{url: '{address}', model: prompt, version: '3', timeoutMs: 5000}}}}");
    std::fs::write(
        &path,
        format!("{before}{{{after}").replace("  inputs:", &format!("  {backend}\n  inputs:")),
    )
    .unwrap();
    let options = Options { cache: 0, ..Options::default() };
    let registry = Registry::open(&[copy.path().to_path_buf()], &options).unwrap();
    (copy, Arc::clone(&registry.classifiers()[0]))
}

#[tokio::test]
async fn a_remote_model_says_what_a_local_one_says() {
    let local = open("prompt");
    for nested in [false, true] {
        let (address, connections) = serve(Box::new(move |request, graph| answer(request, graph, nested)));
        let (_copy, classifier) = remote(&address);
        let texts: Vec<String> =
            ["how do i make a bomb", "the weather is nice", "please help me ".repeat(9).as_str()]
                .map(str::to_owned)
                .into();
        let all = classifier.judge_all(texts.clone(), DEADLINE).await;
        for (text, judgement) in texts.iter().zip(all) {
            let expected = local.judge(text, DEADLINE).await.unwrap();
            assert_eq!(judgement.unwrap().heads, expected.heads);
        }
        assert_eq!(connections.load(Ordering::SeqCst), 1, "the connection is kept");
    }
}

#[tokio::test]
async fn what_a_server_may_do_wrong() {
    let cases: [(Behaviour, &str); 5] = [
        (Box::new(|_, _| (400, r#"{"error": "shape mismatch"}"#.to_owned())), "status 400 shape mismatch"),
        (Box::new(|_, _| (503, "<html>busy</html>".to_owned())), "status 503"),
        (Box::new(|_, _| (200, "nonsense".to_owned())), "expected"),
        (Box::new(|_, _| (200, r#"{"outputs": []}"#.to_owned())), "no output `harm_logits`"),
        (Box::new(|_, _| (302, String::new())), "status 302"),
    ];
    for (behaviour, expected) in cases {
        let (address, _) = serve(behaviour);
        let (_copy, classifier) = remote(&address);
        let why = classifier.judge("how do i help", DEADLINE).await.unwrap_err();
        assert!(matches!(why, Unavailable::Failed { .. }));
        assert!(why.to_string().contains(expected), "{why}");
    }
}

#[tokio::test]
async fn a_server_that_comes_up_later() {
    let (address, _) = serve(Box::new({
        let calls = AtomicUsize::new(0);
        move |request, graph| match calls.fetch_add(1, Ordering::SeqCst) {
            0 | 1 => (503, r#"{"error": "loading"}"#.to_owned()),
            _ => answer(request, graph, false),
        }
    }));
    let (_copy, classifier) = remote(&address);
    assert!(classifier.judge("how do i help", DEADLINE).await.is_err());
    assert!(classifier.judge("how do i help", DEADLINE).await.is_ok());
    // Nobody listens here at all.
    let (_copy, classifier) = remote("http://127.0.0.1:1");
    let why = classifier.judge("how do i help", DEADLINE).await.unwrap_err().to_string();
    assert!(why.contains("127.0.0.1:1"), "{why}");
}

/// `tests/oip/run.sh` starts such a server, and sets the variable.
#[tokio::test]
async fn a_real_server() {
    let Some(address) = std::env::var_os("DEMUR_TEST_OIP") else {
        println!("skipped: DEMUR_TEST_OIP names no server");
        return;
    };
    let (_copy, classifier) = remote(&address.to_string_lossy());
    let local = open("prompt");
    let texts: Vec<String> =
        ["how do i make a bomb", "the weather is nice", "please help me ".repeat(9).as_str()]
            .map(str::to_owned)
            .into();
    for (text, judgement) in texts.iter().zip(classifier.judge_all(texts.clone(), DEADLINE).await) {
        let expected = local.judge(text, DEADLINE).await.unwrap();
        assert_eq!(judgement.unwrap().heads, expected.heads, "{text}");
    }
    let why = classifier.judge("overflow", DEADLINE).await.unwrap_err().to_string();
    println!("an infinite logit, sent as JSON: {why}");
}
