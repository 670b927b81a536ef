//! Products and sums in one rounding: by the instruction, or by exact arithmetic without it.

use std::array::from_fn;

/// Whether the instruction belongs to the target, so that it may stand wherever it is needed.
///
/// Elsewhere it is a call, which asks the processor: slow, and exact all the same.
const INLINE: bool = cfg!(any(
    target_arch = "aarch64",
    target_arch = "arm64ec",
    target_arch = "powerpc64",
    target_arch = "s390x",
    target_feature = "fma",
    all(target_arch = "riscv64", target_feature = "d"),
    all(target_arch = "loongarch64", target_feature = "d"),
));

macro_rules! fused {
    ($name:ident, $called:ident, $by_instruction:ident, $scalar:ident, $lanes:literal, $exact:path) => {
        /// a b + c, rounded once.
        #[inline(always)]
        pub(super) fn $name(
            a: [$scalar; $lanes],
            b: [$scalar; $lanes],
            c: [$scalar; $lanes],
        ) -> [$scalar; $lanes] {
            if INLINE { from_fn(|i| a[i].mul_add(b[i], c[i])) } else { $called(a, b, c) }
        }

        #[inline(never)]
        fn $called(
            a: [$scalar; $lanes],
            b: [$scalar; $lanes],
            c: [$scalar; $lanes],
        ) -> [$scalar; $lanes] {
            #[cfg(target_arch = "x86_64")]
            if is_x86_feature_detected!("fma") {
                // SAFETY: the processor has the instruction.
                return unsafe { $by_instruction(a, b, c) };
            }
            from_fn(|i| $exact(a[i], b[i], c[i]))
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "fma")]
        fn $by_instruction(
            a: [$scalar; $lanes],
            b: [$scalar; $lanes],
            c: [$scalar; $lanes],
        ) -> [$scalar; $lanes] {
            from_fn(|i| a[i].mul_add(b[i], c[i]))
        }
    };
}

fused!(fused_f32, called_f32, by_instruction_f32, f32, 4, libm::fmaf);
fused!(fused_f64, called_f64, by_instruction_f64, f64, 2, libm::fma);

/// Whether the processor has the instruction.
pub fn processor_fuses() -> bool {
    #[cfg(target_arch = "x86_64")]
    return INLINE || is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    INLINE
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs whose products need more digits than fit, with sums that cancel most of them.
    fn cases() -> Vec<[f64; 3]> {
        let mut state = 1u64;
        let mut next = || {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            f64::from((state >> 32) as u32) / f64::from(u32::MAX) - 0.5
        };
        let mut cases =
            vec![[f64::NAN, 1.0, 1.0], [f64::INFINITY, 0.0, 1.0], [1e-300, 1e-20, -0.0]];
        for size in [1.0, 1e-30, 1e30, 1e-160, 1e160] {
            for _ in 0..300 {
                let (a, b) = (size * next(), next());
                cases.extend([
                    [a, b, -a * b],
                    [a, b, next()],
                    [a, b, -a * b * (1.0 + 1e-15 * next())],
                ]);
            }
        }
        cases
    }

    #[test]
    fn every_way_rounds_once() {
        for [a, b, c] in cases() {
            let exact = libm::fma(a, b, c);
            let ways =
                [fused_f64([a; 2], [b; 2], [c; 2])[1], called_f64([a; 2], [b; 2], [c; 2])[0]];
            for ours in ways {
                assert!(ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan());
            }
            let [a, b, c] = [a as f32, b as f32, c as f32];
            let exact = libm::fmaf(a, b, c);
            let ways =
                [fused_f32([a; 4], [b; 4], [c; 4])[3], called_f32([a; 4], [b; 4], [c; 4])[0]];
            for ours in ways {
                assert!(ours.to_bits() == exact.to_bits() || ours.is_nan() && exact.is_nan());
            }
        }
    }
}
