//! The reverse pass of an affine coupling field.

use super::affine::Affine;
use super::{AffineCoupling, add_rows, pick, put};
use crate::columns::{Block, Mask, Rows, RowsMut, Scratch};
use crate::description::{Description, Restore, Source};
use crate::error::Result;
use crate::field::{
    At, Cotangents, Pulled, Traced, TrainableField, VectorField, product_cotangents,
};
use crate::kernels::{multiply, sum_of_products};
use crate::nn::{self, Input, Network, NetworkTape, Products, TangentTape};
use crate::parameters::{Fixed, Parameters, Setting};
use crate::real::Real;

/// What the pullback of an affine coupling field needs.
#[derive(Default)]
pub struct AffineCouplingTape<T> {
    kept: Block<T>,
    moved: Block<T>,
    affine: Affine<T>,
    network: NetworkTape<T>,
    tangents: TangentTape<T>,
    /// The kept rows of the probes, the moved ones, and the tangents of r and t.
    probes: [Block<T>; 2],
    rates: Block<T>,
}

impl<T: Real> TrainableField<T> for AffineCoupling<T> {
    type Tape = AffineCouplingTape<T>;

    fn held(&self) -> &Parameters<T> {
        self.network.held()
    }

    fn set_parameters(&mut self, values: &[T]) -> Result<()> {
        self.network.set_parameters(values)
    }

    fn fixed(&self) -> Vec<Fixed> {
        self.network.fixed_beside(&self.mask)
    }

    fn set_fixed(&mut self, arrays: &[Fixed]) -> Result<()> {
        self.mask = self.network.set_fixed_beside(&self.mask, arrays)?;
        Ok(())
    }

    fn describe(&self) -> Result<Description> {
        let description = Description::new("AffineCoupling").with("bound", self.bound);
        Ok(description.part("network", self.network.describe()))
    }

    fn settings(&self) -> Vec<Setting> {
        vec![
            Setting::kind("AffineCoupling"),
            Setting::new("bound", self.bound),
            self.network.setting(),
        ]
    }

    fn fold(&self, sums: &[T], gradient: &mut [T]) -> Result<()> {
        self.network.fold(sums, gradient)
    }

    fn record(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        velocity: RowsMut<'_, T>,
        mut traces: RowsMut<'_, T>,
        tape: &mut AffineCouplingTape<T>,
        scratch: &mut Scratch<T>,
    ) {
        tape.keep(self, at, traced);
        let AffineCouplingTape { kept, affine, network, tangents, probes, rates, .. } = tape;
        let input = Input { x: kept.view(), context: at.context };
        match traced {
            Traced::Probes(_) | Traced::Products(_) => {
                rates.reshape(2 * self.moved(), probes[0].lanes());
                let to = Products { output: affine.raw.view_mut(), products: rates.view_mut() };
                self.network.record_jvp(input, probes[0].view(), to, tangents, scratch);
            }
            _ => self.network.record(input, affine.raw.view_mut(), network, scratch),
        }
        affine.bend(self.bound, scratch);
        self.write_velocity(at.x, affine, velocity);
        match traced {
            Traced::Velocity => {}
            Traced::Exact => {
                traces.row_mut(0).fill(T::zero());
                add_rows(affine.s.view(), traces.row_mut(0));
            }
            Traced::Probes(u) => {
                let mut products = scratch.take(self.dim(), u.lanes());
                self.write_products(at.x, affine, rates, u, products.view_mut());
                traces.values_mut().fill(T::zero());
                sum_of_products(u, products.view(), traces.values_mut());
                scratch.give(products);
            }
            Traced::Products(u) => self.write_products(at.x, affine, rates, u, traces),
        }
    }

    fn pullback(
        &self,
        at: At<'_, T>,
        traced: Traced<'_, T>,
        tape: &AffineCouplingTape<T>,
        cotangents: Cotangents<'_, T>,
        mut pulled: Pulled<'_, T>,
        scratch: &mut Scratch<T>,
    ) {
        let mut raw_bar = scratch.take(2 * self.moved(), at.lanes());
        let mut kept_bar = scratch.take(self.mask.kept().len(), at.lanes());
        self.pull_affine(tape, cotangents.velocity, &mut pulled.x, &mut raw_bar);
        kept_bar.fill(T::zero());
        pulled.context.values_mut().fill(T::zero());
        let input = Input { x: tape.kept.view(), context: at.context };
        let sums = &mut *pulled.sums;
        let context = pulled.context.reborrow();
        match traced {
            Traced::Probes(u) | Traced::Products(u) => {
                let mut rates_bar = scratch.take(tape.rates.rows(), u.lanes());
                let bars = match traced {
                    Traced::Probes(u) => Some(product_cotangents(u, cotangents.traces, scratch)),
                    _ => None,
                };
                let own = bars.as_ref().map_or(cotangents.traces, |bars| bars.view());
                self.pull_products(tape, own, &mut rates_bar, &mut raw_bar, &mut pulled.x);
                if let Some(bars) = bars {
                    scratch.give(bars);
                }
                tape.affine.through_bend(&mut raw_bar);
                tape.pull_rates(&mut rates_bar, &mut raw_bar);
                let bars = Products { output: raw_bar.view(), products: rates_bar.view() };
                let to = nn::Pulled { x: kept_bar.view_mut(), context, sums };
                let (u, tape) = (tape.probes[0].view(), &tape.tangents);
                self.network.pull_jvp(input, u, tape, bars, to, scratch);
                scratch.give(rates_bar);
            }
            _ => {
                if let Traced::Exact = traced {
                    for i in 0..self.moved() {
                        add_rows(cotangents.traces, raw_bar.row_mut(2 * i));
                    }
                }
                tape.affine.through_bend(&mut raw_bar);
                let to = nn::Pulled { x: kept_bar.view_mut(), context, sums };
                self.network.pullback(input, &tape.network, raw_bar.view(), to, scratch);
            }
        }
        put(self.mask.kept(), kept_bar.view(), &mut pulled.x);
        scratch.give(kept_bar);
        scratch.give(raw_bar);
    }
}

impl<T: Real> AffineCouplingTape<T> {
    /// Keeps the points and the probes.
    fn keep(&mut self, field: &AffineCoupling<T>, at: At<'_, T>, traced: Traced<'_, T>) {
        let (kept, moved) = (field.mask.kept(), field.mask.moved());
        self.kept.reshape(kept.len(), at.lanes());
        self.moved.reshape(moved.len(), at.lanes());
        self.affine.reshape(moved.len(), at.lanes());
        pick(kept, at.x, self.kept.view_mut());
        pick(moved, at.x, self.moved.view_mut());
        if let Traced::Probes(u) | Traced::Products(u) = traced {
            for (part, block) in [kept, moved].into_iter().zip(&mut self.probes) {
                block.reshape(part.len(), u.lanes());
                pick(part, u, block.view_mut());
            }
        }
    }

    /// From the cotangents of the tangents of s (in the rows of r) to those of r: ṡ = s' ṙ brings
    /// s' to ṙ and s'' ṙ to r.
    fn pull_rates(&self, rates_bar: &mut Block<T>, raw_bar: &mut Block<T>) {
        let lanes = raw_bar.lanes();
        for i in 0..self.moved.rows() {
            let (slope, bend) = (self.affine.slope.row(i), self.affine.curvature.row(i));
            let (rate, to) = (self.rates.row(2 * i), raw_bar.row_mut(2 * i));
            for (place, bar) in rates_bar.row_mut(2 * i).iter_mut().enumerate() {
                let lane = place % lanes;
                to[lane] += *bar * bend[lane] * rate[place];
                *bar *= slope[lane];
            }
        }
    }
}

impl<T: Real> AffineCoupling<T> {
    /// From the cotangents of s b + t to those of b, and of s and t (in the rows of r and t).
    fn pull_affine(
        &self,
        tape: &AffineCouplingTape<T>,
        velocity: Rows<'_, T>,
        x: &mut RowsMut<'_, T>,
        raw_bar: &mut Block<T>,
    ) {
        for (i, &k) in self.mask.moved().iter().enumerate() {
            let bar = velocity.row(k);
            multiply(bar, tape.affine.s.row(i), x.row_mut(k));
            multiply(bar, tape.moved.row(i), raw_bar.row_mut(2 * i));
            raw_bar.row_mut(2 * i + 1).copy_from_slice(bar);
        }
    }

    /// From the cotangents of the products s u + b ṡ + ṫ: adds those of s and b, and writes those of
    /// ṡ and ṫ in the rows of r and t.
    fn pull_products(
        &self,
        tape: &AffineCouplingTape<T>,
        bars: Rows<'_, T>,
        rates_bar: &mut Block<T>,
        raw_bar: &mut Block<T>,
        x: &mut RowsMut<'_, T>,
    ) {
        let lanes = raw_bar.lanes();
        for (i, &k) in self.mask.moved().iter().enumerate() {
            let (u, rate) = (tape.probes[1].row(i), tape.rates.row(2 * i));
            let (b, slope) = (tape.moved.row(i), tape.affine.slope.row(i));
            for (place, &bar) in bars.row(k).iter().enumerate() {
                let lane = place % lanes;
                raw_bar.row_mut(2 * i)[lane] += bar * u[place];
                x.row_mut(k)[lane] += bar * slope[lane] * rate[place];
                rates_bar.row_mut(2 * i)[place] = bar * b[lane];
                rates_bar.row_mut(2 * i + 1)[place] = bar;
            }
        }
    }
}

impl<T: Real> Restore<T> for AffineCoupling<T> {
    fn restore(source: &Source<'_>) -> Result<Self> {
        source.check_kind("AffineCoupling")?;
        let mask = Mask::new(&source.fixed("mask")?.flags()?)?;
        Self::new(mask, Network::restore_own(&source.part("network")?)?, source.number("bound")?)
    }
}
