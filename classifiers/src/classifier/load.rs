//! From a folder to a classifier that has judged its first text.

use std::sync::Arc;
use std::time::Duration;

use ort::environment::Environment;

use super::{Classifier, Upstreams};
use crate::backend::{Backend, BackendError, Factory};
use crate::batch::Limits;
use crate::cache::Cache;
use crate::calibrate::file::CalibrationFile;
use crate::error::LoadError;
use crate::heads::Heads;
use crate::manifest::{FILE_NAME, FileRef, Manifest, Model};
use crate::novelty::Novelty;
use crate::oip::Oip;
use crate::onnx::{Onnx, SessionOptions};
use crate::options::Options;
use crate::queue::{Queue, Settings};
use crate::tokenize::Tokenizer;

/// The first pause before a model that keeps crashing is brought up again.
const PAUSE: Duration = Duration::from_millis(200);

/// Loads a classifier, verifies all of it, and lets it judge a first text. `environment` is only there
/// when some classifier runs here.
pub(crate) fn load(
    manifest: Manifest,
    environment: Option<&Environment>,
    options: &Options,
    calibrations: &[CalibrationFile],
) -> Result<Classifier, LoadError> {
    let tokenizer = tokenizer(&manifest, options)?;
    let heads = Heads::load(&manifest)?;
    let novelty = Novelty::load(&manifest)?;
    let upstreams = upstreams(&manifest, calibrations)?;
    let factory = factory(&manifest, environment, options)?;
    let mut backends = Vec::with_capacity(options.sessions.max(1));
    for _ in 0..options.sessions.max(1) {
        backends.push(backend(&manifest, environment, options)?);
    }
    // The first text warms a session up. Whether the longest window works, one session tells for all; a
    // server that is down need not be asked twice.
    let local = matches!(manifest.model, Model::Local { .. });
    for (index, backend) in backends.iter_mut().enumerate() {
        try_out(&manifest, backend.as_mut(), &tokenizer, &heads, "a")?;
        if local && index == 0 {
            try_out(
                &manifest,
                backend.as_mut(),
                &tokenizer,
                &heads,
                &"a ".repeat(manifest.windows.max_tokens),
            )?;
        }
    }
    let settings = Settings {
        capacity: options.queue.max(1),
        limits: Limits { rows: options.batch_rows.max(1), padded_tokens: options.batch_tokens },
        pause: PAUSE,
    };
    let queue = Queue::new(&manifest.name, backends, factory, settings, Arc::clone(&options.observer))
        .map_err(|error| broken(&manifest, &error.to_string()))?;
    Ok(Classifier {
        tokenizer: Arc::new(tokenizer),
        heads,
        novelty,
        queue,
        known: Cache::new(options.cache),
        upstreams,
        observer: Arc::clone(&options.observer),
        // No call may fill the line by itself.
        stride: options.batch_rows.min(options.queue / 4).max(1),
        manifest,
    })
}

fn tokenizer(manifest: &Manifest, options: &Options) -> Result<Tokenizer, LoadError> {
    let bytes = manifest.tokenizer.read()?;
    let wrong = |message: String| LoadError::invalid(&manifest.tokenizer.path, message);
    let tokenizer = Tokenizer::new(&bytes, manifest.template.as_ref(), manifest.windows, options.max_windows)
        .map_err(wrong)?;
    if manifest.novelty.unknown.is_some() && !tokenizer.knows_unknown() {
        return Err(wrong("there is no [UNK] or <unk>, which novelty.unknown counts".to_owned()));
    }
    Ok(tokenizer)
}

fn backend(
    manifest: &Manifest,
    environment: Option<&Environment>,
    options: &Options,
) -> Result<Box<dyn Backend>, LoadError> {
    Ok(match &manifest.model {
        Model::Local { graph, external } => {
            let onnx = onnx(manifest, environment, (graph, external), options)?;
            if onnx.fell_back() {
                options.observer.fell_back_to_cpu(&manifest.name);
            }
            Box::new(onnx)
        }
        Model::Remote(remote) => Box::new(Oip::new(remote, manifest)),
    })
}

/// Judges the first window of a text: what the graph does not state about itself shows here, and not
/// hours later on somebody's long prompt.
fn try_out(
    manifest: &Manifest,
    backend: &mut dyn Backend,
    tokenizer: &Tokenizer,
    heads: &Heads,
    text: &str,
) -> Result<(), LoadError> {
    let cut = tokenizer.cut(text).map_err(|error| broken(manifest, &error.to_string()))?;
    let rows: Vec<_> = cut.windows.iter().take(1).map(|window| &window.row).collect();
    match (backend.run(&rows), &manifest.model) {
        (Ok(answers), _) => {
            for answer in &answers {
                heads.read(answer).map_err(|error| broken(manifest, &error.to_string()))?;
            }
        }
        // A server may well come up after us, and every judgement says so until it does.
        (Err(error), Model::Remote(_)) => {
            tracing::warn!(classifier = &*manifest.name, reason = %error, "the model's server does not answer yet");
        }
        (Err(error), Model::Local { .. }) => return Err(broken(manifest, &error.to_string())),
    }
    Ok(())
}

/// Makes another backend after a crash: the files are read and verified again, for they may have changed.
fn factory(
    manifest: &Manifest,
    environment: Option<&Environment>,
    options: &Options,
) -> Result<Factory, LoadError> {
    if matches!(manifest.model, Model::Local { .. }) && environment.is_none() {
        return Err(broken(manifest, "there is no ONNX Runtime"));
    }
    let (manifest, environment, options) = (manifest.clone(), environment.cloned(), options.clone());
    Ok(Box::new(move || match &manifest.model {
        Model::Local { graph, external } => {
            let onnx = onnx(&manifest, environment.as_ref(), (graph, external), &options);
            Ok(Box::new(onnx.map_err(BackendError::new)?))
        }
        Model::Remote(remote) => Ok(Box::new(Oip::new(remote, &manifest))),
    }))
}

fn onnx(
    manifest: &Manifest,
    environment: Option<&Environment>,
    files: (&FileRef, &[FileRef]),
    options: &Options,
) -> Result<Onnx, LoadError> {
    let environment = environment.ok_or_else(|| broken(manifest, "there is no ONNX Runtime"))?;
    let session = SessionOptions { threads: options.threads, provider: options.provider };
    Onnx::load(environment, manifest, files, session)
}

/// The calibrations that are for this classifier, by upstream.
pub(super) fn upstreams(manifest: &Manifest, files: &[CalibrationFile]) -> Result<Upstreams, LoadError> {
    let wrong = |message: String| LoadError::invalid(&manifest.folder.join(FILE_NAME), message);
    let mut upstreams = Upstreams::new();
    for file in files.iter().filter(|file| *file.spec.classifier == *manifest.name) {
        let upstream = &file.metadata.upstream;
        if *file.spec.digest != *manifest.digest {
            return Err(wrong(format!(
                "the calibration for `{upstream}` was fitted for the classifier with digest {}, this one has {}",
                file.spec.digest, manifest.digest
            )));
        }
        let mut heads = vec![None; manifest.heads.len()];
        for written in &file.spec.heads {
            let (index, _) = manifest.head(&written.name).ok_or_else(|| {
                wrong(format!(
                    "the calibration for `{upstream}` has a head `{}`, which is not here",
                    written.name
                ))
            })?;
            if let Some(slot) = heads.get_mut(index) {
                *slot = Some(written.check().map_err(wrong)?);
            }
        }
        if upstreams.insert(upstream.clone(), heads).is_some() {
            return Err(wrong(format!("there are two calibrations for `{upstream}`")));
        }
    }
    Ok(upstreams)
}

fn broken(manifest: &Manifest, reason: &str) -> LoadError {
    LoadError::Broken { classifier: manifest.name.to_string(), reason: reason.to_owned() }
}
