//! One classifier: a text in, a judgement out.
//!
//! This is the asynchronous edge of the crate. It cuts the text, puts the windows in the line before the
//! model, folds what comes back, and remembers it; all of the work is done elsewhere. A judgement is
//! abandoned by dropping its future: windows that have not reached the model then never do.

mod load;
mod many;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::backend::BackendError;
use crate::cache::Cache;
use crate::calibrate::file::CalibrationFile;
use crate::calibrate::{Calibration, Cut, log_odds};
use crate::heads::{Heads, Raw, Text};
use crate::judgement::{Abstention, Judgement, Timing, Trigger, Unavailable};
use crate::manifest::Manifest;
use crate::novelty::Novelty;
use crate::observe::{Judged, Observer};
use crate::queue::{Answered, Queue, Ticket};
use crate::tokenize::{self, Tokenizer, Window};
use crate::triggers::{self, Scored, Variant};

pub(crate) use load::load;

/// A loaded classifier. Cheap to share, safe to call from any number of tasks.
///
/// Its futures need a tokio runtime with time.
pub struct Classifier {
    manifest: Manifest,
    tokenizer: Arc<Tokenizer>,
    heads: Heads,
    novelty: Novelty,
    queue: Queue,
    known: Cache<Arc<Known>>,
    upstreams: Upstreams,
    observer: Arc<dyn Observer>,
    /// Windows that one call keeps in the line at a time, so that a long text does not block short ones.
    stride: usize,
}

/// Calibrations by upstream model, one entry for every head.
type Upstreams = BTreeMap<String, Vec<Option<(Calibration, Cut)>>>;

/// What is remembered of a text.
struct Known {
    judgement: Arc<Judgement>,
    /// What it was made of; none when the model was not asked.
    text: Option<Text>,
}

/// A text while its windows are being judged.
struct Reading {
    windows: Vec<(Vec<Raw>, (usize, usize), bool)>,
    /// Windows that are not judged.
    unread: usize,
    cut_short: bool,
    timing: Timing,
}

/// Texts longer than this are cut on a thread for slow work: two kilobytes take a millisecond or two, a
/// megabyte a good part of a second.
const LONG_BYTES: usize = 1 << 11;

/// Words tried at most for triggers.
const MOST_VARIANTS: usize = 96;

// === impl Classifier ===

impl Classifier {
    /// Its name, as in the manifest.
    pub fn name(&self) -> &str {
        &self.manifest.name
    }

    /// The digest of its manifest, which holds those of its files.
    pub fn digest(&self) -> &Arc<str> {
        &self.manifest.digest
    }

    /// What its folder says about it.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The names of its heads, in the order of the manifest.
    pub fn heads(&self) -> impl Iterator<Item = &str> {
        self.heads.all().iter().map(|head| &*head.name)
    }

    /// The upstream models that it has calibrations for.
    pub fn upstreams(&self) -> impl Iterator<Item = &str> {
        self.upstreams.keys().map(String::as_str)
    }

    /// Whether these are the calibration files that it was loaded with.
    pub(crate) fn is_calibrated_by(&self, files: &[CalibrationFile]) -> bool {
        load::upstreams(&self.manifest, files).is_ok_and(|upstreams| upstreams == self.upstreams)
    }

    /// How many windows wait for the model now.
    pub fn waiting(&self) -> usize {
        self.queue.waiting()
    }

    /// Judges a text, in windows if it is long.
    ///
    /// Dropping the future abandons the work: windows that have not reached the model never do.
    ///
    /// # Errors
    ///
    /// When there is no judgement: see [`Unavailable`].
    pub async fn judge(&self, text: &str, deadline: Duration) -> Result<Arc<Judgement>, Unavailable> {
        Ok(Arc::clone(&self.know(text, deadline).await?.judgement))
    }

    /// Judges a text with the calibration of an upstream model, where one is stored.
    ///
    /// # Errors
    ///
    /// When there is no judgement: see [`Unavailable`].
    pub async fn judge_for(
        &self,
        text: &str,
        upstream: &str,
        deadline: Duration,
    ) -> Result<Arc<Judgement>, Unavailable> {
        let known = self.know(text, deadline).await?;
        match (self.upstreams.get(upstream), &known.text) {
            (Some(calibrations), Some(text)) => {
                let heads = self.heads.judge(text, calibrations).map_err(|error| self.failed(&error))?;
                Ok(Arc::new(Judgement { heads, ..Judgement::clone(&known.judgement) }))
            }
            _ => Ok(Arc::clone(&known.judgement)),
        }
    }

    /// Judges many texts, in the order given. Texts of a length go together, and no more are in the line
    /// than keep the model busy. `deadline` is for each text, from when its turn comes.
    pub async fn judge_all(
        &self,
        texts: Vec<String>,
        deadline: Duration,
    ) -> Vec<Result<Arc<Judgement>, Unavailable>> {
        many::judge(self, texts, deadline).await
    }

    /// The words that drive the score of a head, the strongest first, at most `max`. Of a long text, only
    /// the window that decided is looked at. The importance of a word is by how much the log-odds fall
    /// without it, and by how much its own are above those of the other words.
    ///
    /// # Errors
    ///
    /// When there is no such head, or no judgement.
    pub async fn triggers(
        &self,
        head: &str,
        text: &str,
        max: usize,
        deadline: Duration,
    ) -> Result<Vec<Trigger>, Unavailable> {
        let Some((index, _)) = self.manifest.head(head) else {
            let classifier = Arc::clone(&self.manifest.name);
            return Err(Unavailable::UnknownHead { classifier, head: head.into() });
        };
        self.within(deadline, self.find_triggers(index, text, max)).await
    }

    async fn find_triggers(&self, head: usize, text: &str, max: usize) -> Result<Vec<Trigger>, Unavailable> {
        let known = self.read_or_remember(text).await?;
        let Some(decided) = known.text.as_ref().and_then(|text| text.heads.get(head)) else {
            return Ok(Vec::new());
        };
        let (from, to) = decided.span;
        let variants = triggers::variants(text.get(from..to).unwrap_or(text), MOST_VARIANTS);
        let mut windows = Vec::with_capacity(2 * variants.len());
        let mut kept: Vec<Variant> = Vec::with_capacity(variants.len());
        for variant in variants {
            // A text of one word leaves nothing, and nothing has no score.
            let without = self.first_window(&variant.text)?;
            let alone = self.first_window(&variant.word)?;
            if let Some((without, alone)) = without.zip(alone) {
                windows.extend([without, alone]);
                kept.push(variant);
            }
        }
        let mut answers = Vec::with_capacity(windows.len());
        for windows in windows.chunks(self.stride) {
            answers.extend(self.run(windows).await?);
        }
        let calibration = self.heads.all().get(head).map_or(Calibration::IDENTITY, |head| head.calibration);
        let calibrated = |raw: &Raw| calibration.log_odds(log_odds(&raw.logits));
        let mut values = Vec::with_capacity(answers.len());
        for answered in answers {
            let raws = self.heads.read(&answered.answer).map_err(|error| self.failed(&error))?;
            values.push(raws.get(head).map(calibrated).unwrap_or_default());
        }
        let pairs = kept.into_iter().zip(values.as_chunks().0);
        let scored = pairs.map(|(variant, &[without, alone])| Scored { variant, without, alone }).collect();
        Ok(triggers::rank(calibrated(&decided.raw), scored, from, max))
    }

    fn first_window(&self, text: &str) -> Result<Option<Window>, Unavailable> {
        let cut = self.tokenizer.cut(text).map_err(|error| self.failed(&error))?;
        Ok(cut.windows.into_iter().next())
    }

    async fn know(&self, text: &str, deadline: Duration) -> Result<Arc<Known>, Unavailable> {
        self.within(deadline, self.read_or_remember(text)).await
    }

    async fn within<T>(
        &self,
        deadline: Duration,
        work: impl Future<Output = Result<T, Unavailable>>,
    ) -> Result<T, Unavailable> {
        let outcome = timeout(deadline, work).await.unwrap_or_else(|_| {
            Err(Unavailable::DeadlineExceeded { classifier: Arc::clone(&self.manifest.name), deadline })
        });
        if let Err(why) = &outcome {
            self.observer.unavailable(&self.manifest.name, why);
        }
        outcome
    }

    async fn read_or_remember(&self, text: &str) -> Result<Arc<Known>, Unavailable> {
        let started = Instant::now();
        let key = Cache::<Arc<Known>>::key(text);
        if let Some(known) = self.known.get(&key) {
            self.tell(&known.judgement, true, started);
            return Ok(known);
        }
        let cut = self.cut(text).await?;
        let mut reading = Reading::new(&cut, started.elapsed());
        for windows in cut.windows.chunks(self.stride) {
            for (window, answered) in windows.iter().zip(self.run(windows).await?) {
                self.take(&mut reading, text, window, &answered)?;
            }
        }
        let known = self.conclude(text, reading, started)?;
        self.known.put(key, Arc::clone(&known));
        Ok(known)
    }

    /// Puts windows in the line and waits for all of them.
    async fn run(&self, windows: &[Window]) -> Result<Vec<Answered>, Unavailable> {
        let tickets: Vec<Ticket> =
            windows.iter().map(|window| self.queue.submit(window.row.clone())).collect::<Result<_, _>>()?;
        let mut answers = Vec::with_capacity(tickets.len());
        for ticket in tickets {
            answers.push(self.redeem(ticket).await?);
        }
        Ok(answers)
    }

    async fn redeem(&self, ticket: Ticket) -> Result<Answered, Unavailable> {
        // A queue answers every ticket, also when it closes.
        ticket
            .await
            .unwrap_or_else(|_| Err(Unavailable::Closed { classifier: Arc::clone(&self.manifest.name) }))
    }

    async fn cut(&self, text: &str) -> Result<tokenize::Cut, Unavailable> {
        let cut = if text.len() <= LONG_BYTES {
            self.tokenizer.cut(text)
        } else {
            let (tokenizer, text) = (Arc::clone(&self.tokenizer), text.to_owned());
            let task = spawn_blocking(move || tokenizer.cut(&text));
            task.await.unwrap_or_else(|panic| Err(BackendError::new(panic)))
        };
        cut.map_err(|error| self.failed(&error))
    }

    fn take(
        &self,
        reading: &mut Reading,
        text: &str,
        window: &Window,
        answered: &Answered,
    ) -> Result<(), Unavailable> {
        let raws = self.heads.read(&answered.answer).map_err(|error| self.failed(&error))?;
        let novel = self.novelty.of_window(text, window, &answered.answer);
        reading.windows.push((raws, window.span, novel));
        reading.timing.queue = reading.timing.queue.max(answered.queue);
        reading.timing.inference += answered.inference;
        Ok(())
    }

    fn conclude(&self, text: &str, reading: Reading, started: Instant) -> Result<Arc<Known>, Unavailable> {
        let Reading { windows, unread, cut_short, mut timing } = reading;
        let mut folded = self.heads.fold(&windows, cut_short);
        if let Some(folded) = &mut folded {
            // Hidden characters between two windows, or spread thinly over many, are still in the text.
            folded.some_novel |= self.novelty.of_text(text);
        }
        let heads = match &folded {
            Some(text) => self.heads.judge(text, &[]).map_err(|error| self.failed(&error))?,
            None if text.trim().is_empty() => self.heads.unread(Abstention::Empty, text.len()),
            // There is something, and the tokenizer sees none of it; a language model may well.
            None => self.heads.unread(Abstention::Novel, text.len()),
        };
        timing.total = started.elapsed();
        let digest = Arc::clone(&self.manifest.digest);
        let judgement = Arc::new(Judgement { heads, windows: windows.len(), unread, digest, timing });
        self.tell(&judgement, false, started);
        Ok(Arc::new(Known { judgement, text: folded }))
    }

    fn tell(&self, judgement: &Judgement, cached: bool, started: Instant) {
        let seen = Judged { cached, windows: judgement.windows, elapsed: started.elapsed() };
        self.observer.judged(&self.manifest.name, seen);
    }

    fn failed(&self, error: &BackendError) -> Unavailable {
        Unavailable::Failed { classifier: Arc::clone(&self.manifest.name), reason: Arc::clone(&error.0) }
    }
}

impl std::fmt::Debug for Classifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Classifier")
            .field("name", &self.manifest.name)
            .field("digest", &self.manifest.digest)
            .finish_non_exhaustive()
    }
}

// === impl Reading ===

impl Reading {
    fn new(cut: &tokenize::Cut, tokenize: Duration) -> Self {
        Self {
            windows: Vec::with_capacity(cut.windows.len()),
            unread: cut.omitted + cut.excess,
            cut_short: cut.excess > 0,
            timing: Timing { tokenize, ..Timing::default() },
        }
    }
}
