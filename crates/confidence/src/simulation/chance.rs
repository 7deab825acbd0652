//! Chance from a seed. A generator of our own, so that the same seed gives the same cells for ever.

/// A stream of numbers.
pub(super) struct Chance(u64);

impl Chance {
    /// The stream of one run; others of the same seed have nothing to do with it.
    pub(super) fn of(seed: u64, round: u64, run: u64) -> Self {
        Self(mix(seed ^ mix(round ^ mix(run))))
    }

    /// A number in [0, 1).
    pub(super) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (mix(self.0) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with this probability.
    pub(super) fn happens(&mut self, probability: f64) -> bool {
        self.share() < probability
    }

    /// 1 with this probability, else 0.
    pub(super) fn loss(&mut self, probability: f64) -> f64 {
        f64::from(u8::from(self.happens(probability)))
    }

    /// A quality around `mean` whose calls correlate by `correlation`: a Beta variable, by Jöhnk's
    /// method, which is quick where one of its parameters is small.
    pub(super) fn quality(&mut self, mean: f64, correlation: f64) -> f64 {
        if correlation <= 0.0 {
            return mean;
        }
        let size = 1.0 / correlation - 1.0;
        loop {
            let good = libm::pow(self.share(), 1.0 / (size * mean));
            let bad = libm::pow(self.share(), 1.0 / (size * (1.0 - mean)));
            if good + bad <= 1.0 && good + bad > 0.0 {
                return good / (good + bad);
            }
        }
    }
}

/// The finaliser of SplitMix64.
fn mix(mut bits: u64) -> u64 {
    bits = bits.wrapping_add(0x9E37_79B9_7F4A_7C15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}
