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
use demur_classifiers::{Classifier, Options, Registry, Timing, onnxruntime};
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
            "{{\"tokens\": {}, \"one\": {}, \"batches\": {}, \"idle_ms_per_s\": {idle:.3}}}",
            bench.row.ids.len(),
            one.json(),
            many.json()
        );
        return;
    }
    println!(
        "{}, texts of {} tokens, one session of one thread, time for a text",
        bench.classifier.name(),
        bench.row.ids.len()
    );
    one.print("one at a time");
    many.print("batches of 32");
    println!("where it goes    {}", bench.breakdown());
    println!("idle             {idle:.3} ms of processor time a second");
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

    /// One text after another.
    fn one_at_a_time(&mut self) -> Compared {
        let tensors = Tensors::new(&self.row, 1);
        let (bare, classifier, text, runtime) = (&mut self.bare, &self.classifier, &self.text, &self.runtime);
        compare(
            self.span,
            8,
            || (0..8).for_each(|_| tensors.run(bare)),
            || (0..8).for_each(|_| drop(runtime.block_on(classifier.judge(text, DEADLINE)).unwrap())),
        )
    }

    /// As many at once as fill two batches.
    fn in_batches(&mut self) -> Compared {
        let tensors = Tensors::new(&self.row, BATCH);
        let (bare, classifier, text, runtime) = (&mut self.bare, &self.classifier, &self.text, &self.runtime);
        compare(
            self.span * 2,
            4 * BATCH,
            || (0..4).for_each(|_| tensors.run(bare)),
            || runtime.block_on(traffic(classifier, text, 4 * BATCH)),
        )
    }

    /// Where the time of a judgement goes, alone: the quickest tenth of each.
    fn breakdown(&self) -> String {
        let timings: Vec<Timing> = (0..100)
            .map(|_| self.runtime.block_on(self.classifier.judge(&self.text, DEADLINE)).unwrap().timing)
            .collect();
        let quick = |of: fn(&Timing) -> Duration| {
            let mut times: Vec<Duration> = timings.iter().map(of).collect();
            times.sort_unstable();
            times.get(times.len() / 10).map_or(f64::NAN, |time| time.as_secs_f64() * 1e6)
        };
        format!(
            "cutting {:.1} µs · waiting {:.1} µs · model {:.1} µs · all {:.1} µs",
            quick(|timing| timing.tokenize),
            quick(|timing| timing.queue),
            quick(|timing| timing.inference),
            quick(|timing| timing.total)
        )
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

/// Stretches of the one and of the other in turn, for so long; each judges so many texts.
fn compare(span: Duration, texts: usize, mut bare: impl FnMut(), mut ours: impl FnMut()) -> Compared {
    // The first stretches warm caches and are not counted.
    bare();
    ours();
    let mut compared = Compared { texts, bare: Vec::new(), ours: Vec::new() };
    let until = Instant::now() + span;
    while Instant::now() < until || compared.bare.len() < 3 {
        compared.bare.push(Stretch::of(&mut bare));
        compared.ours.push(Stretch::of(&mut ours));
    }
    compared
}

/// Both sides, stretch by stretch.
struct Compared {
    texts: usize,
    bare: Vec<Stretch>,
    ours: Vec<Stretch>,
}

/// What a stretch took: seconds on the clock, and of all processors.
struct Stretch {
    clock: f64,
    processor: f64,
}

// === impl Compared ===

impl Compared {
    /// Microseconds for one text: of the bare session, of the classifier, and the ratio. The quickest tenth,
    /// for what else a machine does only ever adds.
    fn per_text(&self, of: fn(&Stretch) -> f64) -> (f64, f64, f64) {
        let quick = |stretches: &[Stretch]| {
            let mut times: Vec<f64> = stretches.iter().map(of).collect();
            times.sort_by(f64::total_cmp);
            times.get(times.len() / 10).map_or(f64::NAN, |time| time * 1e6 / self.texts as f64)
        };
        let (bare, ours) = (quick(&self.bare), quick(&self.ours));
        (bare, ours, ours / bare)
    }

    fn print(&self, what: &str) {
        for (unit, of) in [("clock", (|s| s.clock) as fn(&Stretch) -> f64), ("processor", |s| s.processor)] {
            let (bare, ours, ratio) = self.per_text(of);
            println!("{what:<16} {unit:<10} bare {bare:8.1} µs   demur {ours:8.1} µs   ratio {ratio:.3}");
        }
    }

    fn json(&self) -> String {
        let of = |of: fn(&Stretch) -> f64| {
            let (bare, ours, ratio) = self.per_text(of);
            format!("{{\"bare_us\": {bare:.1}, \"demur_us\": {ours:.1}, \"ratio\": {ratio:.4}}}")
        };
        format!("{{\"clock\": {}, \"processor\": {}}}", of(|s| s.clock), of(|s| s.processor))
    }
}

// === impl Stretch ===

impl Stretch {
    fn of(work: &mut impl FnMut()) -> Self {
        let (started, before) = (Instant::now(), processor_time());
        work();
        let clock = started.elapsed().as_secs_f64();
        Self { clock, processor: processor_time() - before }
    }
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

/// Seconds of processor time of this process, all threads, as Linux counts it; 0 elsewhere.
fn processor_time() -> f64 {
    // What the process itself shows here is its first thread only.
    let Ok(threads) = fs::read_dir("/proc/self/task") else { return 0.0 };
    let nanoseconds = |path: PathBuf| -> Option<f64> {
        fs::read_to_string(path).ok()?.split(' ').next()?.parse::<f64>().ok()
    };
    threads.flatten().filter_map(|thread| nanoseconds(thread.path().join("schedstat"))).sum::<f64>() / 1e9
}
