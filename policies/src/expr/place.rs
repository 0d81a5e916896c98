//! From a place in a condition to the place in the file.
//!
//! YAML folds, quotes and indents, so the text of a scalar is not the text of the file. The two are
//! laid side by side once, and only when something is wrong.

use std::ops::Range;

/// A text taken from a file, and where it stands there.
#[derive(Clone, Debug)]
pub(crate) struct Written {
    /// What it says.
    pub(crate) text: String,
    /// Where the scalar stands in the file.
    pub(crate) span: Range<usize>,
}

impl Written {
    /// The bytes of the file that a part of the text came from.
    pub(crate) fn locate(&self, file: &str, part: Range<usize>) -> Range<usize> {
        let Some(raw) = file.get(self.span.clone()) else { return self.span.clone() };
        let Some(offsets) = align(&self.text, raw) else { return self.span.clone() };
        let at = |offset: usize| offsets.get(offset).copied().unwrap_or(raw.trim_end().len());
        let start = at(part.start);
        let end = if part.end > part.start { at(part.end - 1) + 1 } else { start };
        self.span.start + start..self.span.start + end.max(start)
    }
}

/// For each byte of the text, the byte of the raw scalar it came from. Whitespace is fickle, so any
/// whitespace may stand for any other; everything else has to be found, in order.
fn align(text: &str, raw: &str) -> Option<Vec<usize>> {
    let mut offsets = Vec::with_capacity(text.len());
    let mut rest = raw.char_indices().peekable();
    let mut last = 0;
    for letter in text.chars() {
        if letter.is_whitespace() {
            if let Some((offset, found)) = rest.peek().copied() {
                last = offset;
                if found.is_whitespace() {
                    rest.next();
                }
            }
        } else {
            last = rest.by_ref().find(|(_, found)| *found == letter)?.0;
        }
        offsets.extend((0..letter.len_utf8()).map(|byte| last + byte));
    }
    Some(offsets)
}

#[cfg(test)]
mod tests {
    use super::Written;

    #[track_caller]
    fn check(raw: &str, text: &str, part: &str) {
        let file = format!("when: {raw}\n");
        let written = Written { text: text.to_owned(), span: 6..6 + raw.len() };
        let start = text.find(part).expect("the part is in the text");
        assert_eq!(file.get(written.locate(&file, start..start + part.len())), Some(part));
    }

    #[test]
    fn a_part_is_found_in_any_style() {
        check("a.b > 1 && c", "a.b > 1 && c", "c");
        check("\"x == \\\"é\\\" && y\"", "x == \"é\" && y", "y");
        check("'x == ''é'' && y'", "x == 'é' && y", "&& y");
        check("|\n  aa &&\n    bb\n", "aa &&\n  bb\n", "bb");
        check(">-\n  aa &&\n  bb", "aa && bb", "bb");
    }

    #[test]
    fn an_alias_is_named_as_a_whole() {
        let written = Written { text: "prompt.harm".to_owned(), span: 6..8 };
        assert_eq!(written.locate("when: *x\n", 0..6), 6..8);
    }
}
