//! Which instruction set the kernels run with, and the macro that stamps a kernel once for each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

/// The instruction sets that kernels are stamped for, from the least to the most able.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum InstructionSet {
    /// What every processor of the target has.
    Plain,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, DQ, BW and VL.
    Avx512,
}

impl InstructionSet {
    /// Every set, from the least to the most able.
    pub const ALL: [Self; 3] = [Self::Plain, Self::Avx2, Self::Avx512];
}

/// The most able set allowed, as the discriminant of [`InstructionSet`].
static LIMIT: AtomicU8 = AtomicU8::new(InstructionSet::Avx512 as u8);

/// The most able set that this processor has; asked once.
pub fn available() -> InstructionSet {
    static AVAILABLE: OnceLock<InstructionSet> = OnceLock::new();
    *AVAILABLE.get_or_init(detect)
}

/// The set that kernels use now.
pub fn instruction_set() -> InstructionSet {
    let limit = InstructionSet::ALL[LIMIT.load(Ordering::Relaxed) as usize];
    limit.min(available())
}

/// Keeps the kernels of this process to `limit` and what lies below, to compare sets or to get
/// the same numbers on different processors.
pub fn limit_instruction_set(limit: InstructionSet) {
    LIMIT.store(limit as u8, Ordering::Relaxed);
}

#[cfg(target_arch = "x86_64")]
fn detect() -> InstructionSet {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    match (avx2, avx512) {
        (true, true) => InstructionSet::Avx512,
        (true, false) => InstructionSet::Avx2,
        _ => InstructionSet::Plain,
    }
}

#[cfg(not(target_arch = "x86_64"))]
fn detect() -> InstructionSet {
    InstructionSet::Plain
}

/// Defines a safe function that takes an [`InstructionSet`] first and runs the algorithm, an
/// `inline(always)` function generic over scalar and vector, compiled for that set, or for the
/// best that the processor has if that is less.
macro_rules! stamp {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$scalar:ident>($($arg:ident: $type:ty),* $(,)?)
     = $algorithm:ident $(::<$order:literal>)?) => {
        $(#[$meta])*
        $vis fn $name<$scalar: crate::real::Real>(
            set: crate::kernels::InstructionSet,
            $($arg: $type),*
        ) {
            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
            unsafe fn wide<$scalar: crate::real::Real>($($arg: $type),*) {
                // SAFETY: the features of the vector are enabled for this function.
                unsafe { $algorithm::<$scalar, $scalar::Wide $(, $order)?>($($arg),*) }
            }

            #[cfg(target_arch = "x86_64")]
            #[target_feature(enable = "avx2,fma")]
            unsafe fn middle<$scalar: crate::real::Real>($($arg: $type),*) {
                // SAFETY: the features of the vector are enabled for this function.
                unsafe { $algorithm::<$scalar, $scalar::Middle $(, $order)?>($($arg),*) }
            }

            match set.min(crate::kernels::available()) {
                // SAFETY: the processor has the features, since `available` says so.
                #[cfg(target_arch = "x86_64")]
                crate::kernels::InstructionSet::Avx512 => unsafe { wide($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                crate::kernels::InstructionSet::Avx2 => unsafe { middle($($arg),*) },
                // SAFETY: the plain vector needs no features.
                _ => unsafe { $algorithm::<$scalar, $scalar::Plain $(, $order)?>($($arg),*) },
            }
        }
    };
}

pub(super) use stamp;
