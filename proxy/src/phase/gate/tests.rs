//! The gate with the reader of OpenAI's streams, driven as `stream` drives it but without waiting.

use demur_dialects::dialect::Dialect;
use demur_dialects::framing::{Framer, Framing};
use demur_dialects::message::{Denial, Ending, Origin};
use demur_dialects::openai::chat::Chat;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Gate, Settings, State, Window};

const DONE: &str = "data: [DONE]\n\n";
const SETTINGS: Settings = Settings { hold_words: 5, window_words: 8 };

fn gate(settings: Settings) -> Gate {
    let origin = Origin { id: "own".to_owned(), model: "own".to_owned(), created: 1 };
    Gate::new(Chat.stream(Framing::Sse, origin), settings)
}

fn event(choices: &[Value]) -> String {
    let chunk = json!({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 7, "model": "m", "choices": choices});
    format!("data: {chunk}\n\n")
}

fn delta(choice: u32, delta: &Value) -> String {
    event(&[json!({"index": choice, "delta": delta, "finish_reason": null})])
}

fn say(choice: u32, text: &str) -> String {
    delta(choice, &json!({"content": text}))
}

fn finish(choice: u32) -> String {
    event(&[json!({"index": choice, "delta": {}, "finish_reason": "stop"})])
}

/// What is done with an answer that waits for its first verdict.
enum Verdict {
    Allow,
    Replace(&'static str),
    Cut,
}

/// What came of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Came {
    out: Vec<u8>,
    /// The answers that were judged first, in order, with their words.
    judged: Vec<(u32, String)>,
    windows: Vec<Window>,
}

struct Driver<F> {
    gate: Gate,
    verdict: F,
    came: Came,
}

impl<F: Fn(u32, &str) -> Verdict> Driver<F> {
    fn new(settings: Settings, verdict: F) -> Self {
        Self { gate: gate(settings), verdict, came: Came::default() }
    }

    /// A stream in pieces of these lengths, and then whatever is left.
    fn run(mut self, stream: &[u8], lengths: &[usize]) -> Came {
        let mut framer = Framer::new(Framing::Sse);
        let mut rest = stream;
        for length in lengths.iter().copied().chain([usize::MAX]) {
            let (piece, left) = rest.split_at(length.min(rest.len()));
            rest = left;
            // As off the wire: all frames of a piece first, and then what they ask for.
            for frame in framer.push(piece) {
                let bytes = self.gate.push(frame);
                self.came.out.extend(bytes.iter().flatten());
            }
            self.settle();
        }
        if let Some(frame) = framer.finish() {
            self.came.out.extend(self.gate.push(frame).iter().flatten());
        }
        self.gate.stop_holding();
        self.settle();
        self.came
    }

    fn settle(&mut self) {
        loop {
            while let Some(window) = self.gate.next_window() {
                self.came.windows.push(window);
            }
            if self.gate.state() != State::Judging {
                return;
            }
            let waiting: Vec<(u32, String)> =
                self.gate.waiting().map(|(choice, heard)| (choice, heard.text.said.clone())).collect();
            for (choice, text) in waiting {
                match (self.verdict)(choice, &text) {
                    Verdict::Allow => {}
                    Verdict::Replace(text) => {
                        self.came
                            .out
                            .extend(self.gate.replace(choice, text, Ending::Stop).into_iter().flatten());
                    }
                    Verdict::Cut => self.came.out.extend(self.gate.cut(Ending::ContentFilter)),
                }
                self.came.judged.push((choice, text));
            }
            self.came.out.extend(self.gate.release().into_iter().flatten());
        }
    }
}

fn allow(stream: &str, lengths: &[usize]) -> Came {
    Driver::new(SETTINGS, |_, _| Verdict::Allow).run(stream.as_bytes(), lengths)
}

/// The words that the client read of a choice.
fn read(out: &[u8], choice: u64) -> String {
    let text = String::from_utf8(out.to_vec()).expect("text");
    let chunks =
        text.lines().filter_map(|line| serde_json::from_str::<Value>(line.strip_prefix("data: ")?).ok());
    let choices = chunks.flat_map(|chunk| chunk["choices"].as_array().cloned().unwrap_or_default());
    choices
        .filter(|said| said["index"] == choice)
        .filter_map(|said| Some(said["delta"]["content"].as_str()?.to_owned()))
        .collect()
}

#[test]
fn without_a_hold_and_a_window_frames_leave_as_they_come() {
    let mut gate = gate(Settings { hold_words: 0, window_words: 0 });
    let mut framer = Framer::new(Framing::Sse);
    let stream = say(0, "hello ") + &finish(0);
    for frame in framer.push(stream.as_bytes()) {
        let raw = frame.raw.clone();
        assert_eq!(gate.push(frame), Some(raw));
    }
    assert!(gate.is_over() && gate.waiting().next().is_none());
}

#[test]
fn nothing_leaves_before_the_verdict_on_enough_words() {
    let mut gate = gate(SETTINGS);
    let mut framer = Framer::new(Framing::Sse);
    for word in ["one ", "two ", "three ", "four ", "five ", "six "] {
        assert_eq!(gate.state(), State::Holding, "{word}");
        for frame in framer.push(say(0, word).as_bytes()) {
            assert_eq!(gate.push(frame), None);
        }
    }
    assert_eq!(gate.state(), State::Judging);
    assert_eq!(gate.release().len(), 6);
    assert_eq!(gate.state(), State::Passing);
}

#[test]
fn a_stream_without_a_frame_and_one_of_comments_end_without_being_over() {
    for stream in ["", ": keep-alive\n\n: keep-alive\n\n"] {
        let mut driver = Driver::new(SETTINGS, |_, _| Verdict::Allow);
        driver.gate.stop_holding();
        assert_eq!(driver.gate.state(), State::Judging);
        let came = Driver::new(SETTINGS, |_, _| Verdict::Allow).run(stream.as_bytes(), &[]);
        assert_eq!(came.out, stream.as_bytes());
        assert_eq!(came.judged, []);
        assert!(!driver.gate.is_over() && !driver.gate.is_open());
    }
}

#[test]
fn tool_arguments_are_judged_beside_the_words() {
    let call = |arguments: &str| {
        delta(0, &json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": arguments}}]}))
    };
    let stream = [call("{\"a\":"), call("1}"), finish(0), DONE.to_owned()].concat();
    let mut driver = Driver::new(SETTINGS, |_, _| Verdict::Allow);
    let mut framer = Framer::new(Framing::Sse);
    for frame in framer.push(stream.as_bytes()) {
        assert_eq!(driver.gate.push(frame), None);
    }
    assert_eq!(driver.gate.state(), State::Judging);
    let waiting: Vec<_> = driver.gate.waiting().map(|(_, heard)| heard.beside.said.clone()).collect();
    assert_eq!(waiting, ["{\"a\":1}"]);
    driver.settle();
    assert_eq!(driver.came.out, stream.as_bytes());
}

#[test]
fn an_error_event_of_the_upstream_passes_and_ends_the_stream() {
    let stream = say(0, "one ") + "data: {\"error\": {\"message\": \"overloaded\"}}\n\n";
    let mut driver = Driver::new(SETTINGS, |_, _| Verdict::Allow);
    for frame in Framer::new(Framing::Sse).push(stream.as_bytes()) {
        assert_eq!(driver.gate.push(frame), None);
    }
    driver.settle();
    assert_eq!(driver.came.out, stream.as_bytes());
    assert_eq!(driver.gate.upstream_error(), Some("overloaded"));
    assert!(driver.gate.is_over());
}

#[test]
fn an_answer_that_begins_later_is_held_in_its_turn() {
    let first = say(0, "one two three four five six ") + &finish(0);
    let stream =
        first.clone() + &say(1, "I cannot ") + &say(1, "help you with this at all ") + &finish(1) + DONE;
    let verdict =
        |_: u32, text: &str| if text.contains("cannot") { Verdict::Replace("Yes.") } else { Verdict::Allow };
    let came = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &[]);
    assert_eq!(read(&came.out, 0), "one two three four five six ");
    assert_eq!(read(&came.out, 1), "Yes.");
    assert_eq!(came.judged.len(), 2);
}

#[test]
fn reasoning_passes_once_judged_and_the_answer_after_it_is_held() {
    let think = |text: &str| delta(0, &json!({"reasoning_content": text}));
    let stream = think("let me think about this for long ")
        + &think("and longer ")
        + &say(0, "I cannot help. ")
        + &finish(0)
        + DONE;
    let came = allow(&stream, &[]);
    assert_eq!(came.judged, [(0, String::new()), (0, "I cannot help. ".to_owned())]);
    assert_eq!(came.windows.len(), 1);
    assert_eq!(came.out, stream.as_bytes());
}

#[test]
fn the_end_of_an_answer_waits_for_the_verdict_on_its_last_words() {
    let stream = say(0, "one two three four five six ") + &say(0, "bad ") + &finish(0) + DONE;
    let mut driver = Driver::new(SETTINGS, |_, _| Verdict::Allow);
    let mut framer = Framer::new(Framing::Sse);
    let mut arriving = framer.push(stream.as_bytes()).into_iter();
    let first = arriving.next().expect("first");
    driver.gate.push(first);
    driver.settle();
    let second = arriving.next().expect("second");
    assert!(driver.gate.push(second).is_some());
    let third = arriving.next().expect("the end");
    assert_eq!(driver.gate.push(third), None);
    assert_eq!(driver.gate.state(), State::Judging);
    assert!(driver.gate.next_window().is_some_and(|window| window.text.ends_with("bad ")));
    let ending = String::from_utf8(driver.gate.cut(Ending::ContentFilter).to_vec()).expect("text");
    assert!(ending.contains("content_filter") && ending.ends_with(DONE), "{ending}");
}

#[test]
fn a_cut_ends_as_the_dialect_does_and_nothing_follows() {
    for ending in [Ending::ContentFilter, Ending::Error(Denial::UpstreamUnavailable, "it broke")] {
        let mut gate = gate(SETTINGS);
        let mut framer = Framer::new(Framing::Sse);
        framer
            .push(say(0, "one two three four five six").as_bytes())
            .into_iter()
            .for_each(|frame| drop(gate.push(frame)));
        let cut = gate.cut(ending);
        assert!(cut.ends_with(DONE.as_bytes()));
        assert_eq!((gate.release().len(), gate.state()), (0, State::Cut));
        for frame in framer.push(finish(0).as_bytes()) {
            assert_eq!(gate.push(frame), None);
        }
        gate.stop_holding();
        assert!(gate.cut(ending).is_empty() && gate.release().is_empty());
    }
}

#[test]
fn one_frame_for_two_answers_keeps_the_one_that_was_not_replaced() {
    let both = |a: &str, b: &str, finish: Value| {
        event(&[
            json!({"index": 0, "delta": {"content": a}, "finish_reason": finish}),
            json!({"index": 1, "delta": {"content": b}, "finish_reason": finish}),
        ])
    };
    let stream = both("I cannot do this for ", "Here is the answer to ", Value::Null)
        + &both("you at all", "your question, enjoy", Value::Null)
        + &both("", "", json!("stop"))
        + DONE;
    let verdict =
        |choice: u32, _: &str| if choice == 0 { Verdict::Replace("Gladly.") } else { Verdict::Allow };
    let came = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &[]);
    assert_eq!(read(&came.out, 0), "Gladly.");
    assert_eq!(read(&came.out, 1), "Here is the answer to your question, enjoy");
    let text = String::from_utf8(came.out).expect("text");
    assert_eq!(text.matches("\"finish_reason\":\"stop\"").count(), 2, "{text}");
}

/// One thing that a stream says: (choice, what, words).
type Saying = (u32, u8, String);

fn sayings() -> impl Strategy<Value = Vec<Saying>> {
    proptest::collection::vec((0_u32..3, 0_u8..12, "([a-z]{1,6} ){0,4}"), 0..30)
}

fn stream_of(sayings: &[Saying], done: bool) -> String {
    let mut stream = String::from(": opened\n\n");
    let mut open: std::collections::BTreeSet<u32> = (0..3).collect();
    for (choice, what, text) in sayings.iter().filter(|(choice, ..)| *choice < 3) {
        if !open.contains(choice) {
            continue;
        }
        match what {
            0 => stream.push_str(": keep-alive\r\n\r\n"),
            1 => stream.push_str(&delta(*choice, &json!({"role": "assistant", "content": ""}))),
            2 => stream.push_str(&delta(*choice, &json!({"reasoning_content": text}))),
            3 => {
                let call = json!({"tool_calls": [{"index": 0, "function": {"arguments": text}}]});
                stream.push_str(&delta(*choice, &call));
            }
            4 => {
                stream.push_str(&finish(*choice));
                open.remove(choice);
            }
            _ => stream.push_str(&say(*choice, text)),
        }
    }
    if done {
        stream.push_str(DONE);
    }
    stream
}

fn said(sayings: &[Saying], choice: u32) -> String {
    let mut text = String::new();
    for (_, what, words) in sayings.iter().filter(|(speaker, ..)| *speaker == choice) {
        match what {
            0..=3 => {}
            4 => break,
            _ => text.push_str(words),
        }
    }
    text
}

proptest! {
    #[test]
    fn nothing_is_changed_when_everything_is_allowed(
        sayings in sayings(), done: bool, lengths in proptest::collection::vec(0_usize..200, 0..20),
        hold_words in 0_usize..12, window_words in 0_usize..12,
    ) {
        let stream = stream_of(&sayings, done);
        let came = Driver::new(Settings { hold_words, window_words }, |_, _| Verdict::Allow).run(stream.as_bytes(), &lengths);
        prop_assert_eq!(String::from_utf8_lossy(&came.out), stream);
    }

    #[test]
    fn the_cuts_of_the_wire_change_nothing(
        sayings in sayings(), done: bool, lengths in proptest::collection::vec(0_usize..300, 0..40),
        replaced in 0_u32..4, cuts: bool,
    ) {
        let stream = stream_of(&sayings, done);
        let verdict = |choice: u32, _: &str| match choice {
            _ if choice != replaced => Verdict::Allow,
            _ if cuts => Verdict::Cut,
            _ => Verdict::Replace("Something else."),
        };
        let whole = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &[]);
        let cut = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &lengths);
        let bytes = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &vec![1; stream.len()]);
        prop_assert_eq!(&whole, &cut);
        prop_assert_eq!(&whole, &bytes);
    }

    #[test]
    fn a_replaced_answer_does_not_leak_and_the_others_stay(sayings in sayings(), replaced in 0_u32..3) {
        let stream = stream_of(&sayings, true);
        let verdict = |choice: u32, _: &str| if choice == replaced { Verdict::Replace("Gladly.") } else { Verdict::Allow };
        let came = Driver::new(SETTINGS, verdict).run(stream.as_bytes(), &[]);
        for choice in 0..3 {
            let spoken = said(&sayings, choice);
            let judged = came.judged.iter().any(|(who, text)| *who == choice && !text.is_empty());
            // What was shown before its first word, such as reasoning, may have been all there was to judge.
            let expected = if choice != replaced || came.judged.iter().all(|(who, _)| *who != choice) {
                spoken
            } else {
                "Gladly.".to_owned()
            };
            prop_assert_eq!(read(&came.out, u64::from(choice)), expected, "choice {} judged {}", choice, judged);
        }
    }

    #[test]
    fn every_word_after_the_first_verdict_stands_in_some_window(words in proptest::collection::vec("[a-z]{1,8} ", 1..120)) {
        let numbered: Vec<String> = words.iter().enumerate().map(|(number, word)| format!("{number}{word}")).collect();
        let stream = numbered.iter().map(|word| say(0, word)).collect::<String>() + &finish(0) + DONE;
        let came = allow(&stream, &[]);
        let judged = came.judged.iter().map(|(_, text)| text.as_str());
        let seen: String = judged.chain(came.windows.iter().map(|window| window.text.as_str())).collect();
        for word in &numbered {
            prop_assert!(seen.contains(word.as_str()), "{word} was never judged");
        }
        for window in &came.windows {
            prop_assert!(window.text.split_whitespace().count() <= SETTINGS.window_words + 1);
        }
    }
}
