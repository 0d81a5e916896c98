//! Runs a model with ONNX Runtime, on the CPU or on an NVIDIA GPU.
//!
//! The graph is checked against the manifest before it is used: its inputs and outputs, their element
//! types, and the widths of the outputs as far as the graph states them. What the graph does not state,
//! the first text tells; every classifier judges one before it is handed out.
//!
//! Threads inside a session do not spin. Spinning gains microseconds on a machine that does nothing else
//! and costs whole cores on one that waits for traffic, which is what a sidecar mostly does.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ort::environment::Environment;
use ort::ep;
use ort::logging::LogLevel;
use ort::session::builder::SessionBuilder;
use ort::session::{HasSelectedOutputs, OutputSelector, RunOptions, Session, SessionInputValue};
use ort::value::{Outlet, TensorElementType, TensorRef, ValueType};

use crate::backend::{Answer, Backend, BackendError, Row, fill, spread};
use crate::error::LoadError;
use crate::manifest::{FileRef, Input, Manifest};

/// How a session runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads inside it.
    pub threads: usize,
    /// Where it runs.
    pub provider: Provider,
}

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Provider {
    /// On the processor.
    #[default]
    Cpu,
    /// On an NVIDIA GPU.
    Cuda {
        /// Which one.
        device: i32,
        /// Whether to refuse to start without it, rather than to fall back to the CPU.
        required: bool,
    },
}

/// A session that runs a graph.
pub struct Onnx {
    session: Session,
    selected: RunOptions<HasSelectedOutputs>,
    inputs: Vec<Input>,
    outputs: Vec<String>,
    /// One buffer per input, kept from batch to batch.
    buffers: Vec<Vec<i64>>,
    /// Whether a GPU was asked for and this runs on the CPU all the same.
    fell_back: bool,
}

/// ONNX Runtime allows one environment in a process, and sessions may come and go.
static ENVIRONMENT: Mutex<Option<Environment>> = Mutex::new(None);

/// The environment of this process, made from this library the first time.
///
/// # Errors
///
/// When the library does not load. A later call with another library gets the first one's environment.
pub fn environment(library: &Path) -> Result<Environment, LoadError> {
    let mut slot = ENVIRONMENT.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(environment) = slot.as_ref() {
        return Ok(environment.clone());
    }
    let failed = |reason: String| LoadError::Runtime { path: library.to_path_buf(), reason };
    let environment = ort::init_from(library)
        .map_err(|error| failed(error.to_string()))?
        .with_name("demur")
        .with_telemetry(false)
        .build()
        .map_err(|error| failed(error.to_string()))?;
    // Below this level, every run would format messages for nobody.
    environment.set_log_level(LogLevel::Warning);
    *slot = Some(environment.clone());
    Ok(environment)
}

// === impl Onnx ===

impl Onnx {
    /// Loads a graph and checks it against the manifest. The bytes that are verified are those that run.
    ///
    /// # Errors
    ///
    /// When a file is not the one that the manifest names, the graph does not load or is not what the
    /// manifest says, or a GPU is required and cannot be used.
    pub fn load(
        environment: &Environment,
        manifest: &Manifest,
        (graph, external): (&FileRef, &[FileRef]),
        options: SessionOptions,
    ) -> Result<Self, LoadError> {
        let files = (graph, external);
        let (session, fell_back) = match (open(environment, files, options), options.provider) {
            (Err(LoadError::Invalid { message, .. }), Provider::Cuda { required, .. }) => {
                // If it does not run on the CPU either, then that is what is wrong.
                let session =
                    open(environment, files, SessionOptions { provider: Provider::Cpu, ..options })?;
                if required {
                    return Err(LoadError::NoGpu { classifier: manifest.name.to_string(), reason: message });
                }
                tracing::warn!(classifier = &*manifest.name, reason = message, "no GPU, running on the CPU");
                (session, true)
            }
            (outcome, _) => (outcome?, false),
        };
        check(&session, manifest).map_err(|message| LoadError::invalid(&graph.path, message))?;
        let selector = manifest.outputs.iter().fold(OutputSelector::no_default(), OutputSelector::with);
        let selected = RunOptions::new()
            .map_err(|error| LoadError::invalid(&graph.path, error.to_string()))?
            .with_outputs(selector);
        Ok(Self {
            session,
            selected,
            buffers: vec![Vec::new(); manifest.inputs.len()],
            inputs: manifest.inputs.clone(),
            outputs: manifest.outputs.clone(),
            fell_back,
        })
    }

    /// Whether a GPU was asked for and this runs on the CPU all the same.
    pub fn fell_back(&self) -> bool {
        self.fell_back
    }
}

impl Backend for Onnx {
    fn run(&mut self, rows: &[&Row]) -> Result<Vec<Answer>, BackendError> {
        let longest = rows.iter().map(|row| row.ids.len()).max().unwrap_or(0);
        for (input, buffer) in self.inputs.iter().zip(&mut self.buffers) {
            fill(*input, rows, longest, buffer);
        }
        let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(self.inputs.len());
        for (input, buffer) in self.inputs.iter().zip(&self.buffers) {
            let tensor = if input.per_token() {
                TensorRef::from_array_view(([rows.len(), longest], buffer.as_slice()))
            } else {
                TensorRef::from_array_view(([rows.len()], buffer.as_slice()))
            };
            values.push((input.name(), tensor.map_err(BackendError::new)?.into()));
        }
        let outputs = self.session.run_with_options(values, &self.selected).map_err(BackendError::new)?;
        let mut answers: Vec<Answer> = vec![Vec::with_capacity(self.outputs.len()); rows.len()];
        for name in &self.outputs {
            let value = outputs.get(name).ok_or_else(|| BackendError::new(format!("no output `{name}`")))?;
            let (shape, numbers) = value.try_extract_tensor::<f32>().map_err(BackendError::new)?;
            if shape.first().copied() != i64::try_from(rows.len()).ok() {
                let message = format!("output `{name}` has shape {shape}, expected {} rows", rows.len());
                return Err(BackendError::new(message));
            }
            spread(&mut answers, name, numbers)?;
        }
        Ok(answers)
    }
}

/// A session over verified files. Whatever ONNX Runtime says comes back as `Invalid`.
fn open(
    environment: &Environment,
    (graph, external): (&FileRef, &[FileRef]),
    options: SessionOptions,
) -> Result<Session, LoadError> {
    let bytes = if external.is_empty() { Some(graph.read()?) } else { None };
    if bytes.is_none() {
        graph.verify()?;
        external.iter().try_for_each(FileRef::verify)?;
    }
    let invalid = |error: String| LoadError::invalid(&graph.path, format!("ONNX Runtime: {error}"));
    let mut builder = builder(environment, options).map_err(|error| invalid(error.to_string()))?;
    let session = match bytes {
        Some(bytes) => builder.commit_from_memory(&bytes),
        // Weights beside the graph are found by its path only.
        None => builder.commit_from_file(&graph.path),
    };
    session.map_err(|error| invalid(error.to_string()))
}

fn builder(environment: &Environment, options: SessionOptions) -> ort::Result<SessionBuilder> {
    let builder = Session::builder(environment)?
        .with_intra_threads(options.threads.max(1))?
        .with_intra_op_spinning(false)?
        .with_inter_op_spinning(false)?
        .with_log_level(LogLevel::Warning)?;
    match options.provider {
        Provider::Cpu => Ok(builder),
        Provider::Cuda { device, .. } => {
            let cuda = ep::CUDA::default().with_device_id(device).build().error_on_failure();
            Ok(builder.with_execution_providers([cuda])?)
        }
    }
}

/// What differs between the graph and the manifest, in one sentence.
fn check(session: &Session, manifest: &Manifest) -> Result<(), String> {
    let names = |outlets: &[Outlet]| outlets.iter().map(Outlet::name).collect::<Vec<_>>().join(", ");
    let same_inputs = session.inputs().len() == manifest.inputs.len()
        && manifest
            .inputs
            .iter()
            .all(|input| session.inputs().iter().any(|outlet| outlet.name() == input.name()));
    if !same_inputs {
        let expected: Vec<&str> = manifest.inputs.iter().map(|input| input.name()).collect();
        return Err(format!(
            "the graph has the inputs {}, the manifest says {}",
            names(session.inputs()),
            expected.join(", ")
        ));
    }
    for outlet in session.inputs() {
        let per_token =
            manifest.inputs.iter().any(|input| input.name() == outlet.name() && input.per_token());
        shape_of(outlet, TensorElementType::Int64, &[if per_token { 2 } else { 1 }])?;
    }
    for (index, name) in manifest.outputs.iter().enumerate() {
        let outlet = session.outputs().iter().find(|outlet| outlet.name() == name).ok_or_else(|| {
            format!(
                "the graph has no output `{name}`, which the manifest names; it has {}",
                names(session.outputs())
            )
        })?;
        let shape = shape_of(outlet, TensorElementType::Float32, &[2, 3])?;
        let Some(width) = manifest.width(index) else { continue };
        let stated = shape.last().copied().unwrap_or(-1);
        if stated >= 0 && usize::try_from(stated) != Ok(width) {
            return Err(format!(
                "output `{name}` has {stated} numbers a row, the manifest has {width} labels for it"
            ));
        }
    }
    Ok(())
}

/// The shape of an input or output that has this element type and one of these ranks.
fn shape_of(outlet: &Outlet, expected: TensorElementType, ranks: &[usize]) -> Result<Vec<i64>, String> {
    let ValueType::Tensor { ty, shape, .. } = outlet.dtype() else {
        return Err(format!("`{}` is not a tensor", outlet.name()));
    };
    if ty != &expected {
        return Err(format!("`{}` holds {ty}, expected {expected}", outlet.name()));
    }
    if !ranks.contains(&shape.len()) {
        return Err(format!(
            "`{}` has shape {shape}, expected {} dimensions",
            outlet.name(),
            ranks.first().unwrap_or(&0)
        ));
    }
    // A fixed batch would fail on the first batch of another size, hours later.
    if shape.first().is_some_and(|rows| *rows >= 0) {
        return Err(format!("`{}` has shape {shape}: the number of rows must be open", outlet.name()));
    }
    if expected == TensorElementType::Int64 && shape.get(1).is_some_and(|tokens| *tokens >= 0) {
        return Err(format!("`{}` has shape {shape}: the number of tokens must be open", outlet.name()));
    }
    Ok(shape.to_vec())
}
