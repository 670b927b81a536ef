//! Random cases for the tests of kernels; one that fails says how to draw it again.

use rand::SeedableRng;
use rand::rngs::StdRng;

/// Says its seed if a test fails while it lives.
struct Seed(u64);

impl Drop for Seed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("drawn from StdRng::seed_from_u64({})", self.0);
        }
    }
}

/// Checks `count` cases, each drawn from a generator of its own.
pub(super) fn cases(count: u32, check: impl Fn(&mut StdRng)) {
    for _ in 0..count {
        let seed = Seed(rand::random());
        check(&mut StdRng::seed_from_u64(seed.0));
    }
}
