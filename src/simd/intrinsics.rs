//! What the x86 vectors share: one method, one intrinsic.

/// The methods of `Vector` that are a single intrinsic on every x86 vector.
macro_rules! single_intrinsics {
    ($scalar:ty, $set1:ident, $loadu:ident, $storeu:ident, $add:ident, $sub:ident, $mul:ident,
     $div:ident, $fmadd:ident, $fnmadd:ident, $max:ident, $min:ident,
     $sqrt:ident) => {
        #[inline(always)]
        unsafe fn splat(value: $scalar) -> Self {
            // SAFETY: the caller vouches for the instruction set, here and below.
            unsafe { Self($set1(value)) }
        }

        #[inline(always)]
        unsafe fn load(from: *const $scalar) -> Self {
            // SAFETY: the caller vouches for the memory.
            unsafe { Self($loadu(from)) }
        }

        #[inline(always)]
        unsafe fn store(self, to: *mut $scalar) {
            // SAFETY: the caller vouches for the memory.
            unsafe { $storeu(to, self.0) }
        }

        #[inline(always)]
        unsafe fn add(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($add(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn sub(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($sub(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn mul(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($mul(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn div(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($div(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn mul_add(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($fmadd(self.0, factor.0, term.0)) }
        }

        #[inline(always)]
        unsafe fn mul_sub_from(self, factor: Self, term: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($fnmadd(self.0, factor.0, term.0)) }
        }

        #[inline(always)]
        unsafe fn max(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($max(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn min(self, other: Self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($min(self.0, other.0)) }
        }

        #[inline(always)]
        unsafe fn sqrt(self) -> Self {
            // SAFETY: as in `splat`.
            unsafe { Self($sqrt(self.0)) }
        }
    };
}

pub(super) use single_intrinsics;
