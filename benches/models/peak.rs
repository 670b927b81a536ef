//! What the core can do at most, and what a workload must cost at that rate.

use std::hint::black_box;
use std::time::Instant;

/// The median rate of `work`, in GFLOP/s, if one call does `flops`.
pub fn rate(flops: usize, mut work: impl FnMut()) -> f64 {
    let calls = (100_000_000 / flops).max(1);
    let mut seconds: Vec<f64> = (0..31)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..calls {
                work();
            }
            start.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    (flops * calls) as f64 / seconds[15] * 1e-9
}

/// What the core can do at most, in GFLOP/s: sums that do not wait for one another, in registers.
#[cfg(target_arch = "x86_64")]
pub fn peak() -> f64 {
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f")]
    fn wide(x: f32) -> f32 {
        let factor = _mm512_set1_ps(x);
        let mut sums = [factor; 12];
        for _ in 0..1000 {
            for sum in &mut sums {
                *sum = _mm512_fmadd_ps(factor, factor, *sum);
            }
        }
        sums.iter().map(|sum| _mm512_reduce_add_ps(*sum)).sum()
    }

    #[target_feature(enable = "avx2,fma")]
    fn middle(x: f32) -> f32 {
        let factor = _mm256_set1_ps(x);
        let mut sums = [factor; 12];
        for _ in 0..1000 {
            for sum in &mut sums {
                *sum = _mm256_fmadd_ps(factor, factor, *sum);
            }
        }
        sums.iter().map(|sum| _mm256_cvtss_f32(*sum)).sum()
    }

    if is_x86_feature_detected!("avx512f") {
        // SAFETY: the processor has the feature.
        return rate(12 * 1000 * 32, || {
            black_box(unsafe { wide(black_box(1e-3)) });
        });
    }
    if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: the processor has the features.
        return rate(12 * 1000 * 16, || {
            black_box(unsafe { middle(black_box(1e-3)) });
        });
    }
    f64::NAN
}

/// What the core can do at most, in GFLOP/s: not known here.
#[cfg(not(target_arch = "x86_64"))]
pub fn peak() -> f64 {
    f64::NAN
}

/// The operations of one sample in the products of a network of these widths.
pub fn products(widths: &[usize]) -> f64 {
    widths.windows(2).map(|pair| 2.0 * (pair[0] * pair[1]) as f64).sum()
}

/// Prints the time that so many operations in products take at the peak of this core: no way of
/// computing the same products in this precision is faster.
pub fn print_floor(workload: &str, operations: f64) {
    let (peak, giga) = (peak(), operations * 1e-9);
    println!("floor of {workload}: {:.3} ms", giga / peak * 1e3);
    println!("    {giga:.4} GFLOP in products, {peak:.0} GFLOP/s at most");
}
