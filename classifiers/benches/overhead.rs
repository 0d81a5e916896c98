//! What a judgement costs beyond the model: this crate against a bare ONNX Runtime loop.
//!
//! ```text
//! cargo bench -p demur-classifiers --bench overhead -- [--json] [FOLDER] [SECONDS]
//! ```
//!
//! Both run the same graph in this process, with the same session options and on the same tensors, a
//! stretch of the one and a stretch of the other in turn, so that a machine that slows down slows both. A
//! judgement counts from the text to the scores: cutting it into tokens, the line, the model, calibration.
//! Last, the classifiers are left alone, and the processor time they burn doing nothing is read.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures, and ends when it cannot go on"
)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use std::{env, fs};

use demur_classifiers::backend::Row;
use demur_classifiers::manifest::{Manifest, Model};
use demur_classifiers::onnx::environment;
use demur_classifiers::tokenize::Tokenizer;
use demur_classifiers::{Classifier, Options, Registry, onnxruntime};
use ort::session::Session;
use ort::value::TensorRef;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

const DEADLINE: Duration = Duration::from_mins(1);
const TOKENS: usize = 32;
const BATCH: usize = 32;

fn main() {
    // `cargo bench` adds a flag of its own.
    let given: Vec<String> = env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let (flags, given): (Vec<String>, Vec<String>) =
        given.into_iter().partition(|argument| argument.starts_with("--"));
    let mut given = given.into_iter();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/prompt");
    let folder = given.next().map_or(shipped, PathBuf::from);
    let seconds = given.next().map_or(4, |seconds| seconds.parse().unwrap());
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap();
    let mut bench = Bench::new(&folder, runtime, Duration::from_secs(seconds));
    let one = bench.one_at_a_time();
    let many = bench.in_batches();
    let idle = bench.idle();
    if flags.iter().any(|flag| flag == "--json") {
        println!(
            "{{\"one\": {{\"bare_us\": {:.1}, \"demur_us\": {:.1}, \"ratio\": {:.4}}}, \
             \"batches\": {{\"bare_per_s\": {:.1}, \"demur_per_s\": {:.1}, \"ratio\": {:.4}}}, \
             \"idle_cpu_ms_per_s\": {idle:.3}}}",
            one.0,
            one.1,
            one.1 / one.0,
            many.0,
            many.1,
            many.1 / many.0
        );
        return;
    }
    println!("{} of {TOKENS} tokens, one session of one thread", bench.classifier.name());
    println!("one at a time   bare {:8.1} µs   demur {:8.1} µs   ratio {:.3}", one.0, one.1, one.1 / one.0);
    println!(
        "batches of {BATCH}   bare {:8.1} /s   demur {:8.1} /s   ratio {:.3}",
        many.0,
        many.1,
        many.1 / many.0
    );
    println!("idle            {idle:.3} ms of processor time a second");
}

struct Bench {
    classifier: Arc<Classifier>,
    bare: Session,
    row: Row,
    text: String,
    runtime: Runtime,
    span: Duration,
}

// === impl Bench ===

impl Bench {
    fn new(folder: &Path, runtime: Runtime, span: Duration) -> Self {
        let library = onnxruntime::locate().unwrap();
        // No cache: the same text is judged again and again.
        let options = Options { runtime: Some(library.clone()), threads: 1, cache: 0, ..Options::default() };
        let registry = Registry::open(&[folder.to_path_buf()], &options).unwrap();
        let classifier = Arc::clone(registry.classifiers().first().unwrap());
        let manifest = Manifest::read(folder).unwrap();
        let Model::Local { graph, .. } = &manifest.model else { no_local_model() };
        let bare = Session::builder(&environment(&library).unwrap())
            .unwrap()
            .with_intra_threads(1)
            .unwrap()
            .with_intra_op_spinning(false)
            .unwrap()
            .commit_from_memory(&fs::read(&graph.path).unwrap())
            .unwrap();
        let tokenizer =
            Tokenizer::new(&manifest.tokenizer.read().unwrap(), None, manifest.windows, 8).unwrap();
        let (text, row) = text_of(&tokenizer);
        Self { classifier, bare, row, text, runtime, span }
    }

    /// Microseconds for one text of the bare session and of the classifier: medians.
    fn one_at_a_time(&mut self) -> (f64, f64) {
        let tensors = Tensors::new(&self.row, 1);
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        let until = Instant::now() + self.span;
        // The first rounds warm caches and are not counted.
        for round in 0.. {
            if Instant::now() > until && round > 10 {
                break;
            }
            let started = Instant::now();
            tensors.run(&mut self.bare);
            let between = Instant::now();
            self.runtime.block_on(self.classifier.judge(&self.text, DEADLINE)).unwrap();
            if round >= 5 {
                bare.push(between - started);
                ours.push(between.elapsed());
            }
        }
        (median_us(bare), median_us(ours))
    }

    /// Texts a second of the bare session and of the classifier: medians over stretches.
    fn in_batches(&mut self) -> (f64, f64) {
        let tensors = Tensors::new(&self.row, BATCH);
        tensors.run(&mut self.bare);
        let (mut bare, mut ours) = (Vec::new(), Vec::new());
        let until = Instant::now() + self.span * 2;
        while Instant::now() < until || bare.len() < 3 {
            let started = Instant::now();
            for _ in 0..8 {
                tensors.run(&mut self.bare);
            }
            bare.push(started.elapsed());
            let started = Instant::now();
            self.runtime.block_on(traffic(&self.classifier, &self.text, 8 * BATCH));
            ours.push(started.elapsed());
        }
        let per_second = |times: Vec<Duration>| (8 * BATCH) as f64 * 1e6 / median_us(times);
        (per_second(bare), per_second(ours))
    }

    /// Milliseconds of processor time a second while nothing is asked.
    fn idle(&self) -> f64 {
        let before = processor_time();
        std::thread::sleep(self.span);
        (processor_time() - before) * 1000.0 / self.span.as_secs_f64()
    }
}

fn no_local_model() -> ! {
    println!("this bench needs a classifier whose model is in its folder");
    std::process::exit(2)
}

/// Two batches' worth of callers, each with a text of its own after another, until so many are judged.
async fn traffic(classifier: &Arc<Classifier>, text: &str, texts: usize) {
    let callers = 2 * BATCH;
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let (classifier, text) = (Arc::clone(classifier), text.to_owned());
        tasks.spawn(async move {
            for _ in 0..texts / callers {
                classifier.judge(&text, DEADLINE).await.unwrap();
            }
        });
    }
    while let Some(outcome) = tasks.join_next().await {
        outcome.unwrap();
    }
}

/// A text of [`TOKENS`] tokens, the model's marks included.
fn text_of(tokenizer: &Tokenizer) -> (String, Row) {
    let words = "how do i make the process of my car help a two three one in please tell".split(' ').cycle();
    let mut text = String::new();
    for word in words {
        text.push_str(word);
        text.push(' ');
        let row = tokenizer.cut(&text).unwrap().windows.into_iter().next().unwrap().row;
        // A window of the tiny fixture is shorter; its last row then is as long as one can be.
        if row.ids.len() >= TOKENS || tokenizer.cut(&text).unwrap().windows.len() > 1 {
            return (text, row);
        }
    }
    (text, Row { ids: Vec::new(), inst: 0 })
}

/// The inputs of a bare loop, made once.
struct Tensors {
    ids: Vec<i64>,
    mask: Vec<i64>,
    shape: [usize; 2],
}

// === impl Tensors ===

impl Tensors {
    fn new(row: &Row, rows: usize) -> Self {
        let ids: Vec<i64> = row.ids.iter().map(|id| i64::from(*id)).collect();
        let shape = [rows, ids.len()];
        Self { mask: vec![1; rows * ids.len()], ids: ids.repeat(rows), shape }
    }

    fn run(&self, session: &mut Session) {
        let ids = TensorRef::from_array_view((self.shape, self.ids.as_slice())).unwrap();
        let mask = TensorRef::from_array_view((self.shape, self.mask.as_slice())).unwrap();
        let outputs = session.run(ort::inputs! { "input_ids" => ids, "attention_mask" => mask }).unwrap();
        for (_, value) in &outputs {
            std::hint::black_box(value.try_extract_tensor::<f32>().unwrap());
        }
    }
}

fn median_us(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
}

/// Seconds of processor time of this process, all threads, as Linux counts it; 0 elsewhere.
fn processor_time() -> f64 {
    // What the process itself shows here is its first thread only.
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = |path: PathBuf| -> Option<f64> {
        fs::read_to_string(path).ok()?.split(' ').next()?.parse::<f64>().ok()
    };
    threads.flatten().filter_map(|thread| nanoseconds(thread.path().join("schedstat"))).sum::<f64>() / 1e9
}
