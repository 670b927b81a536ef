//! Columns that follow from others exactly.

use nalgebra::{DMatrix, DVector};

use crate::columns::Moments;

/// The share of a column's variance below which nothing is left of it but rounding.
const NOTHING: f64 = 1e-13;
/// The least share of a combination's largest term that is named.
const NAMED: f64 = 1e-6;
/// The most columns that are named, those that matter most.
const MOST: usize = 8;

/// Columns that do not follow from others, built up one after the other.
pub(super) struct Basis {
    /// The standardised columns as they are.
    columns: Vec<DVector<f64>>,
    /// The same made orthonormal.
    directions: Vec<DVector<f64>>,
    places: Vec<usize>,
}

impl Basis {
    pub fn new() -> Self {
        Self { columns: Vec::new(), directions: Vec::new(), places: Vec::new() }
    }

    /// Takes the column at a place, or says from which it follows, and which share of its deviation is left: by Gram-Schmidt, twice, as rounding asks.
    /// As many columns as rows span everything, which says nothing about any.
    pub fn take(&mut self, place: usize, values: &[f64]) -> Result<(), (Vec<usize>, f64)> {
        let column = standard(values);
        let mut rest = column.clone();
        for _ in 0..2 {
            for direction in &self.directions {
                rest.axpy(-direction.dot(&rest), direction, 1.0);
            }
        }
        let spanned = self.directions.len() + 1 >= values.len();
        if !spanned && rest.norm_squared() <= NOTHING * column.norm_squared() {
            return Err((self.sources(&column), rest.norm() / column.norm()));
        }
        if !spanned {
            self.directions.push(rest.normalize());
            self.columns.push(column);
            self.places.push(place);
        }
        Ok(())
    }

    /// The places of the columns that a combination is made of, the largest terms first.
    fn sources(&self, column: &DVector<f64>) -> Vec<usize> {
        let factors = DMatrix::from_columns(&self.columns).qr();
        let along = factors.q().tr_mul(column);
        let Some(terms) = factors.r().solve_upper_triangular(&along) else {
            return self.places.clone();
        };
        let most = terms.amax();
        let mut named: Vec<usize> =
            (0..terms.len()).filter(|k| terms[*k].abs() > NAMED * most).collect();
        named.sort_by(|a, b| terms[*b].abs().total_cmp(&terms[*a].abs()));
        named.into_iter().take(MOST).map(|k| self.places[k]).collect()
    }
}

fn standard(values: &[f64]) -> DVector<f64> {
    let moments = Moments::of(values.iter().copied());
    DVector::from_iterator(values.len(), values.iter().map(|x| moments.standardise(*x)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_from_others_is_found_with_its_sources() {
        let a: Vec<f64> = (0..50).map(|k| f64::from(k).sin()).collect();
        let b: Vec<f64> = (0..50).map(|k| 1e9 + 1e6 * f64::from(k * k).cos()).collect();
        let both: Vec<f64> = a.iter().zip(&b).map(|(a, b)| 1e5 * a - 0.5 * b).collect();
        let nearly: Vec<f64> =
            a.iter().enumerate().map(|(k, a)| a + 1e-5 * ((k * k * k) as f64).sin()).collect();
        let mut basis = Basis::new();
        assert_eq!(basis.take(0, &a), Ok(()));
        assert_eq!(basis.take(1, &b), Ok(()));
        assert_eq!(basis.take(2, &a).unwrap_err().0, [0]);
        let (mut sources, rest) = basis.take(3, &both).unwrap_err();
        assert!(rest < 1e-12, "{rest}");
        sources.sort_unstable();
        assert_eq!(sources, [0, 1]);
        assert_eq!(basis.take(4, &nearly), Ok(()), "a part in a hundred thousand is something");
    }

    #[test]
    fn few_rows_make_nothing_dependent() {
        let mut basis = Basis::new();
        for place in 0..6 {
            let values: Vec<f64> =
                (0..4).map(|k| f64::from((k * 7 + place) * (k + place)).sin()).collect();
            assert_eq!(basis.take(place as usize, &values), Ok(()));
        }
    }
}
