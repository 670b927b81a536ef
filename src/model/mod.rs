//! A model as a value: a density of any kind in the units of a table, whatever it is made of.
//!
//! | file | what |
//! | --- | --- |
//! | `members` | base + flow, one or several, behind a pointer that hides their scalar |
//! | `preparation` | from the units of the table to what the members see, and back |
//! | `whole` | whole numbers: the noise that makes a density of them |
//! | `evaluate` | log-densities and scores |
//! | `moving` | the model on its way from base to data |
//! | `found` | what is found for columns |
//! | [`pytorch`] | fields of PyTorch |
//! | `tables` | what a model reads of a table |
//! | `draw` | samples |
//! | `described` | the model as a description with arrays |
//! | `file` | the model as a file |

mod described;
mod draw;
mod evaluate;
#[cfg(feature = "save")]
mod file;
mod found;
mod members;
mod moving;
mod preparation;
#[cfg(feature = "save")]
pub mod pytorch;
#[cfg(feature = "table")]
mod tables;
mod whole;

use std::fmt;

use nalgebra::DMatrix;

use crate::columns::Moments;
use crate::density::{AnyBase, Base, Ensemble, Pushforward};
use crate::description::Value;
use crate::error::{Error, Result};
use crate::flow::{AnyFlow, TrainableFlow};
use crate::outcome::shown;
use crate::real::Real;

pub use crate::heading::Heading;
pub use found::{Evaluation, ModelScore};

use members::Members;
use preparation::Preparation;

/// A density with everything that belongs to it: one [`Pushforward`] or several, in `f32` or `f64`; what
/// prepares the data for it, as flows in `f64`; and the names and units of columns and contexts.
///
/// It takes and gives `f64` in the units of the table, so that every density is one of the numbers that stand there and
/// integrates to one over them. It is of one type whatever is inside; save it by
/// [`Model::save`](Model::save), and make it a link of whatever takes a [`Density`](crate::density::Density).
///
/// ```
/// use liouville::flow::AnyFlow;
/// use liouville::flow::continuous::Whitening;
/// use liouville::model::Model;
/// use liouville::nalgebra::{self, dmatrix};
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// // A normal of mean 100 and deviation 10, with a core in single precision.
/// let still: field::Linear<f32> = field::Linear::new(dmatrix![0.0])?;
/// let core = StandardNormal::new(1).pushed_by(ContinuousFlow::new(still));
/// let data = dmatrix![90.0, 110.0];
/// let model = Model::new(core)
///     .prepared_by(AnyFlow::new(Whitening::standardising(&data)?))?
///     .columns(["height"])?
///     .units(["cm"])?;
/// let log_p = model.log_prob(&dmatrix![100.0])?;
/// assert!((log_p[0] + (10.0 * std::f64::consts::TAU.sqrt()).ln()).abs() < 1e-6);
/// let drawn = model.sample(1000, &mut StdRng::seed_from_u64(1))?;
/// assert!((drawn.mean() - 100.0).abs() < 2.0);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone)]
pub struct Model {
    members: Box<dyn Members>,
    preparation: Preparation,
    columns: Vec<Heading>,
    contexts: Vec<Heading>,
    notes: Vec<(String, Value)>,
}

/// `count` columns that nobody named.
fn unnamed(prefix: &str, count: usize) -> Vec<Heading> {
    (0..count).map(|i| Heading::new(format!("{prefix}{i}"))).collect()
}

impl Model {
    /// The model of one density, whose columns are called x0, x1, ... and whose contexts c0, c1, ....
    pub fn new<T, B, F>(density: Pushforward<B, F>) -> Self
    where
        T: Real,
        B: Base<T> + Clone + 'static,
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let (base, flow) = density.into_parts();
        let density = Pushforward::new(AnyBase::new(base), AnyFlow::new(flow));
        Self::around(Box::new(Ensemble::alone(density)))
    }

    /// The model of several densities of the same data.
    pub fn mixture<T, B, F>(densities: Ensemble<Pushforward<B, F>>) -> Self
    where
        T: Real,
        B: Base<T> + Clone + 'static,
        F: TrainableFlow<T, Tape: 'static> + Clone + 'static,
    {
        let any = |density: Pushforward<B, F>| {
            let (base, flow) = density.into_parts();
            Pushforward::new(AnyBase::<T>::new(base), AnyFlow::<T>::new(flow))
        };
        Self::around(Box::new(densities.map(any)))
    }

    fn around(members: Box<dyn Members>) -> Self {
        let (columns, contexts) =
            (unnamed("x", members.dim()), unnamed("c", members.context_dim()));
        Self { members, preparation: Preparation::none(), columns, contexts, notes: Vec::new() }
    }

    /// The same model with names for its columns.
    ///
    /// # Errors
    ///
    /// If there are not as many names as columns, or two are the same.
    pub fn columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        name_all("columns", &mut self.columns, names)?;
        self.check_names()
    }

    /// The same model with names for its contexts.
    ///
    /// # Errors
    ///
    /// If there are not as many names as contexts, or two names are the same.
    pub fn contexts<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Result<Self> {
        name_all("contexts", &mut self.contexts, names)?;
        self.check_names()
    }

    /// The same model with units for its columns; empty where one has none.
    ///
    /// # Errors
    ///
    /// If there are not as many units as columns.
    pub fn units<S: Into<String>>(mut self, units: impl IntoIterator<Item = S>) -> Result<Self> {
        let units: Vec<String> = units.into_iter().map(Into::into).collect();
        as_many("units", units.len(), "columns", self.columns.len())?;
        let columns = self.columns.into_iter().zip(units);
        self.columns = columns.map(|(column, unit)| column.in_unit(unit)).collect();
        Ok(self)
    }

    /// The same model behind a flow in `f64` from what the members make to the units of the table.
    ///
    /// # Errors
    ///
    /// If it has another dimension, reads a context, or does not take what the members make.
    pub fn prepared_by(mut self, flow: AnyFlow<f64>) -> Result<Self> {
        self.preparation = self.preparation.behind(flow, &self.members.spaces()?)?;
        Ok(self)
    }

    /// The same model, whose members see every context as (c - mean) / deviation.
    ///
    /// # Errors
    ///
    /// If there are not as many moments as contexts, or a deviation is not positive.
    pub fn contexts_standardised(mut self, moments: Vec<Moments>) -> Result<Self> {
        as_many("moments", moments.len(), "contexts", self.contexts.len())?;
        self.preparation = self.preparation.standardising_contexts(moments)?;
        Ok(self)
    }

    /// The same model, where the columns of these places hold whole numbers: see
    /// [`whole_columns`](Model::whole_columns).
    ///
    /// # Errors
    ///
    /// If there is no such column.
    pub fn whole(mut self, places: impl IntoIterator<Item = usize>) -> Result<Self> {
        let dim = self.columns.len();
        self.preparation = self.preparation.rounding(places.into_iter().collect(), dim)?;
        Ok(self)
    }

    /// The same model with something written beside it that goes into its file: what training
    /// reported, where the data are from. Under a name that has a note already it takes its place.
    pub fn note(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.notes.retain(|(own, _)| own != name);
        self.notes.push((name.into(), value.into()));
        self
    }

    /// The number of columns.
    pub fn dim(&self) -> usize {
        self.columns.len()
    }

    /// The number of contexts.
    pub fn context_dim(&self) -> usize {
        self.contexts.len()
    }

    /// The names and units of the columns.
    pub fn headings(&self) -> &[Heading] {
        &self.columns
    }

    /// The names and units of the contexts.
    pub fn context_headings(&self) -> &[Heading] {
        &self.contexts
    }

    /// The places of columns that hold whole numbers. The members are of x + u with u uniform between 0 and 1,
    /// and so is every log-density: over all u its mean is at most the logarithm of the probability of x
    /// (Theis, van den Oord and Bethge 2016, A note on the evaluation of generative models, section 3.1), so
    /// that the mean over a table bounds the mean log-probability from below. The u of a row depends on its
    /// bits and on nothing else. Numbers that are not whole have density zero; samples are whole.
    pub fn whole_columns(&self) -> &[usize] {
        self.preparation.whole()
    }

    /// The notes, in order.
    pub fn notes(&self) -> &[(String, Value)] {
        &self.notes
    }

    /// The flow in `f64` from what the members make to the units of the table, if there is one.
    pub fn preparation(&self) -> Option<&AnyFlow<f64>> {
        self.preparation.flow()
    }

    /// The name of the scalar that the members compute with: `f32` or `f64`.
    pub fn scalar(&self) -> &'static str {
        self.members.scalar()
    }

    /// The members, if they compute with this scalar.
    pub fn members<T: Real>(&self) -> Option<&Ensemble<Pushforward<AnyBase<T>, AnyFlow<T>>>> {
        self.members.inside().downcast_ref()
    }

    /// The number of parameters, of all members together.
    pub fn parameter_count(&self) -> usize {
        self.members.parameter_count()
    }

    /// Points of the table as the members see them, and contexts; NaN for points outside the support.
    ///
    /// # Errors
    ///
    /// If shapes do not fit, or a value is NaN or infinite.
    pub fn inside(
        &self,
        points: &DMatrix<f64>,
        context: Option<&DMatrix<f64>>,
    ) -> Result<(DMatrix<f64>, Option<DMatrix<f64>>)> {
        let prepared = self.prepare(points, context)?;
        Ok((prepared.points, prepared.context))
    }

    fn check_names(self) -> Result<Self> {
        let mut names: Vec<&str> =
            self.columns.iter().chain(&self.contexts).map(|column| column.name()).collect();
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(Error::setting(format!(
                "two columns are called {:?}: give each a name of its own",
                pair[0]
            ))),
            None => Ok(self),
        }
    }
}

fn as_many(what: &str, found: usize, of: &str, expected: usize) -> Result<()> {
    match found == expected {
        true => Ok(()),
        false => Err(Error::shape(format!(
            "{found} {what} for a model of {expected} {of}: give as many"
        ))),
    }
}

fn name_all<S: Into<String>>(
    what: &str,
    columns: &mut [Heading],
    names: impl IntoIterator<Item = S>,
) -> Result<()> {
    let names: Vec<String> = names.into_iter().map(Into::into).collect();
    as_many("names", names.len(), what, columns.len())?;
    columns.iter_mut().zip(names).for_each(|(column, name)| *column = column.clone().called(name));
    Ok(())
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.columns.iter().map(Heading::to_string).collect();
        write!(f, "Model({} in {}", names.join(", "), self.scalar())?;
        let parameters = self.parameter_count();
        write!(f, ", {})", shown::count(parameters, "parameter"))
    }
}
