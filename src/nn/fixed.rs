//! What makes a network what it is besides its parameters: degrees, and sizes with the activation.

use super::Network;
use super::masks::Degrees;
use crate::columns::Mask;
use crate::error::{Error, Result};
use crate::outcome::shown;
use crate::parameters::{Fixed, Setting, fit};
use crate::real::Real;

impl<T: Real> Network<T> {
    /// The degrees of inputs and outputs of a [masked](Network::masked) network; nothing for others.
    pub fn fixed(&self) -> Vec<Fixed> {
        let degrees = self.degrees.iter().flat_map(|Degrees { inputs, outputs }| {
            [("degrees.inputs", inputs), ("degrees.outputs", outputs)]
        });
        degrees.map(|(name, degrees)| Fixed::whole(name, degrees.iter().copied())).collect()
    }

    /// Replaces the degrees of a masked network; weights that they mask become zero.
    ///
    /// # Errors
    ///
    /// Unless there are the same arrays as in [`fixed`](Network::fixed), of whole numbers.
    pub fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        fit(&self.fixed(), arrays)?;
        if let [inputs, outputs] = arrays {
            self.set_degrees(inputs.counts()?, outputs.counts()?)?;
        }
        Ok(())
    }

    /// Masks by other degrees, if they suit the sizes.
    pub(crate) fn set_degrees(&mut self, inputs: Vec<usize>, outputs: Vec<usize>) -> Result<()> {
        let degrees = Degrees { inputs, outputs };
        degrees.check(&self.shape)?;
        self.free = degrees.free(&self.shape, &self.layers);
        self.degrees = Some(degrees);
        self.apply_mask();
        Ok(())
    }

    /// Sizes, form and activation.
    pub(crate) fn setting(&self) -> Setting {
        Setting::new("network", &self.shape)
    }

    /// The fixed arrays of a map whose network reads the coordinates that `mask` keeps.
    pub(crate) fn fixed_beside(&self, mask: &Mask) -> Vec<Fixed> {
        let mut moved = vec![0; mask.dim()];
        mask.moved().iter().for_each(|&i| moved[i] = 1);
        [vec![Fixed::whole("mask", moved)], self.fixed()].concat()
    }

    /// Replaces them, and returns the mask.
    pub(crate) fn set_fixed_beside(&mut self, mask: &Mask, arrays: &[Fixed]) -> Result<Mask> {
        fit(&self.fixed_beside(mask), arrays)?;
        let Some((flags, own)) = arrays.split_first() else { return Ok(mask.clone()) };
        let other = Mask::new(&flags.flags()?)?;
        let [kept, before] = [&other, mask].map(|mask| mask.kept().len());
        if kept != before {
            return Err(Error::shape(format!(
                "`{}` keeps {}, and the network reads {before}: give as many",
                flags.name,
                shown::count(kept, "coordinate")
            )));
        }
        self.set_fixed(own)?;
        Ok(other)
    }
}
