//! Fields from PyTorch: plain networks in files of safetensors.

use std::path::Path;

use crate::description::{Array, Arrays};
use crate::error::{Error, Result};
use crate::field::Mlp;
use crate::files::within;
use crate::kernels::Activation;
use crate::real::Real;
use crate::save::{arrays_of, is_described, read};

/// Which input of a network is the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimePlace {
    /// Before the point: \[t, x\].
    First,
    /// Behind the point: \[x, t\], as in FFJORD.
    Last,
}

/// The affine layers of a `torch.nn.Sequential`, as `safetensors.torch.save_file` writes its state dict.
///
/// ```no_run
/// use liouville::prelude::*;
/// use liouville::model::pytorch::{Network, TimePlace};
///
/// let network = Network::read("field.safetensors", None)?;
/// let field: Mlp<f32> = network.field(Activation::Tanh, TimePlace::Last)?;
/// let model = StandardNormal::new(field.dim()).pushed_by(ContinuousFlow::new(field));
/// # let _ = model;
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Network {
    /// The names and values of weights and biases, from the input on.
    layers: Vec<[(String, Array); 2]>,
}

impl Network {
    /// Reads the layers whose names are `prefix`, a number, and `.weight` or `.bias`: those of all arrays, if
    /// there is no prefix and they have one in common.
    ///
    /// # Errors
    ///
    /// If the file cannot be read or is damaged, or its arrays are not those of one plain network; the error
    /// names the array.
    pub fn read(path: impl AsRef<Path>, prefix: Option<&str>) -> Result<Self> {
        let path = path.as_ref();
        let network = Self::from_bytes(&read(path)?, prefix);
        within(path, network)
    }

    /// The same from the bytes of a file.
    ///
    /// # Errors
    ///
    /// As [`read`](Network::read).
    pub fn from_bytes(bytes: &[u8], prefix: Option<&str>) -> Result<Self> {
        if is_described(bytes) {
            return Err(Error::format(
                "this is a model already, with its description: there is nothing to import; read it by `Model::load`",
            ));
        }
        let arrays = arrays_of(bytes)?;
        let mut places: Vec<(usize, String)> = Vec::new();
        for (name, _) in arrays.iter() {
            let Some(stem) = name.strip_suffix(".weight") else { continue };
            let digits = stem.trim_start_matches(|c: char| !c.is_ascii_digit() || c == '.');
            let number = stem.rsplit('.').next().unwrap_or(digits);
            let before = &stem[..stem.len() - number.len()];
            if prefix.is_none_or(|prefix| prefix == before) {
                let place = number.parse().map_err(|_| unlike(name))?;
                places.push((place, stem.to_string()));
            }
        }
        places.sort();
        if places.is_empty() {
            let found: Vec<&str> = arrays.iter().map(|(name, _)| name).take(6).collect();
            return Err(Error::format(format!(
                "there is no layer with a number and `.weight` in its name among the arrays {}: say what stands in front of it",
                found.join(", ")
            )));
        }
        let layers = places.iter().map(|(_, stem)| layer(&arrays, stem));
        let network = Self { layers: layers.collect::<Result<_>>()? };
        network.check()?;
        Ok(network)
    }

    /// The field of this network, with an activation behind all layers but the last.
    ///
    /// # Errors
    ///
    /// If the network does not lead from a point and a time to a velocity.
    pub fn field<T: Real>(&self, activation: Activation, time: TimePlace) -> Result<Mlp<T>> {
        let extents = |k: usize| self.layers[k][0].1.shape.clone();
        let (first, last) = (extents(0), extents(self.layers.len() - 1));
        let dim = last[0];
        if first[1] != dim + 1 {
            return Err(Error::shape(format!(
                "the network reads {} numbers and gives {dim}: a field reads a point of {dim} and a time; `{}` is {first:?}",
                first[1], self.layers[0][0].0
            )));
        }
        let hidden = (0..self.layers.len() - 1).map(|k| extents(k)[0]);
        let mut values = Vec::new();
        for (k, layer) in self.layers.iter().enumerate() {
            let weight = &layer[0].1.values;
            match (k, time) {
                (0, TimePlace::First) => {
                    for row in weight.chunks_exact(dim + 1) {
                        values.extend(row[1..].iter().chain(&row[..1]).map(|&w| T::of(w)));
                    }
                }
                _ => values.extend(weight.iter().map(|&w| T::of(w))),
            }
            values.extend(layer[1].1.values.iter().map(|&b| T::of(b)));
        }
        Mlp::new(dim).hidden(hidden).activation(activation).with_parameters(values)
    }

    /// An error unless every layer reads what the one before it gives.
    fn check(&self) -> Result<()> {
        let mut before: Option<(&str, usize)> = None;
        for [(name, weight), (bias_name, bias)] in &self.layers {
            let &[outputs, inputs] = weight.shape.as_slice() else { return Err(unlike(name)) };
            if bias.shape != [outputs] {
                return Err(Error::shape(format!(
                    "`{bias_name}` is {:?} beside `{name}` {:?}: a bias has one number for each output",
                    bias.shape, weight.shape
                )));
            }
            if let Some((other, given)) = before.filter(|(_, given)| *given != inputs) {
                return Err(Error::shape(format!(
                    "`{name}` reads {inputs} numbers, and `{other}` before it gives {given}: these are no layers of one network"
                )));
            }
            before = Some((name, outputs));
        }
        Ok(())
    }
}

fn layer(arrays: &Arrays, stem: &str) -> Result<[(String, Array); 2]> {
    let part = |what: &str| {
        let name = format!("{stem}.{what}");
        let array = arrays.take(&name)?.clone();
        Ok::<_, Error>((name, array))
    };
    Ok([part("weight")?, part("bias")?])
}

fn unlike(name: &str) -> Error {
    Error::format(format!(
        "`{name}` is no weight of a plain network: those are called net.0.weight, net.2.weight, ... and have two dimensions; say what stands in front of the numbers"
    ))
}
