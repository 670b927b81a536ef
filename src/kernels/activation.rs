//! Activation functions on slices, with their first two derivatives.

use super::curve::{Curve, Relu, Silu, Sin, Softplus, Tanh};
use super::dispatch::{InstructionSet, instruction_set, stamp};
use crate::columns::LANES;
use crate::real::Real;
use crate::simd::Vector;

/// A function applied to every element; smooth, but for [`Activation::Relu`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// The hyperbolic tangent.
    Tanh,
    /// ln(1 + eˣ).
    Softplus,
    /// x / (1 + e⁻ˣ).
    Silu,
    /// The sine.
    Sin,
    /// max(0, x), with slope 0 at and below zero and 1 above: for conditioners rather than for
    /// fields to be integrated, which should be smooth.
    Relu,
}

impl Activation {
    /// value = s(z), element by element.
    pub fn value<T: Real>(self, z: &[T], value: &mut [T]) {
        value_with(instruction_set(), self, z, value);
    }

    /// z = s(z), element by element.
    pub fn value_in_place<T: Real>(self, z: &mut [T]) {
        value_in_place_with(instruction_set(), self, z);
    }

    /// s(z) and s'(z); the value is bit for bit that of [`Activation::value`].
    pub fn value_slope<T: Real>(self, z: &[T], value: &mut [T], slope: &mut [T]) {
        jet_with_2(instruction_set(), self, z, [value, slope]);
    }

    /// s(z), s'(z) and s''(z); value and slope are bit for bit those of the other functions.
    pub fn value_slope_curvature<T: Real>(
        self,
        z: &[T],
        value: &mut [T],
        slope: &mut [T],
        curvature: &mut [T],
    ) {
        jet_with_3(instruction_set(), self, z, [value, slope, curvature]);
    }
}

/// [`Activation::value`] with the given instruction set.
pub(super) fn value_with<T: Real>(
    set: InstructionSet,
    activation: Activation,
    z: &[T],
    value: &mut [T],
) {
    jet_with_1(set, activation, z, [value]);
}

stamp! {
    /// [`Activation::value_in_place`] with the given instruction set.
    pub(super) fn value_in_place_with<T>(activation: Activation, z: &mut [T]) = in_place
}

stamp! {
    fn jet_with_1<T>(activation: Activation, z: &[T], jet: [&mut [T]; 1]) = apart::<1>
}

stamp! {
    /// [`Activation::value_slope`] with the given instruction set.
    pub(super) fn jet_with_2<T>(activation: Activation, z: &[T], jet: [&mut [T]; 2]) = apart::<2>
}

stamp! {
    /// [`Activation::value_slope_curvature`] with the given instruction set.
    pub(super) fn jet_with_3<T>(activation: Activation, z: &[T], jet: [&mut [T]; 3]) = apart::<3>
}

#[inline(always)]
unsafe fn in_place<T: Real, V: Vector<T>>(activation: Activation, z: &mut [T]) {
    let (len, z) = (z.len(), z.as_mut_ptr());
    // SAFETY: source and destination are the whole slice; the caller vouches for the set.
    unsafe { choose::<T, V, 1>(activation, z, [z], len) }
}

#[inline(always)]
unsafe fn apart<T: Real, V: Vector<T>, const N: usize>(
    activation: Activation,
    z: &[T],
    jet: [&mut [T]; N],
) {
    for part in &jet {
        assert!(part.len() == z.len(), "{} values into {}", z.len(), part.len());
    }
    let jet = jet.map(|part| part.as_mut_ptr());
    // SAFETY: all slices have the length of z; the caller vouches for the set.
    unsafe { choose::<T, V, N>(activation, z.as_ptr(), jet, z.len()) }
}

#[inline(always)]
unsafe fn choose<T: Real, V: Vector<T>, const N: usize>(
    activation: Activation,
    z: *const T,
    jet: [*mut T; N],
    len: usize,
) {
    // SAFETY: as the caller vouches.
    unsafe {
        match activation {
            Activation::Tanh => follow::<T, V, Tanh, N>(z, jet, len),
            Activation::Softplus => follow::<T, V, Softplus, N>(z, jet, len),
            Activation::Silu => follow::<T, V, Silu, N>(z, jet, len),
            Activation::Sin => follow::<T, V, Sin, N>(z, jet, len),
            Activation::Relu => follow::<T, V, Relu, N>(z, jet, len),
        }
    }
}

/// The first N of value, slope and curvature along a slice. `z` may be one of the destinations:
/// each vector is read before it is written.
#[inline(always)]
unsafe fn follow<T: Real, V: Vector<T>, C: Curve, const N: usize>(
    z: *const T,
    jet: [*mut T; N],
    len: usize,
) {
    let mut done = 0;
    // SAFETY: whole vectors lie inside the slices, and the rest goes through a buffer.
    unsafe {
        while done + V::LANES <= len {
            step::<T, V, C, N>(z.add(done), shifted(jet, done));
            done += V::LANES;
        }
        if done < len {
            rest::<T, V, C, N>(z.add(done), shifted(jet, done), len - done);
        }
    }
}

/// The pointers, each advanced by `offset`.
#[inline(always)]
unsafe fn shifted<T, const N: usize>(mut pointers: [*mut T; N], offset: usize) -> [*mut T; N] {
    for pointer in &mut pointers {
        // SAFETY: the caller stays within the slices.
        *pointer = unsafe { pointer.add(offset) };
    }
    pointers
}

/// One vector.
#[inline(always)]
unsafe fn step<T: Real, V: Vector<T>, C: Curve, const N: usize>(z: *const T, to: [*mut T; N]) {
    // SAFETY: the caller vouches for V::LANES values at every pointer.
    unsafe {
        let x = V::load(z);
        let jet = C::jet::<T, V>(x);
        for (to, part) in to.into_iter().zip(jet) {
            part.store(to);
        }
        if C::BOUND.is_finite() && x.abs().any_beyond(V::splat(T::of(C::BOUND))) {
            let mut arguments = [T::zero(); LANES];
            x.store(arguments.as_mut_ptr());
            replace_beyond::<T, C, N>(&arguments[..V::LANES], to);
        }
    }
}

/// Computes the elements beyond the bound of the curve one by one.
#[cold]
unsafe fn replace_beyond<T: Real, C: Curve, const N: usize>(arguments: &[T], to: [*mut T; N]) {
    let bound = T::of(C::BOUND);
    for (i, &x) in arguments.iter().enumerate() {
        let within = x.abs() <= bound;
        if !within {
            for (to, part) in to.into_iter().zip(C::exact(x)) {
                // SAFETY: the caller vouches for as many values as there are arguments.
                unsafe { *to.add(i) = part };
            }
        }
    }
}

/// The last `len` elements, fewer than a vector.
#[inline(always)]
unsafe fn rest<T: Real, V: Vector<T>, C: Curve, const N: usize>(
    z: *const T,
    to: [*mut T; N],
    len: usize,
) {
    let mut arguments = [T::zero(); LANES];
    let mut parts = [[T::zero(); LANES]; N];
    // SAFETY: the caller vouches for `len` values at every pointer; the buffers hold a vector.
    unsafe {
        z.copy_to_nonoverlapping(arguments.as_mut_ptr(), len);
        step::<T, V, C, N>(arguments.as_ptr(), parts.each_mut().map(|part| part.as_mut_ptr()));
        for (to, part) in to.into_iter().zip(&parts) {
            to.copy_from_nonoverlapping(part.as_ptr(), len);
        }
    }
}

/// The activations by their words in descriptions.
const WORDS: [(&str, Activation); 5] = [
    ("tanh", Activation::Tanh),
    ("softplus", Activation::Softplus),
    ("silu", Activation::Silu),
    ("sin", Activation::Sin),
    ("relu", Activation::Relu),
];

impl Activation {
    /// The word for it, as PyTorch has it.
    pub fn word(self) -> &'static str {
        WORDS.iter().find(|(_, own)| *own == self).map_or("", |(word, _)| word)
    }

    /// The activation of this word.
    pub fn named(word: &str) -> Option<Self> {
        WORDS.iter().find(|(own, _)| *own == word).map(|(_, activation)| *activation)
    }
}
