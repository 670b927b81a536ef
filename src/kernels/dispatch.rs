//! Which instruction set the kernels run with, and the macro that stamps a kernel once for each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, Ordering};

use crate::simd::processor_fuses;

/// The instruction sets that kernels are stamped for, from the least to the most able.
///
/// All give the same numbers to the last bit, but for [`Plain`](InstructionSet::Plain): whatever the
/// width of a vector, every lane sees the same correctly rounded operations in the same order, and
/// sums over lanes are taken in an order of their own. `Plain` rounds products before it adds them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum InstructionSet {
    /// What every processor of the target has, products and sums rounded apart. It is what processors
    /// without fused multiply-add use, and gives the same numbers on all processors too, but others
    /// than the rest of the sets.
    Plain,
    /// What every processor of the target has, products and sums fused. Where fused multiply-add is an
    /// instruction of the target, as on aarch64, this is the fast way; elsewhere it is a call to an exact
    /// function, many times slower than [`Plain`](InstructionSet::Plain), and runs only if it is asked
    /// for by [`limit_instruction_set`] or if the processor has the instruction but not AVX2.
    PlainFused,
    /// AVX2 and FMA.
    Avx2,
    /// AVX-512 F, DQ, BW and VL.
    Avx512,
}

impl InstructionSet {
    /// Every set, from the least to the most able.
    pub const ALL: [Self; 4] = [Self::Plain, Self::PlainFused, Self::Avx2, Self::Avx512];

    /// What runs on this processor where this set is asked for: the most able that it has up to this
    /// one. [`PlainFused`](InstructionSet::PlainFused) runs everywhere.
    pub fn here(self) -> Self {
        if self == Self::PlainFused { self } else { self.min(available()) }
    }
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
    InstructionSet::ALL[LIMIT.load(Ordering::Relaxed) as usize].here()
}

/// Keeps the kernels of this process to `limit` and what lies below, to compare sets.
///
/// A processor without fused multiply-add gets the numbers of the others by
/// [`InstructionSet::PlainFused`], at the price of its speed:
///
/// ```standalone_crate
/// use liouville::kernels::{InstructionSet, instruction_set, limit_instruction_set};
///
/// limit_instruction_set(InstructionSet::PlainFused);
/// assert_eq!(instruction_set(), InstructionSet::PlainFused);
/// ```
pub fn limit_instruction_set(limit: InstructionSet) {
    LIMIT.store(limit as u8, Ordering::Relaxed);
}

fn detect() -> InstructionSet {
    match wide_vectors() {
        Some(set) => set,
        None if processor_fuses() => InstructionSet::PlainFused,
        None => InstructionSet::Plain,
    }
}

/// The most able set with vectors of its own that this processor has.
#[cfg(target_arch = "x86_64")]
fn wide_vectors() -> Option<InstructionSet> {
    let avx2 = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
    let avx512 = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512dq")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    avx2.then_some(if avx512 { InstructionSet::Avx512 } else { InstructionSet::Avx2 })
}

#[cfg(not(target_arch = "x86_64"))]
fn wide_vectors() -> Option<InstructionSet> {
    None
}

/// Defines a safe function that takes an [`InstructionSet`] first and runs the algorithm, an
/// `inline(always)` function generic over scalar and vector, compiled for that set, or for the
/// best that the processor has if that is less.
///
/// The function is generic, but what it runs is not: it is compiled with this crate, optimised as this
/// crate is, and not again in every crate that calls it.
macro_rules! stamp {
    ($(#[$meta:meta])* $vis:vis fn $name:ident<$scalar:ident>($($arg:ident: $type:ty),* $(,)?)
     = $algorithm:ident $(::<$order:literal>)?) => {
        $(#[$meta])*
        #[inline]
        $vis fn $name<$scalar: crate::real::Real>(
            set: crate::kernels::InstructionSet,
            $($arg: $type),*
        ) {
            let single = std::any::TypeId::of::<f32>() == std::any::TypeId::of::<$scalar>();
            if single {
                crate::kernels::dispatch::stamp!(
                    @ f32, set, $scalar, ($($arg: $type),*), $algorithm $(, $order)?
                );
            } else {
                crate::kernels::dispatch::stamp!(
                    @ f64, set, $scalar, ($($arg: $type),*), $algorithm $(, $order)?
                );
            }
        }
    };
    (@ $float:ident, $set:ident, $scalar:ident, ($($arg:ident: $type:ty),*), $algorithm:ident
     $(, $order:literal)?) => {
        // In the items of this block the scalar is this one, and no parameter.
        type $scalar = $float;

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl,avx2,fma")]
        unsafe fn wide($($arg: $type),*) {
            // SAFETY: the features of the vector are enabled for this function.
            unsafe {
                $algorithm::<$float, <$float as crate::real::Real>::Wide $(, $order)?>($($arg),*)
            }
        }

        #[cfg(target_arch = "x86_64")]
        #[target_feature(enable = "avx2,fma")]
        unsafe fn middle($($arg: $type),*) {
            // SAFETY: the features of the vector are enabled for this function.
            unsafe {
                $algorithm::<$float, <$float as crate::real::Real>::Middle $(, $order)?>($($arg),*)
            }
        }

        #[inline(never)]
        fn run(set: crate::kernels::InstructionSet, $($arg: $type),*) {
            match set.here() {
                // SAFETY: the processor has the features, since `available` says so.
                #[cfg(target_arch = "x86_64")]
                crate::kernels::InstructionSet::Avx512 => unsafe { wide($($arg),*) },
                // SAFETY: as above.
                #[cfg(target_arch = "x86_64")]
                crate::kernels::InstructionSet::Avx2 => unsafe { middle($($arg),*) },
                // SAFETY: the plain vectors need no features.
                crate::kernels::InstructionSet::Plain => unsafe {
                    $algorithm::<$float, <$float as crate::real::Real>::Plain $(, $order)?>($($arg),*)
                },
                // SAFETY: as above.
                _ => unsafe {
                    $algorithm::<$float, <$float as crate::real::Real>::Fused $(, $order)?>($($arg),*)
                },
            }
        }

        // SAFETY: the scalar of the caller is this one, so every argument is of the type that it becomes.
        unsafe { run($set, $(crate::kernels::dispatch::same($arg)),*) }
    };
}

/// The same value under the other name of its type.
///
/// # Safety
///
/// The two must be one type but for lifetimes, which must be those of the value.
#[inline(always)]
pub(super) unsafe fn same<A, B>(value: A) -> B {
    debug_assert_eq!(size_of::<A>(), size_of::<B>());
    // SAFETY: the types are one; the original is forgotten.
    unsafe { std::mem::transmute_copy(&std::mem::ManuallyDrop::new(value)) }
}

pub(super) use stamp;
