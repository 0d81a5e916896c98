//! Asks a server for the model's answers, in the Open Inference Protocol (`KServe` v2, HTTP and JSON).
//!
//! Triton, `KServe`, Seldon and others speak it, so a fleet of sidecars can share the GPUs of a few servers
//! that host the same graphs. Texts are cut here and scores are made here; what goes over the wire are
//! tokens and logits. The call blocks: it runs on the thread of its backend, like any model.
//!
//! Redirects are not followed and no proxy is asked: the tokens of a prompt go to the server that the
//! manifest names, or nowhere.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use ureq::{Agent, Error};

use crate::backend::{Answer, Backend, BackendError, Row, fill, spread};
use crate::manifest::{Input, Manifest, Remote};

/// A model on a server.
pub struct Oip {
    agent: Agent,
    address: String,
    inputs: Vec<Input>,
    outputs: Vec<String>,
    /// One buffer for all inputs, kept from batch to batch.
    buffer: Vec<i64>,
}

/// An answer of a batch of hidden states is megabytes; more than this is no answer.
const MOST_BYTES: u64 = 256 << 20;

#[derive(Serialize)]
struct Request<'a> {
    inputs: Vec<Tensor<'a>>,
    outputs: Vec<Wanted<'a>>,
}

#[derive(Serialize)]
struct Tensor<'a> {
    name: &'a str,
    shape: Vec<usize>,
    datatype: &'a str,
    data: Vec<i64>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    name: &'a str,
}

// Servers add fields of their own, which the protocol allows.
#[derive(Deserialize)]
struct Response {
    outputs: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    name: String,
    shape: Vec<usize>,
    datatype: String,
    data: Value,
}

#[derive(Deserialize)]
struct Refusal {
    error: String,
}

// === impl Oip ===

impl Oip {
    /// A client for the model of this manifest. Nothing is sent yet.
    pub fn new(remote: &Remote, manifest: &Manifest) -> Self {
        let version =
            remote.version.as_ref().map(|version| format!("/versions/{version}")).unwrap_or_default();
        let agent = Agent::config_builder()
            .timeout_global(Some(remote.timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent("demur")
            .build()
            .new_agent();
        Self {
            agent,
            address: format!("{}/v2/models/{}{version}/infer", remote.url, remote.model),
            inputs: manifest.inputs.clone(),
            outputs: manifest.outputs.clone(),
            buffer: Vec::new(),
        }
    }

    fn request(&mut self, rows: &[&Row]) -> Result<Vec<u8>, BackendError> {
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            fill(*input, rows, longest, &mut self.buffer);
            let shape = if input.per_token() { vec![rows.len(), longest] } else { vec![rows.len()] };
            inputs.push(Tensor { name: input.name(), shape, datatype: "INT64", data: self.buffer.clone() });
        }
        let outputs = self.outputs.iter().map(|name| Wanted { name }).collect();
        serde_json::to_vec(&Request { inputs, outputs }).map_err(BackendError::new)
    }

    /// Sends a request, once more if the connection was one that the server had closed meanwhile: judging
    /// twice changes nothing.
    fn send(&self, body: &[u8]) -> Result<(u16, Vec<u8>), BackendError> {
        let outcome = match self.send_once(body) {
            Err(Error::Io(_) | Error::ConnectionFailed) => self.send_once(body),
            outcome => outcome,
        };
        outcome.map_err(|error| BackendError::new(format!("{}: {error}", self.address)))
    }

    fn send_once(&self, body: &[u8]) -> Result<(u16, Vec<u8>), Error> {
        let mut response = self.agent.post(&self.address).content_type("application/json").send(body)?;
        let status = response.status().as_u16();
        Ok((status, response.body_mut().with_config().limit(MOST_BYTES).read_to_vec()?))
    }
}

impl Backend for Oip {
    fn run(&mut self, rows: &[&Row]) -> Result<Vec<Answer>, BackendError> {
        let body = self.request(rows)?;
        let (status, body) = self.send(&body)?;
        if status != 200 {
            // A server's message may be a page of HTML; the status says enough then.
            let said =
                serde_json::from_slice::<Refusal>(&body).map(|refusal| refusal.error).unwrap_or_default();
            return Err(BackendError::new(format!("{}: status {status} {said}", self.address).trim_end()));
        }
        let response: Response = serde_json::from_slice(&body)
            .map_err(|error| BackendError::new(format!("{}: {error}", self.address)))?;
        let mut answers: Vec<Answer> = vec![Vec::with_capacity(self.outputs.len()); rows.len()];
        for name in &self.outputs {
            let output = response.outputs.iter().find(|output| output.name == *name);
            let output = output.ok_or_else(|| BackendError::new(format!("no output `{name}`")))?;
            spread(&mut answers, name, &output.numbers(rows.len())?)?;
        }
        Ok(answers)
    }
}

// === impl Output ===

impl Output {
    fn numbers(&self, rows: usize) -> Result<Vec<f32>, BackendError> {
        let wrong = |what: String| BackendError::new(format!("output `{}` {what}", self.name));
        if !matches!(self.datatype.as_str(), "FP32" | "FP64" | "FP16") {
            return Err(wrong(format!("is {}, expected FP32", self.datatype)));
        }
        if self.shape.first() != Some(&rows) {
            return Err(wrong(format!("has shape {:?}, expected {rows} rows", self.shape)));
        }
        let expected: usize =
            self.shape.iter().try_fold(1usize, |all, n| all.checked_mul(*n)).unwrap_or(usize::MAX);
        let mut numbers = Vec::with_capacity(expected.min(1 << 20));
        flatten(&self.data, &mut numbers).map_err(&wrong)?;
        if numbers.len() == expected {
            Ok(numbers)
        } else {
            Err(wrong(format!("has {} numbers for shape {:?}", numbers.len(), self.shape)))
        }
    }
}

/// The protocol leaves it to the server whether data is flat or nested as its shape; both are in row-major order.
fn flatten(value: &Value, numbers: &mut Vec<f32>) -> Result<(), String> {
    match value {
        Value::Array(values) => values.iter().try_for_each(|value| flatten(value, numbers)),
        Value::Number(number) => {
            numbers.push(number.as_f64().unwrap_or(f64::NAN) as f32);
            Ok(())
        }
        // What servers write for an infinite number, which JSON has not. Whoever reads it will see.
        Value::Null => {
            numbers.push(f32::NAN);
            Ok(())
        }
        other => Err(format!("holds `{other}`, which is no number")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(json: &str) -> Result<Vec<f32>, String> {
        let output: Output = serde_json::from_str(json).unwrap();
        output.numbers(2).map_err(|error| error.to_string())
    }

    #[test]
    fn flat_and_nested_data_are_the_same() {
        let flat = numbers(r#"{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2.5, 3, 4]}"#);
        let nested =
            numbers(r#"{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [[1, 2.5], [3, 4]]}"#);
        assert_eq!(flat, Ok(vec![1.0, 2.5, 3.0, 4.0]));
        assert_eq!(flat, nested);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let cases = [
            (
                r#"{"name": "x", "shape": [2, 1], "datatype": "INT64", "data": [1, 2]}"#,
                "output `x` is INT64, expected FP32",
            ),
            (
                r#"{"name": "x", "shape": [1, 2], "datatype": "FP32", "data": [1, 2]}"#,
                "output `x` has shape [1, 2], expected 2 rows",
            ),
            (
                r#"{"name": "x", "shape": [2, 2], "datatype": "FP32", "data": [1, 2]}"#,
                "output `x` has 2 numbers for shape [2, 2]",
            ),
            (
                r#"{"name": "x", "shape": [2, 1], "datatype": "FP32", "data": [1, true]}"#,
                "output `x` holds `true`, which is no number",
            ),
        ];
        for (json, expected) in cases {
            assert_eq!(numbers(json), Err(expected.to_owned()));
        }
    }
}
