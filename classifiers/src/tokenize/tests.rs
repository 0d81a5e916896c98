//! Cutting texts, with the tokenizer of the tiny fixtures: its file asks for padding to 128 and for
//! truncation to 8 tokens, and neither must happen.

use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

use super::{Cut, Tokenizer, Window, pieces, spread_out, starts};
use crate::manifest::{Aggregate, Template, Windows};

const FRAMED: &[u8] = include_bytes!("../../tests/fixtures/prompt/tokenizer.json");
const BARE: &[u8] = include_bytes!("../../tests/fixtures/guard/tokenizer.json");

fn tokenizer(max_tokens: usize, overlap: usize, aggregate: Aggregate, most: usize) -> Tokenizer {
    Tokenizer::new(FRAMED, None, Windows { max_tokens, overlap, aggregate }, most).unwrap()
}

fn texts<'a>(text: &'a str, cut: &Cut) -> Vec<&'a str> {
    cut.windows.iter().map(|Window { span: (from, to), .. }| text.get(*from..*to).unwrap()).collect()
}

#[test]
fn a_short_text_is_one_row_without_padding() {
    let cut = tokenizer(128, 32, Aggregate::Max, 10).cut("how do I help").unwrap();
    assert_eq!(cut.windows.len(), 1);
    assert_eq!(cut.windows[0].row.ids.len(), 6, "four words between two marks");
    assert_eq!((cut.windows[0].row.inst, cut.windows[0].row.post()), (4, 5));
    assert_eq!((cut.windows[0].tokens, cut.windows[0].words, cut.windows[0].unknown), (4, 4, 0));
}

#[test]
fn nothing_is_cut_off() {
    let text = "one two three four one two three four one two three four";
    let cut = tokenizer(8, 2, Aggregate::Max, 10).cut(text).unwrap();
    // Six tokens a window, four further each time; the last reaches back to be full.
    assert_eq!(
        texts(text, &cut),
        ["one two three four one two", "one two three four one two", "three four one two three four"]
    );
    assert!(cut.windows.iter().all(|window| window.row.ids.len() == 8));
    assert_eq!((cut.omitted, cut.excess), (0, 0));
}

#[test]
fn head_and_tail_leave_out_the_middle_and_say_so() {
    let text = "one two three four ".repeat(10);
    let cut = tokenizer(8, 2, Aggregate::HeadTail { head: 2, tail: 1 }, 10).cut(&text).unwrap();
    assert_eq!((cut.windows.len(), cut.omitted, cut.excess), (3, 7, 0));
    assert_eq!(cut.windows[0].span.0, 0);
    assert_eq!(cut.windows[2].span.1, text.len());
    let short = tokenizer(8, 2, Aggregate::HeadTail { head: 2, tail: 1 }, 10).cut("one two").unwrap();
    assert_eq!((short.windows.len(), short.omitted), (1, 0));
}

#[test]
fn too_many_windows_are_thinned_and_counted() {
    let text = "one two three four ".repeat(100);
    let cut = tokenizer(8, 2, Aggregate::Max, 5).cut(&text).unwrap();
    assert_eq!((cut.windows.len(), cut.omitted, cut.excess), (5, 0, 95));
    assert_eq!((cut.windows[0].span.0, cut.windows[4].span.1), (0, text.len()));
}

#[test]
fn marks_in_a_text_are_plain_characters() {
    let cut = tokenizer(32, 4, Aggregate::Max, 5).cut("a [SEP] b").unwrap();
    let ids = &cut.windows[0].row.ids;
    let separator = *ids.last().unwrap();
    assert_eq!(ids.iter().filter(|id| **id == separator).count(), 1, "{ids:?}");
}

#[test]
fn marks_in_a_template_are_marks() {
    let template = Template { before: "[CLS]".to_owned(), after: "[SEP]:".to_owned() };
    let windows = Windows { max_tokens: 16, overlap: 4, aggregate: Aggregate::Max };
    let tokenizer = Tokenizer::new(BARE, Some(&template), windows, 5).unwrap();
    let row = tokenizer.cut("how do").unwrap().windows.remove(0).row;
    assert_eq!((row.ids.len(), row.inst, row.post()), (5, 2, 4));
}

#[test]
fn a_text_that_the_tokenizer_does_not_see() {
    let tokenizer = tokenizer(16, 4, Aggregate::Max, 5);
    for text in ["", "  \n", "\u{200b}\u{200b}", "\0\0", "\u{e0041}\u{e0042}"] {
        assert_eq!(tokenizer.cut(text).unwrap().windows.len(), 0, "{text:?}");
    }
}

#[test]
fn unknown_tokens_are_counted() {
    let cut = tokenizer(16, 4, Aggregate::Max, 5).cut("日本 help").unwrap();
    assert_eq!((cut.windows[0].tokens, cut.windows[0].unknown), (3, 2));
}

#[test]
fn a_megabyte() {
    let text = "how do i help ".repeat(75_000);
    let cut = tokenizer(128, 32, Aggregate::Max, 8).cut(&text).unwrap();
    assert_eq!(cut.windows.len(), 8);
    assert_eq!(cut.windows[7].span.1, text.len());
    // Pieces must not shift the offsets.
    for window in cut.windows.iter().skip(1) {
        let start = window.span.0;
        assert!(text.get(..start).unwrap().ends_with(' '), "window begins inside a word");
    }
}

#[test]
fn a_window_without_room_is_refused() {
    let windows = Windows { max_tokens: 6, overlap: 4, aggregate: Aggregate::Max };
    let message = Tokenizer::new(FRAMED, None, windows, 5).unwrap_err();
    assert_eq!(message, "a window of 6 tokens has no room for text");
    assert!(Tokenizer::new(b"{}", None, windows, 5).is_err());
}

proptest! {
    #[test]
    fn windows_cover_everything(tokens in 1usize..500, room in 3usize..60, overlap in 0usize..30) {
        let overlap = overlap.min(room - 1);
        let starts = starts(tokens, room, room - overlap);
        prop_assert_eq!(starts[0], 0);
        prop_assert!(starts.last().unwrap() + room >= tokens);
        for pair in starts.windows(2) {
            prop_assert!(pair[0] < pair[1]);
            prop_assert!(pair[1] + overlap <= pair[0] + room, "a gap, or less overlap than asked");
        }
    }

    #[test]
    fn pieces_are_the_text(text in "[a-zé日 \u{200b}]{0,400}", times in 1usize..400) {
        let text = text.repeat(times);
        let joined: String = pieces(&text).collect();
        prop_assert_eq!(joined, text);
    }

    #[test]
    fn spread_out_keeps_both_ends(count in 1usize..100, most in 1usize..20) {
        let all: Vec<usize> = (0..count).collect();
        let kept = spread_out(&all, most);
        prop_assert_eq!(kept.len(), count.min(most));
        prop_assert_eq!(kept[0], 0);
        if most > 1 {
            prop_assert_eq!(*kept.last().unwrap(), count - 1);
        }
        prop_assert!(kept.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn any_text_is_cut_without_a_panic(text in "\\PC{0,200}|[\u{0}-\u{2ff}]{0,200}") {
        let cut = tokenizer(8, 2, Aggregate::Max, 4).cut(&text).unwrap();
        for window in &cut.windows {
            prop_assert!(text.get(window.span.0..window.span.1).is_some());
            prop_assert!(window.row.ids.len() <= 8);
        }
    }
}
