//! Squares of scalars, transposed in registers.

/// The same for any scalar, by way of arrays.
///
/// # Safety
///
/// As for [`Vector::turn`](super::Vector::turn), for squares of side `N`.
#[inline(always)]
pub unsafe fn turn_plain<T: Copy, const N: usize>(
    from: *const T,
    from_row: usize,
    to: *mut T,
    to_row: usize,
) {
    for i in 0..N {
        for j in 0..N {
            // SAFETY: the caller vouches for both squares.
            unsafe { *to.add(j * to_row + i) = *from.add(i * from_row + j) };
        }
    }
}

/// Eight by eight `f32`: pairs, then fours, then halves change places.
///
/// # Safety
///
/// As for [`Vector::turn`](super::Vector::turn), with AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub unsafe fn turn_f32(from: *const f32, from_row: usize, to: *mut f32, to_row: usize) {
    use std::arch::x86_64::*;
    // SAFETY: the caller vouches for the instruction set and for both squares.
    unsafe {
        let mut rows = [_mm256_setzero_ps(); 8];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_ps(from.add(i * from_row));
        }
        let mut pairs = rows;
        for i in (0..8).step_by(2) {
            pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
            pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
        }
        let mut fours = pairs;
        for i in [0, 4] {
            fours[i] = _mm256_shuffle_ps::<0x44>(pairs[i], pairs[i + 2]);
            fours[i + 1] = _mm256_shuffle_ps::<0xee>(pairs[i], pairs[i + 2]);
            fours[i + 2] = _mm256_shuffle_ps::<0x44>(pairs[i + 1], pairs[i + 3]);
            fours[i + 3] = _mm256_shuffle_ps::<0xee>(pairs[i + 1], pairs[i + 3]);
        }
        for i in 0..4 {
            let (upper, lower) = (fours[i], fours[i + 4]);
            let (near, far) = (to.add(i * to_row), to.add((i + 4) * to_row));
            _mm256_storeu_ps(near, _mm256_permute2f128_ps::<0x20>(upper, lower));
            _mm256_storeu_ps(far, _mm256_permute2f128_ps::<0x31>(upper, lower));
        }
    }
}

/// Four by four `f64`: pairs, then halves change places.
///
/// # Safety
///
/// As for [`Vector::turn`](super::Vector::turn), with AVX2.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
pub unsafe fn turn_f64(from: *const f64, from_row: usize, to: *mut f64, to_row: usize) {
    use std::arch::x86_64::*;
    // SAFETY: as in `turn_f32`.
    unsafe {
        let mut rows = [_mm256_setzero_pd(); 4];
        for (i, row) in rows.iter_mut().enumerate() {
            *row = _mm256_loadu_pd(from.add(i * from_row));
        }
        let [a, b, c, d] = rows;
        let above = [_mm256_unpacklo_pd(a, b), _mm256_unpackhi_pd(a, b)];
        let below = [_mm256_unpacklo_pd(c, d), _mm256_unpackhi_pd(c, d)];
        for i in 0..2 {
            let (near, far) = (to.add(i * to_row), to.add((i + 2) * to_row));
            _mm256_storeu_pd(near, _mm256_permute2f128_pd::<0x20>(above[i], below[i]));
            _mm256_storeu_pd(far, _mm256_permute2f128_pd::<0x31>(above[i], below[i]));
        }
    }
}
