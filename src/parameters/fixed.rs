//! Named arrays that training leaves alone: masks, orders, permutations, signs.

use super::place;
use crate::error::{Error, Result};
use crate::outcome::shown;

/// A named array beside the parameters, which belongs to what a flow is and does not learn: what PyTorch
/// calls a buffer.
///
/// Values are `f64`, whatever the scalar of the flow; indices and flags are whole numbers there.
#[derive(Debug, Clone, PartialEq)]
pub struct Fixed {
    /// The name, with the place of its link in a chain in front: `3.permutation`.
    pub name: String,
    /// The shape, row-major.
    pub shape: Vec<usize>,
    /// The values.
    pub values: Vec<f64>,
}

/// An error unless `given` has the arrays of `own`, in their order: as many, of the same names and
/// shapes, with finite values.
///
/// # Errors
///
/// If it has not; the error names the array.
pub fn fit(own: &[Fixed], given: &[Fixed]) -> Result<()> {
    if own.len() != given.len() {
        let name = |arrays: &[Fixed]| {
            let other = (0..).find(|&k| {
                own.get(k).map(|array| &array.name) != given.get(k).map(|array| &array.name)
            });
            other.and_then(|k| arrays.get(k)).map_or("nothing".into(), |a| format!("`{}`", a.name))
        };
        return Err(Error::shape(format!(
            "{} where there are {}, the first that differs is {} in place of {}: give those of a flow made the same way",
            shown::count(given.len(), "fixed array"),
            own.len(),
            name(given),
            name(own)
        )));
    }
    own.iter().zip(given).try_for_each(|(own, given)| given.check_like(own))
}

impl Fixed {
    /// An array of one dimension.
    pub fn row(name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        let values: Vec<f64> = values.into_iter().collect();
        Self { name: name.into(), shape: vec![values.len()], values }
    }

    /// An array of indices or counts.
    pub fn whole(name: &str, values: impl IntoIterator<Item = usize>) -> Self {
        Self::row(name, values.into_iter().map(|value| value as f64))
    }

    /// The values as whole numbers from zero.
    ///
    /// # Errors
    ///
    /// If one is none.
    pub fn counts(&self) -> Result<Vec<usize>> {
        // Exact in f64, and far above any index.
        let is_count = |value: f64| (0.0..9e15).contains(&value) && value.fract() == 0.0;
        self.each(is_count, "a whole number from zero")?;
        Ok(self.values.iter().map(|&value| value as usize).collect())
    }

    /// The values as an order: each of 0, ..., n - 1 once.
    ///
    /// # Errors
    ///
    /// If it is none.
    pub fn permutation(&self) -> Result<Vec<usize>> {
        let order = self.counts()?;
        let mut seen = vec![false; order.len()];
        for (k, &i) in order.iter().enumerate() {
            if seen.get(i).copied().unwrap_or(true) {
                return Err(Error::setting(format!(
                    "{} is {i}, which stands there twice or is not below {}: a permutation names each place once",
                    self.place(k),
                    order.len()
                )));
            }
            seen[i] = true;
        }
        Ok(order)
    }

    /// The values as flags: 0 or 1.
    ///
    /// # Errors
    ///
    /// If one is neither.
    pub fn flags(&self) -> Result<Vec<bool>> {
        self.each(|value| value == 0.0 || value == 1.0, "0 or 1")?;
        Ok(self.values.iter().map(|&value| value == 1.0).collect())
    }

    /// The values as signs: 1 or -1.
    ///
    /// # Errors
    ///
    /// If one is neither.
    pub fn signs(&self) -> Result<Vec<f64>> {
        self.each(|value| value.abs() == 1.0, "1 or -1")?;
        Ok(self.values.clone())
    }

    fn each(&self, good: impl Fn(f64) -> bool, what: &str) -> Result<()> {
        match self.values.iter().position(|&value| !good(value)) {
            Some(k) => {
                let value = self.values[k];
                Err(Error::setting(format!(
                    "{} is {}: give {what}",
                    self.place(k),
                    shown::number(value)
                )))
            }
            None => Ok(()),
        }
    }

    fn place(&self, k: usize) -> String {
        place(&self.name, &self.shape, k)
    }

    fn check_like(&self, own: &Self) -> Result<()> {
        let Self { name, shape, values } = self;
        if (name, shape) != (&own.name, &own.shape) {
            return Err(Error::shape(format!(
                "the fixed array `{name}` {shape:?} where `{}` {:?} stands: give those of a flow made the same way",
                own.name, own.shape
            )));
        }
        if values.len() != own.values.len() {
            return Err(Error::shape(format!(
                "the fixed array `{name}` {shape:?} has {}, not {}: give as many as its shape says",
                shown::count(values.len(), "value"),
                own.values.len()
            )));
        }
        match values.iter().position(|value| !value.is_finite()) {
            Some(k) => Err(Error::non_finite(format!(
                "{} is {}: give finite numbers",
                self.place(k),
                values[k]
            ))),
            None => Ok(()),
        }
    }

    /// The same array of a part, seen from the whole.
    pub(crate) fn within(mut self, part: &str) -> Self {
        self.name = format!("{part}.{}", self.name);
        self
    }

    /// The same array of a whole, seen from the part that it belongs to.
    pub(crate) fn of_part(&self, part: &str) -> Self {
        let mut own = self.clone();
        if let Some(name) = self.name.strip_prefix(part).and_then(|rest| rest.strip_prefix('.')) {
            own.name = name.into();
        }
        own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_permutation_mask_or_sign_is_refused_with_its_place() {
        let row = |values: &[f64]| Fixed::row("order", values.iter().copied());
        assert_eq!(row(&[2.0, 0.0, 1.0]).permutation().expect("one"), [2, 0, 1]);
        for bad in [&[0.0, 0.0][..], &[0.0, 2.0], &[0.5, 1.0], &[-1.0, 0.0], &[0.0, 1e300]] {
            let error = row(bad).permutation().expect_err("none");
            assert!(error.is_setting() && error.to_string().contains("`order`["), "{error}");
        }
        assert!(row(&[0.0, 2.0]).flags().is_err() && row(&[0.0, 1.0]).flags().is_ok());
        assert!(row(&[0.0, 1.0]).signs().is_err() && row(&[-1.0, 1.0]).signs().is_ok());
    }

    #[test]
    fn arrays_fit_by_number_name_shape_and_finite_values() {
        let own = [Fixed::whole("mask", [0, 1]), Fixed::whole("order", [1, 0])];
        assert!(fit(&own, &own).is_ok());
        assert!(fit(&own, &own[..1]).expect_err("one").is_shape());
        assert!(fit(&own, &[own[1].clone(), own[0].clone()]).expect_err("turned").is_shape());
        let mut bad = own.clone();
        bad[1].values.pop();
        assert!(fit(&own, &bad).expect_err("short").is_shape());
        bad[1].values.push(f64::NAN);
        let error = fit(&own, &bad).expect_err("NaN");
        assert!(error.is_non_finite() && error.to_string().contains("`order`[1]"), "{error}");
    }
}
