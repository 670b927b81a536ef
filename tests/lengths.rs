//! Runs that find their length by themselves, or end in time; what they did can be repeated.

use liouville::prelude::*;
use liouville::train::{Decay, Happening, MaximumLikelihood, Report, Stop};
use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::StdRng;

type Likelihood = Trainer<MaximumLikelihood>;

/// What was learnt of two moons, and how.
fn learn(seed: u64, trainer: Likelihood) -> (Report, Vec<f32>) {
    let mut rng = StdRng::seed_from_u64(seed);
    let samples: DMatrix<f32> = data::two_moons(0.1).sample(3000, &mut rng).expect("valid");
    let flow = Stack::real_nvp(2).layers(4).hidden([16]).build(&mut rng).expect("valid sizes");
    let mut model = StandardNormal::new(2).pushed_by(flow);
    let report = trainer.quiet().batch(64).fit(&mut model, &samples, &mut rng).expect("trains");
    (report, model.flow().parameters())
}

fn repeated(seed: u64, report: &Report, parameters: &[f32]) {
    let trainer = Trainer::maximum_likelihood().schedule(report.schedule);
    let (again, found) = learn(seed, trainer.steps(report.steps.len()));
    assert_eq!(found, parameters);
    assert_eq!((again.best, again.schedule), (report.best, report.schedule));
    let rates = |report: &Report| report.curve(|step| step.learning_rate).1;
    assert_eq!(rates(&again), rates(report));
}

#[test]
fn a_run_goes_on_while_it_helps_and_can_be_repeated() {
    let (report, parameters) = learn(1, Trainer::maximum_likelihood());
    let Decay::Cycles { first } = report.schedule.decay else {
        panic!("{:?}", report.schedule);
    };
    let full = report.choices.learning_rate;
    let rates = report.curve(|step| step.learning_rate).1;
    let forks: Vec<_> = report
        .events
        .iter()
        .filter_map(|event| match event.what {
            Happening::Extended { gain, .. } => Some((event.step, gain, true)),
            Happening::Levelled { gain, .. } => Some((event.step, gain, false)),
            _ => None,
        })
        .collect();
    // One fork at the end of every cycle, each twice as long as the one before and from half its rate.
    for (number, (end, _, grew)) in forks.iter().enumerate() {
        let start = first * ((1 << number) - 1);
        assert_eq!(*end, start + (first << number));
        let top = rates[start..*end].iter().copied().fold(0.0, f64::max);
        assert!((top - full * 0.5f64.powi(number as i32)).abs() < 1e-12 * full);
        assert_eq!(*grew, number + 1 < forks.len() || report.steps.len() > *end);
    }
    assert!(forks.iter().all(|&(_, gain, grew)| !grew || gain > 0.025), "{forks:?}");
    if report.stop == Stop::Finished {
        assert_eq!(forks.last().map(|fork| fork.0), Some(report.steps.len()));
    } else {
        assert_eq!(report.stop, Stop::Early);
    }
    repeated(1, &report, &parameters);
}

/// With every choice left out: the length that is found, too, is the same on any number of threads.
#[test]
fn a_length_that_is_found_is_the_same_on_any_number_of_threads() {
    let on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| {
            let mut rng = StdRng::seed_from_u64(5);
            let samples: DMatrix<f64> = data::circles().sample(600, &mut rng).expect("valid");
            let flow = Stack::real_nvp(2).layers(2).hidden([8]).build(&mut rng).expect("sizes");
            let mut model = StandardNormal::new(2).pushed_by(flow);
            let trainer = Trainer::maximum_likelihood().quiet();
            let report = trainer.fit(&mut model, &samples, &mut rng).expect("trains");
            (report.steps.len(), report.events, report.checks, model.flow().parameters())
        })
    };
    let one = on(1);
    assert!([2, 5].into_iter().all(|threads| on(threads) == one));
}

#[test]
fn a_run_ends_in_time_and_can_be_repeated() {
    for (seed, limit) in [(2, 0.05), (3, 0.4)] {
        let (report, parameters) = learn(seed, Trainer::maximum_likelihood().seconds(limit));
        let times = report.curve(|step| step.seconds).1;
        let first = times[0];
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(first, f64::max);
        assert!(report.foretold.is_none_or(|seconds| seconds <= limit));
        // No step begins when the time is over.
        assert!(report.seconds() <= limit + longest, "{} of {limit}, {longest}", report.seconds());
        repeated(seed, &report, &parameters);
    }
}

#[test]
fn steps_that_are_given_are_taken_and_the_rate_falls_over_all_of_them() {
    let (report, _) = learn(4, Trainer::maximum_likelihood().steps(100));
    assert_eq!((report.steps.len(), report.stop), (100, Stop::Finished));
    assert_eq!(report.schedule.decay, Decay::Between { from: 0, until: 100 });
    assert_eq!(report.schedule.warm_up, 25);
    assert!(report.events.is_empty() && report.choices.steps == Some(100));
}
