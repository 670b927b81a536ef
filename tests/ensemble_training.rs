//! Ensembles that are trained: folds, bits, what is kept back, and what is refused.

use liouville::density::Ensemble;
use liouville::flow::layers::ActNorm;
use liouville::prelude::*;
use liouville::train::{EnsembleReport, MaximumLikelihood, Noise};
use liouville::{Error, Result};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::{StdRng, Xoshiro256PlusPlus};

type Scaled = Pushforward<StandardNormal, ActNorm<f64>>;
type Flow2 = Pushforward<StandardNormal, ContinuousFlow<Mlp<f64>>>;

fn scaled(_: &mut Xoshiro256PlusPlus) -> Result<Scaled> {
    Ok(StandardNormal::new(2).pushed_by(ActNorm::new(field::DiagonalAffine::zero(2)?)))
}

fn small(rng: &mut Xoshiro256PlusPlus) -> Result<Flow2> {
    let field = Mlp::new(2).hidden([8, 8]).build(rng)?;
    Ok(StandardNormal::new(2).pushed_by(ContinuousFlow::new(field).tolerance(1e-3)))
}

fn moons(count: usize) -> DMatrix<f64> {
    data::two_moons(0.1).sample(count, &mut StdRng::seed_from_u64(5)).unwrap()
}

fn quick() -> Trainer<MaximumLikelihood> {
    Trainer::maximum_likelihood().steps(12).batch(16).quiet()
}

#[test]
fn folds_are_disjoint_and_cover_everything() {
    let data = moons(53);
    let seed = rand::random();
    let trainer = quick().ensemble().members(4);
    let (ensemble, report) = trainer.fit(scaled, &data, &mut StdRng::seed_from_u64(seed)).unwrap();
    assert_eq!((ensemble.members().len(), report.members.len(), report.folds.len()), (4, 4, 4));
    let mut all: Vec<usize> = report.folds.concat();
    all.sort_unstable();
    assert_eq!(all, Vec::from_iter(0..53), "each column in one fold, seed {seed}");
    let sizes: Vec<usize> = report.folds.iter().map(Vec::len).collect();
    assert_eq!(sizes, [14, 13, 13, 13]);
    assert_ne!(report.folds[0], Vec::from_iter((0..53).step_by(4)), "at random");
    assert_eq!(ensemble.weights(), [0.25; 4]);
}

#[test]
fn every_sample_is_judged_by_the_member_that_did_not_see_it() {
    let data = moons(47);
    let trainer = quick().ensemble().members(3);
    let (ensemble, report) = trainer.fit(small, &data, &mut StdRng::seed_from_u64(2)).unwrap();
    let mut losses = vec![0.0; 47];
    for (member, fold) in ensemble.members().iter().zip(&report.folds) {
        let log_p = member.log_prob(&data.select_columns(fold)).unwrap();
        fold.iter().zip(log_p.iter()).for_each(|(&j, l)| losses[j] = -l);
    }
    let mean = losses.iter().sum::<f64>() / 47.0;
    let square: f64 = losses.iter().map(|loss| (loss - mean).powi(2)).sum();
    let error = (square / 46.0 / 47.0).sqrt();
    // Fewer samples than groups: each is its own.
    let found = report.held_out;
    assert!((found.loss - mean).abs() < 1e-9, "{found:?} {mean}");
    assert!((found.standard_error - error).abs() < 1e-9, "{found:?} {error}");
    // By the convexity of -ln, the loss of the mean density is at most the mean of the losses.
    let mixed = -ensemble.log_prob(&data).unwrap().mean();
    let single: f64 =
        ensemble.members().iter().map(|m| -m.log_prob(&data).unwrap().mean()).sum::<f64>() / 3.0;
    assert!(mixed <= single + 1e-12);
    let text = report.to_string();
    assert!(text.contains("members              3") && text.contains("held out in turn"), "{text}");
}

/// The parameters of all members, bit for bit, on so many threads.
fn bits(threads: usize) -> Vec<u64> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    let data = moons(60);
    let (ensemble, _) = pool
        .install(|| quick().ensemble().members(3).fit(small, &data, &mut StdRng::seed_from_u64(9)))
        .unwrap();
    let members = ensemble.into_members();
    members.iter().flat_map(|m| m.flow().parameters()).map(f64::to_bits).collect()
}

#[test]
fn threads_change_no_bit_and_members_differ() {
    let one = bits(1);
    assert_eq!(one, bits(3));
    let third = one.len() / 3;
    assert_ne!(one[..third], one[third..2 * third]);
}

#[test]
fn contexts_go_with_their_samples() {
    let make = |rng: &mut Xoshiro256PlusPlus| -> Result<_> {
        let field: Mlp<f64> = Mlp::new(1).context(1).hidden([8, 8]).build(rng)?;
        Ok(StandardNormal::new(1).pushed_by(ContinuousFlow::new(field).tolerance(1e-3)))
    };
    let contexts = DMatrix::from_fn(1, 90, |_, j| if j % 2 == 0 { -1.0 } else { 1.0 });
    let mut rng = StdRng::seed_from_u64(4);
    let noise: DMatrix<f64> = StandardNormal::new(1).sample(90, &mut rng).unwrap();
    let data = DMatrix::from_fn(1, 90, |_, j| 2.0 * contexts[j] + 0.5 * noise[j]);
    let trainer = Trainer::maximum_likelihood().steps(150).batch(64).quiet().ensemble().members(3);
    let (family, report) = trainer.fit_given(make, &data, &contexts, &mut rng).unwrap();
    // Noise is for densities: contexts switch the default off.
    assert!(report.members.iter().all(|member| member.steps.iter().all(|step| step.noise == 0.0)));
    let mean = |context: f64, rng: &mut StdRng| {
        family.given(DMatrix::from_element(1, 1, context)).sample(500, rng).unwrap().mean()
    };
    let (low, high) = (mean(-1.0, &mut rng), mean(1.0, &mut rng));
    assert!(low < -1.2 && high > 1.2, "{low} {high}");
    assert!(trainer.fit(make, &data, &mut rng).unwrap_err().is_shape());
}

#[test]
fn few_samples_get_noise_and_many_none() {
    let noise = |count: usize, trainer: Trainer<MaximumLikelihood>| {
        let fitted: Result<(Ensemble<Scaled>, EnsembleReport)> =
            trainer.ensemble().fit(scaled, &moons(count), &mut StdRng::seed_from_u64(1));
        let (ensemble, report) = fitted.unwrap();
        let first: Vec<f64> = report.members.iter().map(|member| member.steps[0].noise).collect();
        assert!(first.iter().all(|noise| *noise == first[0]));
        (ensemble.members().len(), first[0])
    };
    let (few, some) = noise(150, quick());
    assert!(few == 10 && some > 0.0);
    assert_eq!(noise(150, quick().noise(Noise::None)), (few, 0.0));
    assert_eq!(noise(150, quick().noise(0.25)), (few, 0.25));
    assert_eq!(noise(6000, quick()), (3, 0.0));
}

#[test]
fn refusals() {
    let data = moons(10);
    let mut rng = StdRng::seed_from_u64(1);
    let error = quick().ensemble().members(11).fit(scaled, &data, &mut rng).unwrap_err();
    assert!(
        error.is_empty() && error.to_string().starts_with("10 samples for an ensemble of 11"),
        "{error}"
    );
    let error = quick().ensemble().members(1).fit(scaled, &data, &mut rng).unwrap_err();
    assert!(error.is_setting(), "{error}");
    let error = quick().held_out(0.3).ensemble().fit(scaled, &data, &mut rng).unwrap_err();
    assert!(error.is_setting() && error.to_string().contains("held_out"), "{error}");
    let broken =
        |_: &mut Xoshiro256PlusPlus| -> Result<Scaled> { Err(Error::setting("no model today")) };
    let error = quick().ensemble().members(2).fit(broken, &data, &mut rng).unwrap_err();
    assert_eq!(error.to_string(), "member 0 of an ensemble of 2: making it: no model today");
    // A sample that no model can hold fails in the first member, and is named as given.
    let mut bad = data.clone();
    bad[(1, 7)] = f64::NAN;
    let error = quick().ensemble().members(2).fit(scaled, &bad, &mut rng).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("member 0 of an ensemble of 2:") && text.contains("row 1 of column 7"),
        "{text}"
    );
    let wild = quick().learning_rate(1e12).ensemble().members(2);
    let error = wild.fit(small, &data, &mut rng).unwrap_err();
    assert!(error.is_training() && error.to_string().starts_with("member 0"), "{error}");
}
