//! Manifests that are right, and every way that one is wrong.

use std::fs;
use std::path::Path;

use super::{Aggregate, CategoryReading, FILE_NAME, Input, Manifest, Model, Reading, digest};
use crate::error::LoadError;

const ENCODER: &str = r#"
apiVersion: demur/v1
kind: Classifier
metadata: {name: prompt, version: "0.1.0", licence: Apache-2.0, description: harm and refusal risk}
spec:
  type: encoder
  files:
    model: {path: model.onnx, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
    tokenizer: {path: tokenizer.json, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
  inputs: [input_ids, attention_mask]
  maxTokens: 128
  window: {overlap: 32, aggregate: max}
  novelty: {outsideLatin: 0.3, unknown: 0.2, hidden: 0.1, fragmentation: 2.5}
  heads:
    - name: harm
      output: harm_logits
      activation: sigmoid
      labels: [harmful]
      calibration: {method: platt, scale: 1.5, bias: -0.25}
      threshold: 0.5
      abstain: {low: 0.4, high: 0.6}
      category: {output: category_logits, labels: [violence, weapons]}
    - name: refusal-risk
      output: risk_logits
      activation: softmax
      labels: [answered, refused]
      calibration: {method: temperature, temperature: 1.25}
      threshold: 0.5
  data: [{name: own pairs, licence: Apache-2.0, rows: 8000}]
"#;

const LATENT: &str = r#"
apiVersion: demur/v1
kind: Classifier
metadata: {name: guard}
spec:
  type: latent_guard
  files:
    model: {path: model.onnx, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
    tokenizer: {path: tokenizer.json, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
    centroids: {path: c.safetensors, sha256: 0000000000000000000000000000000000000000000000000000000000000000}
  inputs: [input_ids, attention_mask, t_inst, t_post]
  maxTokens: 512
  template: {before: "<|im_start|>user\n", after: "<|im_end|>\n<|im_start|>assistant\n"}
  hidden: {inst: h_inst, post: h_post}
  heads:
    - name: harm
      at: inst
      positive: harmful
      negative: harmless
      labels: [harmful]
      calibration: {method: platt, scale: 40, bias: 0}
      threshold: 0.5
      category: {centroids: {weapons: c_weapons, violence: c_violence}, temperature: 0.05}
    - {name: refusal-risk, at: post, positive: refuse, negative: accept, labels: [refused], calibration: {method: none}, threshold: 0.5}
"#;

fn read(text: &str) -> Result<Manifest, LoadError> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join(FILE_NAME), text).unwrap();
    Manifest::read(folder.path())
}

/// The manifest with one piece of text replaced must be refused with these words.
#[track_caller]
fn refused(manifest: &str, from: &str, to: &str, words: &str) {
    assert!(manifest.contains(from), "`{from}` is not in the manifest");
    let message = read(&manifest.replacen(from, to, 1)).unwrap_err().to_string();
    assert!(message.contains(words), "expected `{words}` in:\n{message}");
}

#[test]
fn an_encoder() {
    let manifest = read(ENCODER).unwrap();
    assert_eq!(manifest.outputs, ["harm_logits", "category_logits", "risk_logits"]);
    assert_eq!(manifest.inputs, [Input::InputIds, Input::AttentionMask]);
    assert_eq!(manifest.windows.aggregate, Aggregate::Max);
    assert_eq!(&*manifest.digest, digest::of(ENCODER.as_bytes()));
    let (place, harm) = manifest.head("harm").unwrap();
    assert_eq!((place, &harm.reading), (0, &Reading::Binary { output: 0 }));
    assert_eq!(harm.category.as_ref().unwrap().reading, CategoryReading::Logits { output: 1 });
    assert_eq!(manifest.head("refusal-risk").unwrap().1.reading, Reading::Classes { output: 2 });
    assert_eq!(manifest.novelty.fragmentation, Some(2.5));
    assert!(matches!(manifest.model, Model::Local { .. }));
}

#[test]
fn a_latent_guard() {
    let manifest = read(LATENT).unwrap();
    assert_eq!(manifest.outputs, ["h_inst", "h_post"]);
    let category = manifest.heads[0].category.as_ref().unwrap();
    assert_eq!(category.labels.iter().map(|label| &**label).collect::<Vec<_>>(), ["violence", "weapons"]);
    assert!(
        matches!(&manifest.heads[1].reading, Reading::Cosine { output: 1, positive, .. } if positive == "refuse")
    );
}

#[test]
fn head_and_tail() {
    let text = ENCODER.replace("aggregate: max", "aggregate: headTail, head: 2");
    assert_eq!(read(&text).unwrap().windows.aggregate, Aggregate::HeadTail { head: 2, tail: 1 });
}

#[test]
fn a_model_on_a_server() {
    let (before, rest) = ENCODER.split_once("    model:").unwrap();
    let (_, after) = rest.split_once('\n').unwrap();
    let text = format!("{before}{after}")
        .replace("  inputs:", "  backend: {oip: {url: 'http://triton:8000/', model: prompt}}\n  inputs:");
    let Model::Remote(remote) = read(&text).unwrap().model else { panic!("not remote") };
    assert_eq!((remote.url.as_str(), remote.timeout.as_millis()), ("http://triton:8000", 2000));
    refused(&text, "model: prompt", "model: ../prompt", "letters, digits");
    refused(&text, "http://", "ftp://", "expected http:// or https://");
}

#[test]
fn what_is_wrong_is_named() {
    refused(ENCODER, "licence: Apache-2.0,", "license: Apache-2.0,", "license");
    refused(ENCODER, "kind: Classifier", "kind: Policy", "found `demur/v1` and `Policy`");
    refused(
        ENCODER,
        "labels: [harmful]",
        "labels: [harmful, harmless]",
        "head `harm`: a sigmoid has exactly one label",
    );
    refused(ENCODER, "labels: [answered, refused]", "labels: [refused]", "a softmax has two labels or more");
    refused(
        ENCODER,
        "labels: [violence, weapons]",
        "labels: [weapons, weapons]",
        "`weapons` is empty or stands twice",
    );
    refused(ENCODER, "name: refusal-risk", "name: harm", "there are two heads `harm`");
    refused(ENCODER, "threshold: 0.5", "threshold: 50", "the threshold `50` is not between 0 and 1");
    refused(ENCODER, "low: 0.4", "low: 0.7", "abstention band");
    refused(ENCODER, "scale: 1.5", "scale: -1.5", "a Platt calibration needs a scale above 0");
    refused(ENCODER, "[input_ids, attention_mask]", "[input_ids]", "the input `attention_mask` is missing");
    refused(ENCODER, "[input_ids, attention_mask]", "[ids]", "unknown input `ids`");
    refused(
        ENCODER,
        "[input_ids, attention_mask]",
        "[input_ids, attention_mask, t_inst]",
        "belongs to `type: latent_guard`",
    );
    refused(ENCODER, "overlap: 32", "overlap: 100", "more than half of maxTokens");
    refused(ENCODER, "maxTokens: 128", "maxTokens: 1", "expected 4 to 65536");
    refused(ENCODER, "path: model.onnx", "path: ../model.onnx", "not a file in the classifier's folder");
    refused(ENCODER, "path: tokenizer.json", "path: /etc/passwd", "not a file in the classifier's folder");
    refused(ENCODER, "sha256: 0000", "sha256: zz", "not 64 hexadecimal digits");
    refused(ENCODER, "outsideLatin: 0.3", "outsideLatin: 30", "novelty.outsideLatin is a share");
    refused(ENCODER, "type: encoder", "type: latent_guard", "`type: latent_guard` needs `files.centroids`");
    refused(LATENT, "type: latent_guard", "type: encoder", "belongs to `type: latent_guard`");
    refused(LATENT, "      at: inst\n", "", "`at` is missing");
    refused(LATENT, "positive: refuse", "output: x, positive: refuse", "belong to `type: encoder`");
}

#[test]
fn a_file_that_is_another_is_told_with_both_digests() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("model.onnx"), b"not the model").unwrap();
    fs::write(folder.path().join(FILE_NAME), ENCODER).unwrap();
    let manifest = Manifest::read(folder.path()).unwrap();
    let Model::Local { graph, .. } = &manifest.model else { panic!("not local") };
    for error in [graph.read().unwrap_err(), graph.verify().unwrap_err()] {
        let message = error.to_string();
        assert!(message.contains("model.onnx"), "{message}");
        assert!(message.contains(&"0".repeat(64)), "{message}");
        assert!(message.contains(&digest::of(b"not the model")), "{message}");
    }
    let message = manifest.tokenizer.read().unwrap_err().to_string();
    assert!(message.contains("tokenizer.json` could not be read"), "{message}");
}

#[test]
fn a_folder_without_a_manifest() {
    let message = Manifest::read(Path::new("/nowhere")).unwrap_err().to_string();
    assert!(message.contains("/nowhere/classifier.yaml"), "{message}");
}
