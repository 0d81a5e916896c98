//! Folders that open, and folders that must not.

use std::fs;
use std::sync::Arc;

use demur_classifiers::{Options, Provider, Registry, registry};
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use crate::fixture::{Copy, fixtures, options};

#[test]
fn classifiers_are_found_by_name_and_by_head() {
    let registry = Registry::open(&[fixtures()], &options()).unwrap();
    let names: Vec<&str> = registry.classifiers().iter().map(|classifier| classifier.name()).collect();
    assert_eq!(names, ["tiny-guard", "tiny-prompt", "tiny-response"]);
    let (prompt, index) = registry.by_head("refusal-risk").unwrap();
    assert_eq!((prompt.name(), index), ("tiny-guard", 1), "the first one that has it");
    assert_eq!(registry.by_head("refusal").unwrap().0.heads().collect::<Vec<_>>(), ["refusal"]);
    assert!(registry.get("nobody").is_none() && registry.by_head("nothing").is_none());
}

#[test]
fn what_has_not_changed_is_kept() {
    let (changed, same) = (Copy::of("prompt"), fixtures().join("response"));
    let folders = [changed.path().to_path_buf(), same];
    let before = Registry::open(&folders, &options()).unwrap();
    changed.edit("threshold: 0.5", "threshold: 0.55");
    let after = before.reopen(&folders, &options()).unwrap();
    let kept = |name: &str| Arc::ptr_eq(&before.get(name).unwrap(), &after.get(name).unwrap());
    assert!(kept("tiny-response") && !kept("tiny-prompt"));
}

#[test]
fn files_that_are_others() {
    let copy = Copy::of("prompt");
    fs::write(copy.path().join("model.onnx"), b"not the model").unwrap();
    copy.refused(&[
        "model.onnx",
        "is not the file that the manifest names",
        "it says sha256",
        "the file has",
    ]);
    assert!(registry::verify(copy.path()).is_err());
    let copy = Copy::of("prompt");
    fs::remove_file(copy.path().join("tokenizer.json")).unwrap();
    copy.refused(&["tokenizer.json", "could not be read"]);
    let copy = Copy::of("guard");
    fs::write(copy.path().join("centroids.safetensors"), b"").unwrap();
    copy.refused(&["centroids.safetensors", "is not the file"]);
    assert!(registry::verify(&fixtures().join("guard")).is_ok());
}

#[test]
fn files_that_are_the_named_ones_and_nonsense() {
    Copy::of("prompt").replace("model.onnx", b"nonsense").refused(&["model.onnx", "ONNX Runtime:"]);
    Copy::of("prompt").replace("tokenizer.json", b"{}").refused(&["tokenizer.json"]);
    Copy::of("prompt").replace("novelty.safetensors", b"nonsense").refused(&["novelty.safetensors"]);
}

#[test]
fn graphs_that_are_not_what_the_manifest_says() {
    let copy = Copy::of("prompt");
    copy.edit("inputs: [input_ids, attention_mask]", "inputs: [input_ids, attention_mask, token_type_ids]");
    copy.refused(&["the graph has the inputs input_ids, attention_mask, the manifest says input_ids, attention_mask, token_type_ids"]);
    let copy = Copy::of("prompt");
    copy.edit("output: harm_logits", "output: harm");
    copy.refused(&["no output `harm`", "it has harm_logits, category_logits, risk_logits, embedding"]);
    let copy = Copy::of("prompt");
    copy.edit("labels: [violence, weapons, theft_and_property]", "labels: [violence, weapons]");
    copy.refused(&["output `category_logits` has 3 numbers a row, the manifest has 2 labels"]);
    let copy = Copy::of("prompt");
    copy.edit("output: harm_logits", "output: embedding");
    copy.refused(&["output `embedding` has 3 numbers a row, the manifest has 1 labels"]);
    // A graph with other inputs altogether.
    let guard = fs::read(fixtures().join("guard/model.onnx")).unwrap();
    Copy::of("prompt").replace("model.onnx", &guard).refused(&["the graph has the inputs", "t_inst"]);
}

#[test]
fn centroids_of_another_shape_show_on_the_first_text() {
    let names = ["harmful", "harmless", "refuse", "accept", "c_violence", "c_weapons"];
    let bytes = [0u8, 0, 128, 63].repeat(8);
    let two_layers = |_| TensorView::new(Dtype::F32, vec![2, 4], &bytes).unwrap();
    let file = serialize(names.map(|name| (name, two_layers(name))), None).unwrap();
    Copy::of("guard").replace("centroids.safetensors", &file).refused(&[
        "the classifier `tiny-guard` does not work",
        "head `harm` expects 8 numbers, the model gave 12",
    ]);
    let novelty = fs::read(fixtures().join("prompt/novelty.safetensors")).unwrap();
    Copy::of("guard")
        .replace("centroids.safetensors", &novelty)
        .refused(&["there is no tensor `c_violence`"]);
}

#[test]
fn a_manifest_that_does_not_parse_shows_where() {
    let copy = Copy::of("prompt");
    copy.edit("threshold: 0.5", "treshold: 0.5");
    let message = copy.open().map(|_| ()).unwrap_err().to_string();
    assert!(message.contains("classifier.yaml") && message.contains("treshold"), "{message}");
}

#[test]
fn windows_that_are_too_long_for_the_graph() {
    let copy = Copy::of("response");
    // The graph knows eight places.
    copy.edit("maxTokens: 8", "maxTokens: 9");
    copy.refused(&["the classifier `tiny-response` does not work", "8 by 9"]);
}

#[test]
fn folders_without_a_classifier() {
    let folder = tempfile::tempdir().unwrap();
    let message = Registry::open(&[folder.path().to_path_buf()], &options()).unwrap_err().to_string();
    assert!(message.contains("there is no classifier.yaml in it"), "{message}");
    assert!(Registry::open(&[folder.path().join("gone")], &options()).is_err());
    assert!(Registry::open(&[], &options()).unwrap().classifiers().is_empty());
    let twice = [fixtures().join("prompt"), fixtures().join("prompt")];
    let message = Registry::open(&twice, &options()).unwrap_err().to_string();
    assert!(message.contains("has a classifier of the same name"), "{message}");
}

#[test]
fn a_gpu_that_is_not_there() {
    let cuda = |required| Options { provider: Provider::Cuda { device: 0, required }, ..options() };
    let folders = [fixtures().join("response")];
    match Registry::open(&folders, &cuda(true)) {
        // A machine with a GPU build and a GPU: nothing to see here.
        Ok(_) => {}
        Err(error) => {
            assert!(error.to_string().contains("requires a GPU, which cannot be used"), "{error}");
            Registry::open(&folders, &cuda(false)).unwrap();
        }
    }
}
