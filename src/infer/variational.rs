//! Fits a flow to an unnormalised density, and weighs what it draws.

use nalgebra::{DMatrix, DVector};
use rand::rngs::ChaCha8Rng;
use rand::{Rng, RngExt, SeedableRng};

use super::Target;
use super::company::Company;
use super::descent::descend;
use super::divergence::Divergence;
use super::free::Free;
use super::ground::{Draw, Ground};
use super::matched::start;
use super::modes::{Mode, modes};
use super::place::Place;
use super::plan::Plan;
use super::settled::{Beside, Posterior, judge};
use super::wander::Ways;
use super::weighing::cloud;
use crate::density::{AnyBase, Pushforward};
use crate::error::{Error, Result};
use crate::field::Mlp;
use crate::flow::continuous::{ContinuousFlow, Whitening};
use crate::flow::{AnyFlow, Chain, Flow, Stack};
use crate::model::Model;
use crate::outcome::shown;
use crate::real::portable::exp;

/// The power at which a target with several modes is flat.
const FLAT: f64 = 0.02;
/// Modes whose mass is smaller than that of the heaviest by this factor, in logarithms, are none.
const NEGLIGIBLE: f64 = 7.0;
/// A flow has a mode if its density there is at least that of the target less this, in logarithms.
const THIN: f64 = 1.5;
/// How many draws the target moves, where no others were moved while the flow was fitted.
const MOVED: usize = 1000;
/// How many times each from where it is, and by how many moves: if the bound is as near as this to the evidence, and if it is
/// not.
const MOVES: [(usize, usize); 2] = [(1, 40), (4, 150)];
const NEAR: f64 = 0.02;
/// Modes that promise less than this share of the mass are not missed.
const SLIGHT: f64 = 0.01;

/// Variational inference: the flow that is nearest to a target by the reverse Kullback-Leibler divergence.
///
/// In free coordinates a normal density is matched to the target's scores; in its coordinates a flow is fitted
/// by the path gradient; draws of the flow are weighted by p̃ / q, which makes expectations and evidence
/// right where the flow is not, and says when it is too far off.
///
/// ```
/// use liouville::infer::{Parameters, Target, Variational, formula};
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// // x ~ Gamma(3, 2): the evidence of x² e^(-2x) is Γ(3) / 2³ = 1/4.
/// let gamma = formula(Parameters::new().positive("x"), |x| x[0].ln() * 2.0 - x[0] * 2.0);
/// let found = Variational::new(&gamma).steps(100).run(&mut StdRng::seed_from_u64(1))?;
/// assert!((found.log_evidence().value - 0.25f64.ln()).abs() < 0.02, "{}", found.verdict());
/// assert!((found.draws().means()[0].value - 1.5).abs() < 0.05);
/// # use liouville::num_dual::DualNum;
/// # Ok::<(), liouville::Error>(())
/// ```
pub struct Variational<'a, Q: ?Sized> {
    target: &'a Q,
    flow: Option<AnyFlow<f64>>,
    steps: Option<usize>,
    batch: usize,
    draws: usize,
    covering: f64,
    rate: f64,
}

impl<'a, Q: Target + ?Sized> Variational<'a, Q> {
    /// With every choice left out.
    pub fn new(target: &'a Q) -> Self {
        Self {
            target,
            flow: None,
            steps: None,
            batch: 256,
            draws: 20_000,
            covering: 0.3,
            rate: 0.02,
        }
    }

    /// The flow to be fitted, in the coordinates in which the target's normal density is standard. Default: six
    /// affine couplings of width 32; a continuous flow of a single parameter.
    pub fn flow(mut self, flow: AnyFlow<f64>) -> Self {
        self.flow = Some(flow);
        self
    }

    /// The number of steps, exactly. Default: 3000, or fewer if the bound lies at the evidence before; 6000 more if the
    /// last of those still raised it; and 12,000 more if it is farther than 0.08 nats from the evidence even so.
    pub fn steps(mut self, steps: usize) -> Self {
        self.steps = Some(steps);
        self
    }

    /// Draws of a step. Default: 256.
    pub fn batch(mut self, draws: usize) -> Self {
        self.batch = draws;
        self
    }

    /// The learning rate of [`Muon`](crate::train::Muon). Default: 0.02.
    pub fn rate(mut self, rate: f64) -> Self {
        self.rate = rate;
        self
    }

    /// Draws that are weighted at the end. Default: 20,000.
    pub fn draws(mut self, count: usize) -> Self {
        self.draws = count;
        self
    }

    /// How much the forward Kullback-Leibler divergence, which covers where the reverse one seeks modes, counts beside
    /// it: by draws that the target moves. Default: 0.3.
    pub fn covering(mut self, share: f64) -> Self {
        self.covering = share;
        self
    }

    /// Fits, draws, and judges.
    ///
    /// # Errors
    ///
    /// If a setting is out of range, the parameters do not fit, the target is nowhere finite where it is tried,
    /// or no draw arrives.
    pub fn run<R: Rng + ?Sized>(&self, rng: &mut R) -> Result<Posterior> {
        self.check()?;
        let free = Free::new(self.target);
        let mut own = ChaCha8Rng::from_seed(rng.random());
        let (place, found) = self.place(&free, &mut own)?;
        let flow = match &self.flow {
            Some(flow) => flow.clone(),
            None => default_flow(free.dim(), &mut own)?,
        };
        let ground = match found.len() > 1 {
            true => Ground::of_modes(&found, &place)?,
            false => Ground::standard(free.dim()),
        };
        let mut model = Pushforward::new(ground.base.clone(), flow);
        let log_evidence = f64::INFINITY;
        let mut divergence = Divergence { target: free, ground, place, log_evidence };
        let mut company = Company::new(self.covering, own.random());
        let course = descend(&mut divergence, &mut model, self.plan(), &mut company, own.random())?;
        let Divergence { target, ground, place, .. } = divergence;
        let mut cloud =
            |how| cloud(&target, &place, (&ground, model.flow()), self.draws, how, own.random());
        let (drawn, plain) = (cloud(Draw::Defensive)?, cloud(Draw::Plain)?);
        let draws = drawn.draws;
        let ways = Ways { target: &target, place: &place, ground: &ground, flow: model.flow() };
        // The company has gone farther than weighted draws have; where there is none, these begin.
        let start = match company.points().map(|points| ways.home(points)).transpose()? {
            Some(points) if points.ncols() > 0 => points,
            _ => drawn.base.select_columns(&draws.chosen(self.draws.min(MOVED), &mut own)),
        };
        let lower_bound = plain.draws.lower_bound();
        let far = draws.log_evidence().value - lower_bound.value > NEAR;
        let moved = ways.judged(&start, MOVES[usize::from(far)], &draws, &mut own)?;
        let evidence = moved.evidence;
        let beside = Beside {
            lower_bound,
            settled: course.settled || self.steps.is_some(),
            missing: missing(&found, &place, &model, evidence.value)?,
            moved,
        };
        let verdict = judge(&draws, beside);
        Ok(Posterior { model: self.whole(model, place)?, draws, bounds: course.bounds, verdict })
    }

    /// Where the target lies, and its modes: of several the place is that of the flat target p̃^β, which spans
    /// them.
    fn place(&self, free: &Free<'_, Q>, rng: &mut ChaCha8Rng) -> Result<(Place, Vec<Mode>)> {
        let place = Place::new(start(free, 1.0, rng)?.frame()?);
        let mut found = modes(free, &place, rng);
        let heaviest = found.first().map_or(f64::NEG_INFINITY, |mode| mode.log_mass);
        found.retain(|mode| mode.log_mass > heaviest - NEGLIGIBLE);
        match found.len() > 1 {
            true => Ok((Place::new(start(free, FLAT, rng)?.frame()?), found)),
            false => Ok((place, found)),
        }
    }

    fn plan(&self) -> Plan {
        let (first, usual, most) =
            self.steps.map_or((3000, 9000, 21_000), |steps| (steps, steps, steps));
        let exact = self.steps.is_some();
        let (batch, rate) = (self.batch, self.rate);
        Plan { first, usual, most, batch, rate, tolerance: 1e-4, exact }
    }

    fn check(&self) -> Result<()> {
        self.target.parameters().check()?;
        let dim = self.target.parameters().dim();
        if let Some(flow) =
            self.flow.as_ref().filter(|flow| flow.dim() != dim || flow.context_dim() != 0)
        {
            return Err(Error::shape(format!(
                "the flow has {} and reads {}, the target has {}: give a flow of as many, without contexts",
                shown::count(flow.dim(), "coordinate"),
                shown::count(flow.context_dim(), "context"),
                shown::count(dim, "parameter")
            )));
        }
        if self.batch == 0 || self.draws == 0 || self.steps == Some(0) {
            return Err(Error::setting("steps, batch and draws: give one or more of each"));
        }
        if !(self.covering >= 0.0 && self.covering.is_finite()) {
            return Err(Error::setting(format!(
                "covering counts {} times: give 0 or more",
                self.covering
            )));
        }
        if !(self.rate > 0.0 && self.rate.is_finite()) {
            return Err(Error::setting(format!(
                "a learning rate of {}: give a positive number",
                self.rate
            )));
        }
        Ok(())
    }

    /// The model in the units of the parameters.
    fn whole(&self, model: Pushforward<AnyBase<f64>, AnyFlow<f64>>, place: Place) -> Result<Model> {
        let parameters = self.target.parameters();
        let outside =
            Chain::new().then(Whitening::new(place.frame)).then(parameters.constrain().clone());
        Model::new(model).prepared_by(AnyFlow::new(outside))?.columns(parameters.names().to_vec())
    }
}

/// Affine couplings, which scale some coordinates by others as hierarchies do; a single coordinate has no
/// other, and gets a continuous flow.
fn default_flow(dim: usize, rng: &mut ChaCha8Rng) -> Result<AnyFlow<f64>> {
    if dim == 1 {
        return Ok(AnyFlow::new(ContinuousFlow::new(Mlp::new(1).hidden([32]).build(rng)?)));
    }
    let stack: Chain<f64> = Stack::real_nvp(dim).layers(6).hidden([32]).build(rng)?;
    Ok(AnyFlow::new(stack))
}

/// The modes that a model has not, with the share of the mass that each promises.
fn missing(
    modes: &[Mode],
    place: &Place,
    model: &Pushforward<AnyBase<f64>, AnyFlow<f64>>,
    log_evidence: f64,
) -> Result<Vec<f64>> {
    if modes.is_empty() {
        return Ok(Vec::new());
    }
    let points: Vec<DVector<f64>> = modes.iter().map(Mode::point).cloned().collect();
    let white = place.frame.inside(&DMatrix::from_columns(&points));
    let found = model.evaluate(&white, None)?;
    let share = |k: usize| {
        let log_q = found.log_prob[k] - place.log_det();
        // What could not be computed is not there.
        let there = log_q > modes[k].height - log_evidence - THIN;
        let share = exp(modes[k].log_mass - log_evidence);
        (!there && share > SLIGHT).then_some(share)
    };
    Ok((0..modes.len()).filter_map(share).collect())
}

#[cfg(test)]
mod tests {
    use super::super::gaussian::Gaussian;
    use super::*;

    #[test]
    fn a_mode_that_a_flow_has_not_is_named() {
        use num_dual::DualNum;
        // Two normals of deviation 0.5, a third of the mass in the second.
        let target = crate::infer::formula(crate::infer::Parameters::new().reals("x", 2), |x| {
            let square = |at: f64| ((x[0] - at) * (x[0] - at) + x[1] * x[1]) * -2.0;
            let [a, b] = [square(3.0).exp() * 2.0, square(-3.0).exp()];
            (a + b).ln()
        });
        let free = Free::new(&target);
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let near = Gaussian {
            mean: nalgebra::dvector![3.0, 0.0],
            covariance: DMatrix::identity(2, 2) * 0.25,
        };
        let place = Place::new(near.frame().unwrap());
        let found = modes(&free, &place, &mut rng);
        assert_eq!(found.len(), 2);
        let still: ContinuousFlow<crate::field::Linear<f64>> =
            ContinuousFlow::new(crate::field::Linear::new(DMatrix::zeros(2, 2)).unwrap());
        let base = AnyBase::new(crate::density::StandardNormal::new(2));
        let model = Pushforward::new(base, AnyFlow::new(still));
        let log_evidence = (3.0 * std::f64::consts::TAU * 0.25).ln();
        let shares = missing(&found, &place, &model, log_evidence).unwrap();
        assert_eq!(shares.len(), 1);
        assert!((shares[0] - 1.0 / 3.0).abs() < 0.01, "{shares:?}");
    }

    #[test]
    fn a_frame_of_a_normal_density_has_its_covariance() {
        let covariance = nalgebra::dmatrix![4.0, 1.0; 1.0, 0.5];
        let normal =
            Gaussian { mean: nalgebra::dvector![1.0, 2.0], covariance: covariance.clone() };
        let place = Place::new(normal.frame().unwrap());
        let columns: Vec<f64> = [[1.0, 0.0], [0.0, 1.0]]
            .iter()
            .flat_map(|unit| place.at(unit).into_iter().zip([1.0, 2.0]).map(|(x, m)| x - m))
            .collect();
        let matrix = DMatrix::from_vec(2, 2, columns);
        assert!((&matrix * matrix.transpose() - covariance).amax() < 1e-12);
    }
}
