//! Posteriors by variational inference, beside reference values that others computed.

use liouville::description::Kinds;
use liouville::infer::importance::Importance;
use liouville::infer::{
    Number, Parameters, Posterior, Target, Variational, formula, log_density_free, with_gradient,
};
use liouville::model::Model;
use liouville::num_dual::DualNum;
use liouville::rand::rngs::StdRng;
use liouville::rand::{RngExt, SeedableRng};

use super::posteriors::{self, folder};

fn numbers(line: &str) -> Vec<f64> {
    line.split(',').map(|number| number.parse().expect("a number")).collect()
}

fn rng() -> StdRng {
    StdRng::seed_from_u64(rand::random())
}

#[test]
fn ported_log_densities_agree_with_their_check_files() {
    let Some(folder) = folder() else {
        println!("skipped: LIOUVILLE_REFERENCE_DATA is not set");
        return;
    };
    let mut checked = 0;
    for (name, target) in posteriors::all() {
        let path = folder.join(name).join("logdensity_check.csv");
        let Ok(text) = std::fs::read_to_string(path) else { continue };
        for line in text.lines().skip(1) {
            let row = numbers(line);
            let (free, expected) = row.split_at(row.len() - 1);
            let found = log_density_free(&*target, free).expect("a value");
            assert!((found - expected[0]).abs() < 1e-8, "{name}: {found} for {}", expected[0]);
        }
        checked += 1;
    }
    assert_eq!(checked, 7);
}

/// Gradients of every target against central differences, in free coordinates.
#[test]
fn gradients_of_targets_are_those_of_their_values() {
    let mut rng = rng();
    for (name, target) in posteriors::all() {
        let dim = target.parameters().dim();
        // Inside of every support: increasing, positive, and below one.
        let point: Vec<f64> =
            (0..dim).map(|i| 0.1 + 0.8 * (i as f64 + rng.random::<f64>()) / dim as f64).collect();
        let mut gradient = vec![0.0; dim];
        let value = target.log_density(&point, &mut gradient);
        for i in 0..dim {
            let step = 1e-6;
            let at = |sign: f64| {
                let mut moved = point.clone();
                moved[i] += sign * step;
                target.value(&moved)
            };
            let difference = (at(1.0) - at(-1.0)) / (2.0 * step);
            let scale = 1.0 + gradient[i].abs() + value.abs() * 1e-3;
            assert!((difference - gradient[i]).abs() < 1e-4 * scale, "{name}, parameter {i}");
        }
    }
}

/// Whether the long forms are wanted, which take minutes.
fn long() -> bool {
    std::env::var_os("LIOUVILLE_LONG").is_some()
}

/// Rubin's eight schools: ln Z by quadrature, moments of 10,000 draws of Stan.
#[test]
fn eight_schools_have_their_evidence_and_moments() {
    let target = posteriors::eight_schools_noncentered();
    let fit = Variational::new(&target);
    let fit = if long() { fit } else { fit.steps(400).draws(8000) };
    let found = fit.run(&mut rng()).expect("a posterior");
    let (evidence, verdict) = (found.log_evidence(), found.verdict());
    let off = evidence.value + 32.004_494_533;
    assert!(off.abs() < 5.0 * evidence.standard_error + 1e-3, "{off}: {verdict}");
    if long() {
        assert!(evidence.value - verdict.lower_bound.value < 0.02, "{verdict}");
        assert!(verdict.is_believed(), "{verdict}");
    }
    // mu and tau: means 4.37 and 3.60, deviations 3.3 and 3.2 (posteriordb, eight_schools).
    let (means, deviations) = (found.draws().means(), found.draws().deviations());
    assert!((means[8].value - 4.37).abs() < 0.2 + 5.0 * means[8].standard_error, "{means:?}");
    assert!((means[9].value - 3.6).abs() < 0.2 + 5.0 * means[9].standard_error, "{means:?}");
    let off = [deviations[8].value / 3.3 - 1.0, deviations[9].value / 3.2 - 1.0];
    assert!(off.iter().all(|off| off.abs() < 0.15), "{deviations:?}");
    // Its model has the names, and densities of the parameters themselves.
    let names: Vec<&str> = found.model().headings().iter().map(|c| c.name()).collect();
    assert_eq!(names[7..], ["z[7]", "mu", "tau"]);
    let drawn = found.model().sample(500, &mut rng()).expect("draws");
    assert!(drawn.row(9).iter().all(|tau| *tau > 0.0));
}

/// A posterior is a model like any other: names, supports and densities come back from a file, and draws are a table.
#[test]
fn posteriors_are_saved_with_the_names_of_their_parameters() {
    let parameters = Parameters::new().real("mu").positive("tau").between("p", 0.0, 1.0);
    let target = formula(parameters, |x| {
        let rest = -x[2] + 1.0;
        x[0] * x[0] * -0.5 - x[1] + x[2].ln() + rest.ln() * 2.0
    });
    let found = Variational::new(&target).steps(30).draws(1000).run(&mut rng()).expect("a fit");
    let bytes = found.model().to_bytes().expect("bytes");
    let again = Model::from_bytes(&bytes, &Kinds::new()).expect("a model");
    let names = |model: &Model| -> Vec<String> {
        model.headings().iter().map(|column| column.name().to_string()).collect()
    };
    assert_eq!(names(&again), ["mu", "tau", "p"]);
    let drawn = again.sample(100, &mut rng()).expect("draws");
    assert!(drawn.column_iter().all(|x| x[1] > 0.0 && 0.0 < x[2] && x[2] < 1.0));
    let [own, other] = [found.model(), &again].map(|model| model.log_prob(&drawn).expect("inside"));
    assert_eq!(own, other);
    let table = found.draws().table().expect("names");
    assert_eq!(table.names().collect::<Vec<_>>(), ["mu", "tau", "p", "log_weight"]);
    // The file's model is a proposal for the same target.
    let weighed = Importance::new(&target, &again).draws(1000).run(&mut rng()).expect("draws");
    let [one, two] = [found.draws().log_evidence(), weighed.log_evidence()];
    let error = one.standard_error.hypot(two.standard_error);
    assert!((one.value - two.value).abs() < 6.0 * error, "{one} and {two}");
}

/// Eight modes, whose masses are products of three exact ones.
#[test]
fn every_mode_of_many_wells_is_found() {
    let target = posteriors::many_well();
    let fit = Variational::new(&target);
    let fit = if long() { fit } else { fit.steps(300).draws(8000) };
    let found = fit.run(&mut rng()).expect("a posterior");
    let off = found.log_evidence().value - 30.880_439_121_197;
    let error = found.log_evidence().standard_error;
    assert!(off.abs() < 0.02 + 5.0 * error, "{off} ± {error}: {}", found.verdict());
    // By quadrature of one well.
    let well = |a: f64| (0.5 * a + 6.0 * a * a - a.powi(4)).exp();
    let sum = |from: i32, to: i32| (from..to).map(|k| well(f64::from(k) / 1000.0)).sum::<f64>();
    let left = sum(-5000, 0) / sum(-5000, 5000);
    for pattern in 0..8 {
        let is_left = |k: usize| pattern >> k & 1 == 1;
        let mass: f64 = (0..3).map(|k| if is_left(k) { left } else { 1.0 - left }).product();
        let has = |x: &[f64]| (0..3).all(|k| (x[2 * k] < 0.0) == is_left(k));
        let share = found.draws().expectation(|x| f64::from(u8::from(has(x))));
        let allowed = 0.1 * mass + 5.0 * share.standard_error;
        assert!((share.value - mass).abs() < allowed, "{pattern}: {share:?} for {mass}");
    }
}

fn doubtful(target: &impl Target, words: &str) {
    match Variational::new(target).steps(60).draws(2000).run(&mut rng()) {
        Err(error) => assert!(error.to_string().contains(words), "{error}"),
        Ok(found) => {
            let verdict = found.verdict();
            assert!(!verdict.is_believed(), "{verdict}");
        }
    }
}

#[test]
fn targets_that_are_none_are_refused_or_doubted() {
    let two = || Parameters::new().reals("x", 2);
    let half = |x: &[Number]| x.iter().fold(Number::from_re(0.0), |sum, x| sum - x * x * 0.5);
    // NaN everywhere; NaN on a half; zero on a half that the parameters do not say; infinite.
    doubtful(&formula(two(), |x| x[0] * f64::NAN), "not finite");
    doubtful(
        &formula(two(), move |x| if x[0].re > 0.0 { half(x) * f64::NAN } else { half(x) }),
        "",
    );
    let cut = move |x: &[Number]| match x[0].re > 0.0 {
        true => Number::from_re(f64::NEG_INFINITY),
        false => half(x),
    };
    doubtful(&formula(two(), cut), "");
    doubtful(&formula(two(), |_| Number::from_re(f64::INFINITY)), "has a finite value");
    // A coordinate that is forgotten: its density is flat without end.
    doubtful(&formula(two(), |x| x[0] * x[0] * -0.5), "");
    // A gradient that is not that of the value.
    let wrong = with_gradient(two(), |x, gradient| {
        (gradient[0], gradient[1]) = (-3.0 * x[0] + 1.0, x[1] * -0.2);
        -0.5 * (x[0] * x[0] + x[1] * x[1])
    });
    let found = Variational::new(&wrong).steps(200).draws(5000).run(&mut rng());
    let evidence = std::f64::consts::TAU.ln();
    // Weights need no gradient: the evidence is right, or the verdict says that it is not.
    let right = |found: &Posterior| {
        let measured = found.log_evidence();
        (measured.value - evidence).abs() < 5.0 * measured.standard_error + 0.01
    };
    assert!(found.is_err() || found.is_ok_and(|f| right(&f) || !f.verdict().is_believed()));
}

#[test]
fn bad_parameters_and_settings_are_named() {
    let run = |parameters: Parameters| {
        let target = formula(parameters, |_| Number::from_re(0.0));
        Variational::new(&target).run(&mut rng()).map(|_| ()).expect_err("refused").to_string()
    };
    assert!(run(Parameters::new()).contains("without parameters"));
    assert!(run(Parameters::new().real("mu").positive("mu")).contains("`mu`"));
    assert!(run(Parameters::new().between("p", 2.0, 1.0)).contains("`p`"));
    let target = formula(Parameters::new().real("x"), |x| x[0] * x[0] * -0.5);
    assert!(Variational::new(&target).steps(0).run(&mut rng()).is_err());
    assert!(Variational::new(&target).rate(f64::NAN).run(&mut rng()).is_err());
    assert!(Variational::new(&target).covering(-1.0).run(&mut rng()).is_err());
    assert!(log_density_free(&target, &[0.0, 1.0]).is_err());
}

/// The same seed gives the same posterior, on any number of threads.
#[test]
fn a_posterior_is_the_same_again() {
    let target = posteriors::rezende();
    let run = || {
        let found =
            Variational::new(&target).steps(30).draws(500).run(&mut StdRng::seed_from_u64(7));
        found.expect("a posterior").draws().log_weights().to_vec()
    };
    let alone = liouville_testing_pool(1, run);
    assert_eq!(alone, liouville_testing_pool(3, run));
}

fn liouville_testing_pool<A: Send>(threads: usize, work: impl FnOnce() -> A + Send) -> A {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(work)
}
