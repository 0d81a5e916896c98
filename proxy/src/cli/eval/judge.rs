//! The classifier behind a head, opened for many texts at once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use demur_classifiers::manifest::{Head, Manifest};
use demur_classifiers::registry::classifier_folders;
use demur_classifiers::{Classifier, HeadJudgement, Judgement, Options, Registry};
use indicatif::{ProgressBar, ProgressStyle};
use tokio::runtime::Runtime;

use crate::cli::output::Failure;
use crate::config::shipped_models;

/// A classifier with the head that is asked, and what runs it.
pub struct Judge {
    classifier: Arc<Classifier>,
    index: usize,
    head: Head,
    runtime: Runtime,
}

/// Texts between two movements of the bar.
const AT_ONCE: usize = 256;
/// How long one text may take: nobody waits for it, and a machine may be busy with other things.
const PATIENCE: Duration = Duration::from_mins(10);

impl Judge {
    /// Opens the classifier with this head, to judge about so many texts.
    ///
    /// # Errors
    /// When there is none, or it cannot be opened.
    pub fn open(
        models: Option<&Path>,
        calibrations: &[PathBuf],
        head: &str,
        texts: usize,
    ) -> Result<Self, Failure> {
        let folder = models.map(Path::to_owned).or_else(shipped_models);
        let folder = folder.ok_or("there is no folder of classifiers here; name one with --models")?;
        let manifest = with_head(&folder, head)?;
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let options = Options {
            threads,
            cache: texts.max(1),
            // A quantised graph scales its activations by all that is in the batch, so a score depends a little
            // on the company it is in. Alone, every text gets the same score on every run.
            batch_rows: 1,
            calibrations: calibrations.to_vec(),
            ..Options::default()
        };
        let registry = Registry::open(&[manifest.folder], &options)?;
        let (classifier, index) =
            registry.by_head(head).ok_or("the classifier has changed while it was opened")?;
        let (_, head) =
            classifier.manifest().head(head).ok_or("the classifier has changed while it was opened")?;
        let head = head.clone();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        Ok(Self { classifier, index, head, runtime })
    }

    /// The classifier.
    pub fn classifier(&self) -> &Classifier {
        &self.classifier
    }

    /// The head that is asked, as its manifest has it.
    pub fn head(&self) -> &Head {
        &self.head
    }

    /// What runs the classifier's futures.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// What the head says of each text, in their order; with the calibration of an upstream, if one is named.
    /// Shows a bar on a terminal.
    ///
    /// # Errors
    /// When there is no such calibration, or a text gets no judgement.
    pub fn judge(&self, texts: &[&str], upstream: Option<&str>) -> Result<Vec<HeadJudgement>, Failure> {
        if let Some(name) = upstream
            && !self.classifier.upstreams().any(|known| known == name)
        {
            let known: Vec<String> = self.classifier.upstreams().map(|name| format!("`{name}`")).collect();
            return Err(format!("there is no calibration for `{name}`; there is {}", known.join(", ")).into());
        }
        let mut unique: Vec<&str> = texts.to_vec();
        // Texts of a length go together, or short ones would be padded to the longest.
        unique.sort_unstable_by(|a, b| a.len().cmp(&b.len()).then(a.cmp(b)));
        unique.dedup();
        let bar = progress(unique.len(), "texts");
        let mut known: HashMap<&str, Arc<Judgement>> = HashMap::with_capacity(unique.len());
        for chunk in unique.chunks(AT_ONCE) {
            let owned = chunk.iter().map(|text| (*text).to_owned()).collect();
            let judged = self.runtime.block_on(self.classifier.judge_all(owned, PATIENCE));
            for (text, judgement) in chunk.iter().zip(judged) {
                known.insert(text, judgement?);
            }
            bar.inc(chunk.len() as u64);
        }
        if let Some(upstream) = upstream {
            for (text, judgement) in &mut known {
                *judgement = self.runtime.block_on(self.classifier.judge_for(text, upstream, PATIENCE))?;
            }
        }
        bar.finish_and_clear();
        let of = |text: &&str| known.get(text)?.heads.get(self.index).cloned();
        texts.iter().map(of).collect::<Option<_>>().ok_or_else(|| "a text was not judged".into())
    }
}

/// The classifier under this folder that has the head; the others stay closed.
fn with_head(folder: &Path, head: &str) -> Result<Manifest, Failure> {
    let mut known = Vec::new();
    for folder in classifier_folders(folder)? {
        let manifest = Manifest::read(&folder)?;
        if manifest.head(head).is_some() {
            return Ok(manifest);
        }
        known.extend(manifest.heads.iter().map(|head| format!("`{}`", head.name)));
    }
    let folder = folder.display();
    Err(format!("no classifier in `{folder}` has the head `{head}`; there is {}", known.join(", ")).into())
}

/// A bar on a terminal; nothing elsewhere.
pub fn progress(length: usize, what: &str) -> ProgressBar {
    let bar = ProgressBar::new(length as u64);
    if let Ok(style) =
        ProgressStyle::with_template(&format!("{{bar:40}} {{pos}}/{{len}} {what}, {{eta}} left"))
    {
        bar.set_style(style);
    }
    bar
}
