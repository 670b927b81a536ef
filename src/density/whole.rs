//! The parameters of base and flow as those of one model.

use super::{Base, Pushforward};
use crate::error::Result;
use crate::flow::TrainableFlow;
use crate::parameters::{self, Fixed, Layout, Setting, State};
use crate::real::Real;

/// The name of the base in front of those of its arrays.
const BASE: &str = "base";

impl<B, F> Pushforward<B, F> {
    /// All that makes the model what it is: parameters, fixed arrays and settings of the flow under their own
    /// names, and behind them those of the base, with `base` in front.
    ///
    /// ```
    /// use liouville::flow::layers::ActNorm;
    /// use liouville::prelude::*;
    ///
    /// let flow: ActNorm<f64> = ActNorm::new(field::DiagonalAffine::zero(2)?);
    /// let model = StudentT::standard(2, 5.0)?.pushed_by(flow);
    /// let names: Vec<String> =
    ///     model.state().layout.entries().iter().map(|entry| entry.name.clone()).collect();
    /// let base = ["base.location", "base.log_scale", "base.log_degrees_of_freedom"];
    /// assert_eq!(names, [&["log_scale", "bias"][..], &base].concat());
    /// # Ok::<(), liouville::Error>(())
    /// ```
    pub fn state<T: Real>(&self) -> State<T>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let base = self.base().state().settings.into_iter().map(|setting| setting.within(BASE));
        State {
            layout: self.layout_of_both(),
            parameters: self.parameters_of_both(),
            fixed: self.fixed_of_both(),
            settings: self.flow().state().settings.into_iter().chain(base).collect(),
        }
    }

    /// Makes this model the one whose state was taken.
    ///
    /// # Errors
    ///
    /// If the state is of a model with other settings or arrays, or holds values that these may not have. The
    /// model is then unchanged.
    pub fn set_state<T: Real>(&mut self, state: &State<T>) -> Result<()>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let before = self.state();
        state.check_like(&before)?;
        let set = self.set_fixed_of_both(&state.fixed);
        let set = set.and_then(|()| self.set_parameters_of_both(&state.parameters));
        if set.is_err() {
            self.set_fixed_of_both(&before.fixed)?;
            self.set_parameters_of_both(&before.parameters)?;
        }
        set
    }

    /// The arrays of the flow, and behind them those of the base.
    pub(crate) fn layout_of_both<T: Real>(&self) -> Layout
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let mut layout = self.flow().layout();
        layout.append(BASE, &self.base().layout());
        let base = self.base().settings().into_iter().map(|setting| setting.within(BASE));
        let settings: Vec<Setting> = self.flow().settings().into_iter().chain(base).collect();
        layout.beside(&self.fixed_of_both(), &settings)
    }

    pub(crate) fn parameters_of_both<T: Real>(&self) -> Vec<T>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let mut parameters = self.flow().parameters();
        parameters.extend(self.base().parameters());
        parameters
    }

    /// Both, or none.
    pub(crate) fn set_parameters_of_both<T: Real>(&mut self, values: &[T]) -> Result<()>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let count = self.base().parameter_count();
        let Some((flow, base)) = values.split_at_checked(values.len().wrapping_sub(count)) else {
            return self.layout_of_both().check(values);
        };
        let before = self.base().parameters();
        let set = self.base_mut().set_parameters(base);
        let set = set.map_err(|error| error.during("the base"));
        let set = set.and_then(|()| self.flow_mut().set_parameters(flow));
        if set.is_err() {
            self.base_mut().set_parameters(&before)?;
            // Of what all parameters have in common the names are those of the whole.
            self.layout_of_both().check(values)?;
        }
        set
    }

    fn fixed_of_both<T: Real>(&self) -> Vec<Fixed>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let base = self.base().fixed().into_iter().map(|array| array.within(BASE));
        self.flow().fixed().into_iter().chain(base).collect()
    }

    fn set_fixed_of_both<T: Real>(&mut self, arrays: &[Fixed]) -> Result<()>
    where
        B: Base<T>,
        F: TrainableFlow<T>,
    {
        let own = self.base().fixed();
        // A flow may take arrays that it has not, as those of a frame.
        let (flow, base) = arrays.split_at(arrays.len().saturating_sub(own.len()));
        let base: Vec<Fixed> = base.iter().map(|array| array.of_part(BASE)).collect();
        self.base_mut().set_fixed(&base)?;
        let set = self.flow_mut().set_fixed(flow);
        if set.is_err() {
            self.base_mut().set_fixed(&own)?;
        }
        set
    }

    /// Adds what the sums over many samples say: those of the flow, folded, and behind them those of the base.
    pub(crate) fn fold_both<T: Real>(
        &self,
        sums: &[T],
        gradient: &mut [T],
        fold: impl FnOnce(&[T], &mut [T]) -> Result<()>,
    ) -> Result<()>
    where
        B: Base<T>,
    {
        let count = self.base().parameter_count();
        let lengths = [sums.len(), gradient.len()].map(|len| len.saturating_sub(count));
        let (of_flow, of_base) = sums.split_at(lengths[0]);
        let (flow, base) = gradient.split_at_mut(lengths[1]);
        parameters::check_fold([of_base.len(), count], [base.len(), count])?;
        fold(of_flow, flow)?;
        base.iter_mut().zip(of_base).for_each(|(total, sum)| *total += *sum);
        Ok(())
    }
}
