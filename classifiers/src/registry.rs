//! The classifiers at hand: opened from their folders, verified, warmed up, found by name or by head.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::calibrate::file::CalibrationFile;
use crate::classifier::{self, Classifier};
use crate::error::LoadError;
use crate::manifest::{FILE_NAME, Manifest, Model};
use crate::onnx;
use crate::onnxruntime;
use crate::options::Options;

/// Classifiers by name and by head.
#[derive(Debug, Default)]
pub struct Registry {
    classifiers: Vec<Arc<Classifier>>,
}

// === impl Registry ===

impl Registry {
    /// Opens the classifiers in these folders: a folder with a `classifier.yaml`, or one that holds such
    /// folders. Takes as long as loading the models takes: call it on a thread for slow work.
    ///
    /// # Errors
    ///
    /// The first thing that is wrong, with its file.
    pub fn open(folders: &[PathBuf], options: &Options) -> Result<Self, LoadError> {
        Self::default().reopen(folders, options)
    }

    /// Opens the classifiers in these folders, keeping those of this registry that have not changed, with
    /// their caches. `options` should be those it was opened with: a classifier that is kept keeps its own.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn reopen(&self, folders: &[PathBuf], options: &Options) -> Result<Self, LoadError> {
        let mut manifests: Vec<Manifest> = Vec::new();
        for folder in folders {
            for folder in classifier_folders(folder)? {
                let manifest = Manifest::read(&folder)?;
                if let Some(other) = manifests.iter().find(|other| other.name == manifest.name) {
                    let message = format!("`{}` has a classifier of the same name", other.folder.display());
                    return Err(LoadError::invalid(&folder.join(FILE_NAME), message));
                }
                manifests.push(manifest);
            }
        }
        let calibrations = calibrations(&options.calibrations, &manifests)?;
        let runs_here = manifests.iter().any(|manifest| matches!(manifest.model, Model::Local { .. }));
        let environment = if runs_here {
            let library = options.runtime.clone().map_or_else(onnxruntime::locate, Ok)?;
            Some(onnx::environment(&library)?)
        } else {
            None
        };
        let mut classifiers = Vec::with_capacity(manifests.len());
        for manifest in manifests {
            classifiers.push(match self.unchanged(&manifest, &calibrations) {
                Some(kept) => kept,
                None => Arc::new(classifier::load(manifest, environment.as_ref(), options, &calibrations)?),
            });
        }
        Ok(Self { classifiers })
    }

    /// The classifier of this name.
    pub fn get(&self, name: &str) -> Option<Arc<Classifier>> {
        self.classifiers.iter().find(|classifier| classifier.name() == name).cloned()
    }

    /// The first classifier with this head, and the head's place in its judgements.
    pub fn by_head(&self, head: &str) -> Option<(Arc<Classifier>, usize)> {
        self.classifiers.iter().find_map(|classifier| {
            let (index, _) = classifier.manifest().head(head)?;
            Some((Arc::clone(classifier), index))
        })
    }

    /// All classifiers, in the order of the folders.
    pub fn classifiers(&self) -> &[Arc<Classifier>] {
        &self.classifiers
    }

    /// The classifier with this manifest, if it is here and its calibrations are the same. The manifest
    /// names the digests of all files, so the same manifest is the same classifier.
    fn unchanged(&self, manifest: &Manifest, calibrations: &[CalibrationFile]) -> Option<Arc<Classifier>> {
        self.classifiers
            .iter()
            .find(|kept| kept.manifest() == manifest && kept.is_calibrated_by(calibrations))
            .cloned()
    }
}

/// Reads and checks the digests of a folder's files without loading the model.
///
/// # Errors
///
/// The first thing that is wrong, with its file.
pub fn verify(folder: &Path) -> Result<Manifest, LoadError> {
    let manifest = Manifest::read(folder)?;
    manifest.tokenizer.verify()?;
    if let Model::Local { graph, external } = &manifest.model {
        graph.verify()?;
        external.iter().try_for_each(crate::manifest::FileRef::verify)?;
    }
    let beside =
        [manifest.centroids.as_ref(), manifest.novelty.distance.as_ref().map(|distance| &distance.file)];
    beside.into_iter().flatten().try_for_each(crate::manifest::FileRef::verify)?;
    Ok(manifest)
}

/// The folders with a manifest: this one, or those in it, in the order of their names.
///
/// # Errors
///
/// When it cannot be read, or there is none.
pub fn classifier_folders(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    if folder.join(FILE_NAME).is_file() {
        return Ok(vec![folder.to_path_buf()]);
    }
    let entries = fs::read_dir(folder).map_err(|source| LoadError::unreadable(folder, source))?;
    let mut folders: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        // Kubernetes keeps the data of a volume in folders that begin with a dot, and links to them.
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .filter(|path| path.join(FILE_NAME).is_file())
        .collect();
    folders.sort();
    if folders.is_empty() {
        return Err(LoadError::invalid(
            folder,
            format!("there is no {FILE_NAME} in it, nor in a folder in it"),
        ));
    }
    Ok(folders)
}

fn calibrations(paths: &[PathBuf], manifests: &[Manifest]) -> Result<Vec<CalibrationFile>, LoadError> {
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        let file = CalibrationFile::read(path)?;
        if !manifests.iter().any(|manifest| *manifest.name == *file.spec.classifier) {
            return Err(LoadError::invalid(
                path,
                format!("there is no classifier `{}`", file.spec.classifier),
            ));
        }
        files.push(file);
    }
    Ok(files)
}
