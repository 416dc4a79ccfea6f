//! Medians, percentiles, and keys that land anywhere.

use std::time::Duration;

/// The middle value; zero of nothing.
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    match sorted.len() {
        0 => 0.0,
        n if n % 2 == 1 => sorted[n / 2],
        n => f64::midpoint(sorted[n / 2 - 1], sorted[n / 2]),
    }
}

/// Times in microseconds, as many as there are.
#[derive(Debug, Clone, Default)]
pub struct Times {
    us: Vec<u32>,
    sorted: bool,
}

impl Times {
    pub fn add(&mut self, time: Duration) {
        self.us
            .push(u32::try_from(time.as_micros()).unwrap_or(u32::MAX));
        self.sorted = false;
    }

    pub fn len(&self) -> usize {
        self.us.len()
    }

    /// Milliseconds that this share of them does not exceed; zero of nothing.
    pub fn ms(&mut self, share: f64) -> f64 {
        if !self.sorted {
            self.us.sort_unstable();
            self.sorted = true;
        }
        let rank = (share * self.us.len() as f64).ceil() as usize;
        let at = rank.clamp(1, self.us.len().max(1)) - 1;
        self.us.get(at).map_or(0.0, |us| f64::from(*us) / 1000.0)
    }
}

/// Splitmix64: the same from the same seed.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn bytes(&mut self) -> [u8; 16] {
        let mut out = [0; 16];
        out[..8].copy_from_slice(&self.next().to_le_bytes());
        out[8..].copy_from_slice(&self.next().to_le_bytes());
        out
    }

    /// One of so many, from zero.
    pub fn below(&mut self, many: usize) -> usize {
        (self.next() % many.max(1) as u64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts() {
        for (values, middle) in [
            (vec![], 0.0),
            (vec![3.0], 3.0),
            (vec![9.0, 1.0, 2.0], 2.0),
            (vec![4.0, 1.0, 2.0, 100.0], 3.0),
        ] {
            assert!((median(&values) - middle).abs() < 1e-9, "{values:?}");
        }
    }

    #[test]
    fn percentiles_are_values_that_occurred() {
        let mut times = Times::default();
        assert!(times.ms(0.5).abs() < 1e-9);
        for ms in (1..=100).rev() {
            times.add(Duration::from_millis(ms));
        }
        for (share, ms) in [(0.5, 50.0), (0.99, 99.0), (0.999, 100.0), (0.0, 1.0)] {
            assert!((times.ms(share) - ms).abs() < 1e-9, "{share}");
        }
    }
}
