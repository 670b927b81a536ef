//! Standard normal numbers with the same bits on every platform.

use std::sync::LazyLock;

use rand::distr::{Distribution, Open01};
use rand::{Rng, RngExt};

use super::portable::{exp, ln};

/// Where the tail begins, and the area of each box (Doornik 2005, An Improved Ziggurat Method to
/// Generate Normal Random Samples, table 1, with 256 boxes).
const TAIL: f64 = 3.654_152_885_361_009;
const AREA: f64 = 0.004_928_673_233_99;
const BOXES: usize = 256;

/// The standard normal distribution, by the ziggurat: the stream of `rand_distr::StandardNormal`, whose
/// logarithms and exponentials in tails and wedges are the C library's, with portable ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Normal;

/// The right ends of the boxes from the widest to nothing, and the density there, not normalised.
struct Ziggurat {
    ends: [f64; BOXES + 1],
    densities: [f64; BOXES + 1],
}

static ZIGGURAT: LazyLock<Ziggurat> = LazyLock::new(Ziggurat::new);

impl Ziggurat {
    fn new() -> Self {
        let mut ends = [0.0; BOXES + 1];
        // The lowest box is as wide as if the tail were laid into it.
        (ends[0], ends[1]) = (AREA / density(TAIL), TAIL);
        for i in 2..BOXES {
            ends[i] = (-2.0 * ln(AREA / ends[i - 1] + density(ends[i - 1]))).sqrt();
        }
        Self { ends, densities: ends.map(density) }
    }
}

/// exp(-x²/2).
fn density(x: f64) -> f64 {
    exp(-0.5 * x * x)
}

impl Distribution<f64> for Normal {
    fn sample<R: Rng + ?Sized>(&self, rng: &mut R) -> f64 {
        let Ziggurat { ends, densities } = &*ZIGGURAT;
        loop {
            // Eight bits choose the box, and others a place in [-1, 1).
            let bits = rng.next_u64();
            let i = bits as usize % BOXES;
            let place = f64::from_bits((bits >> 12) | 2f64.to_bits()) - 3.0;
            let x = place * ends[i];
            if x.abs() < ends[i + 1] {
                return x;
            }
            if i == 0 {
                return beyond(rng).copysign(place);
            }
            let height = rng.random::<f64>();
            if densities[i + 1] + (densities[i] - densities[i + 1]) * height < density(x) {
                return x;
            }
        }
    }
}

/// A number from the right tail (Marsaglia 1964, Generating a Variable from the Tail of the Normal
/// Distribution).
#[cold]
fn beyond<R: Rng + ?Sized>(rng: &mut R) -> f64 {
    loop {
        let [x, y]: [f64; 2] = [rng.sample(Open01), rng.sample(Open01)];
        let (x, y) = (ln(x) / TAIL, ln(y));
        if -2.0 * y >= x * x {
            return TAIL - x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;
    use rand::rngs::Xoshiro256PlusPlus;

    /// A last bit of a density decides a draw once in about 10¹⁴.
    #[test]
    fn the_stream_is_that_of_another_implementation() {
        let [mut ours, mut theirs] = [1, 1].map(Xoshiro256PlusPlus::seed_from_u64);
        let mut tails = 0;
        for _ in 0..2_000_000 {
            let x: f64 = ours.sample(Normal);
            let y: f64 = theirs.sample(rand_distr::StandardNormal);
            assert!((x - y).abs() <= 4.0 * f64::EPSILON * y.abs(), "{x} {y}");
            tails += u32::from(x.abs() > TAIL);
        }
        // 516 are expected.
        assert!((400..640).contains(&tails), "{tails}");
    }
}
