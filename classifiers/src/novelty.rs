//! Whether a text is unlike what a classifier was trained on.
//!
//! A network answers every question, also those it was never taught: give it Thai, base64 or a page of
//! invisible characters, and out comes a confident number. Four cheap looks at the text and one at the
//! model's own picture of it say when not to believe that number. Each is made only if the manifest gives
//! a limit for it, which the training data determines.
//!
//! The answer is per window: an English letter with one paragraph in another script is readable in all
//! windows but one.

use crate::backend::Answer;
use crate::error::LoadError;
use crate::manifest::{Manifest, Novelty as Limits};
use crate::tensors::{Matrix, Tensors};
use crate::tokenize::Window;

/// The tests of one classifier.
#[derive(Debug)]
pub struct Novelty {
    limits: Limits,
    nearest: Option<Nearest>,
}

/// The distance to the nearest class of the training data.
#[derive(Debug)]
struct Nearest {
    output: usize,
    threshold: f64,
    whitening: Whitening,
    /// The class means, whitened.
    means: Matrix,
}

/// What makes all directions of the model's space equally wide.
#[derive(Debug)]
enum Whitening {
    None,
    Diagonal(Vec<f32>),
    Full(Matrix),
}

/// Below so many tokens, the mean number of tokens in a word says nothing: a single rare name is enough to
/// raise it.
const FEWEST_TOKENS: usize = 12;

// === impl Novelty ===

impl Novelty {
    /// The tests that a manifest asks for.
    ///
    /// # Errors
    ///
    /// When the file of class means cannot be read, or does not hold what it should.
    pub fn load(manifest: &Manifest) -> Result<Self, LoadError> {
        let nearest = match &manifest.novelty.distance {
            None => None,
            Some(distance) => {
                let tensors = Tensors::read(&distance.file)?;
                let means = tensors.require("means")?;
                let whitening = match (tensors.get("whiten")?, tensors.get("scale")?) {
                    (None, None) => Whitening::None,
                    (None, Some(scale)) if scale.values.len() == means.width => {
                        Whitening::Diagonal(scale.values)
                    }
                    (Some(whiten), None) if whiten.width == means.width => Whitening::Full(whiten),
                    (Some(_), Some(_)) => {
                        return Err(tensors.wrong("both `whiten` and `scale` are there".to_owned()));
                    }
                    _ => {
                        return Err(
                            tensors.wrong("the widths of `means` and of the whitening differ".to_owned())
                        );
                    }
                };
                let rows: Vec<Vec<f32>> = means.rows().map(|mean| whitening.apply(mean)).collect();
                let width = rows.first().map_or(0, Vec::len);
                let means = Matrix { width, values: rows.concat() };
                Some(Nearest { output: distance.output, threshold: distance.threshold, whitening, means })
            }
        };
        Ok(Self { limits: manifest.novelty.clone(), nearest })
    }

    /// Whether a text is novel before any model has read it.
    pub fn of_text(&self, text: &str) -> bool {
        let over =
            |limit: Option<f64>, share: fn(&str) -> f64| limit.is_some_and(|limit| share(text) > limit);
        over(self.limits.outside_latin, share_outside_latin) || over(self.limits.hidden, share_hidden)
    }

    /// Whether one window is novel: its text, its tokens, and what the model makes of it.
    pub fn of_window(&self, text: &str, window: &Window, answer: &Answer) -> bool {
        let tokens = window.tokens.max(1) as f64;
        let unknown = self.limits.unknown.is_some_and(|limit| window.unknown as f64 / tokens > limit);
        let fragmented = window.tokens >= FEWEST_TOKENS
            && self.limits.fragmentation.is_some_and(|limit| tokens / window.words.max(1) as f64 > limit);
        let (from, to) = window.span;
        unknown
            || fragmented
            || self.of_text(text.get(from..to).unwrap_or(text))
            || self.nearest.as_ref().is_some_and(|nearest| nearest.is_far(answer))
    }
}

// === impl Nearest ===

impl Nearest {
    fn is_far(&self, answer: &Answer) -> bool {
        let Some(embedding) = answer.get(self.output) else { return true };
        self.distance(embedding).is_none_or(|distance| distance.is_nan() || distance > self.threshold)
    }

    /// None when the embedding has another width than the means, which must not pass for near.
    fn distance(&self, embedding: &[f32]) -> Option<f64> {
        let here = self.whitening.apply(embedding);
        if here.len() != self.means.width {
            return None;
        }
        let squared =
            |mean: &[f32]| mean.iter().zip(&here).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
        self.means.rows().map(squared).min_by(f64::total_cmp).map(f64::sqrt)
    }
}

// === impl Whitening ===

impl Whitening {
    fn apply(&self, vector: &[f32]) -> Vec<f32> {
        match self {
            Self::None => vector.to_vec(),
            Self::Diagonal(scale) => vector.iter().zip(scale).map(|(x, s)| x * s).collect(),
            Self::Full(matrix) if matrix.width == vector.len() => {
                matrix.rows().map(|row| row.iter().zip(vector).map(|(w, x)| w * x).sum()).collect()
            }
            Self::Full(_) => Vec::new(),
        }
    }
}

/// The share of letters that are not of the Latin script; 0 when there are no letters.
pub fn share_outside_latin(text: &str) -> f64 {
    let (mut letters, mut outside) = (0usize, 0usize);
    for c in text.chars().filter(|c| c.is_alphabetic()) {
        letters += 1;
        outside += usize::from(!is_latin(c));
    }
    outside as f64 / letters.max(1) as f64
}

/// The share of characters that nobody sees, though a language model may read them; 0 when there are none.
pub fn share_hidden(text: &str) -> f64 {
    let (mut all, mut hidden) = (0usize, 0usize);
    for c in text.chars() {
        all += 1;
        hidden += usize::from(is_hidden(c));
    }
    hidden as f64 / all.max(1) as f64
}

fn is_latin(c: char) -> bool {
    matches!(
        c,
        'A'..='Z' | 'a'..='z' | '\u{aa}' | '\u{ba}'
            // Supplement, extended A and B, phonetic.
            | '\u{c0}'..='\u{2af}' | '\u{1d00}'..='\u{1dbf}'
            // Extended additional, superscripts and subscripts, letter-like.
            | '\u{1e00}'..='\u{1eff}' | '\u{2071}' | '\u{207f}' | '\u{2090}'..='\u{209c}' | '\u{212a}' | '\u{212b}'
            // Roman numerals, extended C, D and E, ligatures, full width.
            | '\u{2160}'..='\u{2188}' | '\u{2c60}'..='\u{2c7f}' | '\u{a722}'..='\u{a7ff}' | '\u{ab30}'..='\u{ab64}'
            | '\u{fb00}'..='\u{fb06}' | '\u{ff21}'..='\u{ff3a}' | '\u{ff41}'..='\u{ff5a}'
    )
}

/// Control and format characters, tags, private use and the variation selectors that carry hidden bytes. The
/// joiners and the selectors of emoji are left out, and so are line breaks and tabs.
fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{9f}' | '\u{ad}'
            | '\u{200b}' | '\u{200c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-6, "{a} is not {b}");
    }

    #[test]
    fn scripts() {
        near(share_outside_latin("naïve café, Straße, Łódź, Ḥ, ﬁn"), 0.0);
        near(share_outside_latin("как дела"), 1.0);
        near(share_outside_latin("你好 abc"), 0.4);
        near(share_outside_latin("123 !? 🙂"), 0.0);
        // Letters that look Latin and are not.
        assert!(share_outside_latin("раураl") > 0.8);
    }

    #[test]
    fn hidden_characters() {
        near(share_hidden("a\tb\nc"), 0.0);
        near(share_hidden("👩\u{200d}🚀 ok \u{2764}\u{fe0f}"), 0.0);
        near(share_hidden("a\u{200b}"), 0.5);
        near(share_hidden("\u{e0041}\u{e0042}\u{e007f}"), 1.0);
        near(share_hidden(""), 0.0);
    }

    #[test]
    fn the_nearest_class_counts() {
        let means = Matrix { width: 2, values: vec![0.0, 0.0, 10.0, 0.0] };
        let nearest = |whitening| Nearest { output: 0, threshold: 2.0, whitening, means: means.clone() };
        let plain = nearest(Whitening::None);
        near(plain.distance(&[9.0, 0.0]).unwrap(), 1.0);
        assert!(!plain.is_far(&vec![vec![9.0, 0.0]]));
        assert!(plain.is_far(&vec![vec![5.0, 0.0]]));
        assert!(plain.is_far(&vec![vec![5.0]]), "another width must not pass for near");
        assert!(plain.is_far(&vec![vec![f32::NAN, 0.0]]), "nor must what is no number");
        assert!(plain.is_far(&Vec::new()));
        let full = nearest(Whitening::Full(Matrix { width: 2, values: vec![1.0, 0.0, 0.0, 3.0] }));
        near(full.distance(&[0.0, 1.0]).unwrap(), 3.0);
        let diagonal = nearest(Whitening::Diagonal(vec![1.0, 0.5]));
        near(diagonal.distance(&[0.0, 2.0]).unwrap(), 1.0);
    }
}
