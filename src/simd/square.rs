//! Squares of four by four scalars, turned: rows become columns.

/// A scalar whose squares can be turned.
pub trait Square: Copy {
    /// Element (i, j) becomes element (j, i).
    fn turned(square: [[Self; 4]; 4]) -> [[Self; 4]; 4] {
        plainly_turned(square)
    }
}

/// The same, element by element; compilers do not find the instructions for it.
fn plainly_turned<T: Copy>(square: [[T; 4]; 4]) -> [[T; 4]; 4] {
    std::array::from_fn(|i| std::array::from_fn(|j| square[j][i]))
}

#[cfg(not(target_arch = "x86_64"))]
impl Square for f32 {}

#[cfg(not(target_arch = "x86_64"))]
impl Square for f64 {}

#[cfg(target_arch = "x86_64")]
impl Square for f32 {
    #[inline(always)]
    fn turned(square: [[Self; 4]; 4]) -> [[Self; 4]; 4] {
        use std::arch::x86_64::*;
        // SAFETY: every processor of this architecture has SSE2, and each pointer is to four values.
        unsafe {
            let (a, b) = (_mm_loadu_ps(square[0].as_ptr()), _mm_loadu_ps(square[1].as_ptr()));
            let (c, d) = (_mm_loadu_ps(square[2].as_ptr()), _mm_loadu_ps(square[3].as_ptr()));
            let (left, right) = (_mm_unpacklo_ps(a, b), _mm_unpackhi_ps(a, b));
            let (below_left, below_right) = (_mm_unpacklo_ps(c, d), _mm_unpackhi_ps(c, d));
            let columns = [
                _mm_movelh_ps(left, below_left),
                _mm_movehl_ps(below_left, left),
                _mm_movelh_ps(right, below_right),
                _mm_movehl_ps(below_right, right),
            ];
            let mut turned = [[0.0; 4]; 4];
            for (to, column) in turned.iter_mut().zip(columns) {
                _mm_storeu_ps(to.as_mut_ptr(), column);
            }
            turned
        }
    }
}

#[cfg(target_arch = "x86_64")]
impl Square for f64 {
    #[inline(always)]
    fn turned(square: [[Self; 4]; 4]) -> [[Self; 4]; 4] {
        use std::arch::x86_64::*;
        let mut turned = [[0.0; 4]; 4];
        for (i, j) in [(0, 0), (0, 2), (2, 0), (2, 2)] {
            // SAFETY: every processor of this architecture has SSE2, and each pointer is to two
            // values.
            unsafe {
                let a = _mm_loadu_pd(square[i][j..j + 2].as_ptr());
                let b = _mm_loadu_pd(square[i + 1][j..j + 2].as_ptr());
                _mm_storeu_pd(turned[j][i..i + 2].as_mut_ptr(), _mm_unpacklo_pd(a, b));
                _mm_storeu_pd(turned[j + 1][i..i + 2].as_mut_ptr(), _mm_unpackhi_pd(a, b));
            }
        }
        turned
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_columns() {
        let square: [[f32; 4]; 4] =
            std::array::from_fn(|i| std::array::from_fn(|j| (4 * i + j) as f32));
        assert_eq!(Square::turned(square), plainly_turned(square));
        let square = square.map(|row| row.map(f64::from));
        assert_eq!(Square::turned(square), plainly_turned(square));
    }
}
