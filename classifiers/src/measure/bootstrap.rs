//! How far a figure could be off: percentile intervals from resampled rows.
//!
//! The random numbers are our own and seeded, so the same rows give the same interval on every machine.

use super::Scored;

/// The middle 95 % of a figure over this many resamples of the rows; none when there are no rows, or the
/// figure is undefined on more than half of the resamples.
pub fn interval(
    rows: &[Scored],
    resamples: usize,
    seed: u64,
    figure: impl Fn(&[Scored]) -> Option<f64>,
) -> Option<(f64, f64)> {
    if rows.is_empty() {
        return None;
    }
    // Drawn in this order, a resample is nearly sorted, and so is most of the work.
    let mut sorted = rows.to_vec();
    sorted.sort_by(|a, b| a.score.total_cmp(&b.score));
    let mut random = SplitMix(seed);
    let mut values = Vec::with_capacity(resamples);
    let mut times = vec![0usize; sorted.len()];
    let mut drawn = Vec::with_capacity(sorted.len());
    for _ in 0..resamples {
        times.fill(0);
        for _ in 0..sorted.len() {
            let place = random.below(sorted.len() as u64) as usize;
            if let Some(times) = times.get_mut(place) {
                *times += 1;
            }
        }
        drawn.clear();
        for (row, times) in sorted.iter().zip(&times) {
            drawn.extend(std::iter::repeat_n(*row, *times));
        }
        values.extend(figure(&drawn));
    }
    if values.is_empty() || values.len() * 2 < resamples {
        return None;
    }
    values.sort_by(f64::total_cmp);
    let at = |share: f64| values.get(((values.len() - 1) as f64 * share).round() as usize).copied();
    Some((at(0.025)?, at(0.975)?))
}

/// The generator `SplitMix64`: eight bytes of state, and good enough to draw rows.
struct SplitMix(u64);

// === impl SplitMix ===

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below this one; the bias is less than one in 2^40 for any number of rows we can hold.
    fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }
}
