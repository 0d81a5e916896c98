//! Latent Guard: what a language model believes about a text, read from its hidden states.
//!
//! Language models hold harmfulness and refusal as separate directions, at separate tokens ("LLMs Encode
//! Harmfulness and Refusal Separately", arXiv 2507.11878). At the last token of the user's text the hidden
//! states lie nearer to the mean of harmful texts or to that of harmless ones; at the last token of the
//! prompt, nearer to texts that get refused or to those that get answered. The score is
//!
//! ```text
//! mean over layers l of  cos(h_l, positive_l) − cos(h_l, negative_l)
//! ```
//!
//! and above 0 means positive. One pass gives both. It is the belief of the model that is run *here*,
//! never that of the upstream.

use crate::error::LoadError;
use crate::manifest::{CategoryReading, Manifest, Reading};
use crate::tensors::{Matrix, Tensors};

/// The centroids of one head.
#[derive(Debug, Clone, PartialEq)]
pub struct Centroids {
    positive: Matrix,
    negative: Matrix,
    categories: Vec<Matrix>,
}

// === impl Centroids ===

impl Centroids {
    /// The centroids of every head, in the order of the manifest; nothing for heads that need none.
    ///
    /// # Errors
    ///
    /// When the file is not the one that the manifest names, or lacks one of them.
    pub fn load(manifest: &Manifest) -> Result<Vec<Option<Self>>, LoadError> {
        let Some(file) = &manifest.centroids else { return Ok(vec![None; manifest.heads.len()]) };
        let tensors = Tensors::read(file)?;
        let of_head = |head: &crate::manifest::Head| {
            let Reading::Cosine { positive, negative, .. } = &head.reading else { return Ok(None) };
            let names = match head.category.as_ref().map(|category| &category.reading) {
                Some(CategoryReading::Cosine { centroids, .. }) => centroids.as_slice(),
                _ => &[],
            };
            let categories = names.iter().map(|name| tensors.require(name)).collect::<Result<Vec<_>, _>>()?;
            let centroids = Self {
                positive: tensors.require(positive)?,
                negative: tensors.require(negative)?,
                categories,
            };
            let all = centroids.categories.iter().chain([&centroids.negative]);
            if all.clone().any(|other| !other.is_like(&centroids.positive)) {
                let message = format!("the centroids of head `{}` have different shapes", head.name);
                return Err(tensors.wrong(message));
            }
            if all.chain([&centroids.positive]).any(|matrix| matrix.rows().any(|row| norm(row) == 0.0)) {
                let message = format!("a centroid of head `{}` is zero and has no direction", head.name);
                return Err(tensors.wrong(message));
            }
            Ok(Some(centroids))
        };
        manifest.heads.iter().map(of_head).collect()
    }

    /// How many numbers of hidden state the formula wants.
    pub fn numbers(&self) -> usize {
        self.positive.values.len()
    }

    /// The mean difference of cosines; none when the hidden states have another shape, or no direction.
    pub fn score(&self, hidden: &[f32]) -> Option<f64> {
        Some(self.mean_cosine(hidden, &self.positive)? - self.mean_cosine(hidden, &self.negative)?)
    }

    /// The mean cosine to the centroids of each category, in the order of the manifest.
    pub fn categories(&self, hidden: &[f32]) -> Option<Vec<f64>> {
        self.categories.iter().map(|centroid| self.mean_cosine(hidden, centroid)).collect()
    }

    fn mean_cosine(&self, hidden: &[f32], centroids: &Matrix) -> Option<f64> {
        if hidden.len() != self.numbers() {
            return None;
        }
        let mut sum = 0.0;
        for (state, centroid) in hidden.chunks_exact(centroids.width.max(1)).zip(centroids.rows()) {
            let length = norm(state) * norm(centroid);
            if length == 0.0 {
                return None;
            }
            sum +=
                state.iter().zip(centroid).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>() / length;
        }
        Some(sum / centroids.rows().len() as f64)
    }
}

// === impl Matrix ===

impl Matrix {
    fn is_like(&self, other: &Self) -> bool {
        self.width == other.width && self.values.len() == other.values.len()
    }
}

fn norm(vector: &[f32]) -> f64 {
    vector.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matrix(width: usize, values: &[f32]) -> Matrix {
        Matrix { width, values: values.to_vec() }
    }

    /// Two layers of two numbers.
    fn centroids() -> Centroids {
        Centroids {
            positive: matrix(2, &[1.0, 0.0, 0.0, 2.0]),
            negative: matrix(2, &[0.0, 1.0, -3.0, 0.0]),
            categories: vec![matrix(2, &[1.0, 1.0, 1.0, 1.0])],
        }
    }

    #[test]
    fn the_formula_by_hand() {
        // Layer 1: cos to (1,0) is 0.6, to (0,1) is 0.8. Layer 2: cos to (0,2) is 1, to (-3,0) is 0.
        let score = centroids().score(&[3.0, 4.0, 0.0, 5.0]).unwrap();
        assert!((score - f64::midpoint(0.6 - 0.8, 1.0 - 0.0)).abs() < 1e-9, "{score}");
        let half = std::f64::consts::FRAC_1_SQRT_2;
        let category = centroids().categories(&[1.0, 0.0, 1.0, 1.0]).unwrap();
        assert!((category[0] - f64::midpoint(half, 1.0)).abs() < 1e-6);
    }

    #[test]
    fn scale_does_not_matter() {
        let a = centroids().score(&[3.0, 4.0, 1.0, 5.0]).unwrap();
        let b = centroids().score(&[300.0, 400.0, 0.01, 0.05]).unwrap();
        assert!((a - b).abs() < 1e-6);
    }

    #[test]
    fn what_has_no_score() {
        assert_eq!(centroids().score(&[1.0, 2.0]), None);
        assert_eq!(centroids().score(&[0.0, 0.0, 1.0, 1.0]), None);
    }
}
