//! Learns real handwritten digits in 64 dimensions, reports held-out bits per dimension, and draws new ones.
//!
//! `cargo run --release --example digits [-- FOLDER]`; `SHORT=1` trains for a moment only.

use std::error::Error;
use std::path::PathBuf;

use liouville::nalgebra::{DMatrix, DVector};
use liouville::prelude::*;
use liouville::rand::{Rng, RngExt, SeedableRng, rngs::StdRng};
use liouville::train::Adam;

/// Pixels are whole numbers from 0 to 16.
const LEVELS: f32 = 17.0;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures/digits".into()));
    std::fs::create_dir_all(&folder)?;
    let steps = if std::env::var_os("SHORT").is_some() { 10 } else { 600 };
    let mut rng = StdRng::seed_from_u64(1);

    let digits = read_digits()?;
    let (train, test) = data::split(&digits, 0.85, &mut rng)?;
    // Uniform noise makes densities of counts: the likelihood of the noisy pixels bounds theirs.
    let (train, test) = (blurred(&train, 8, &mut rng), blurred(&test, 1, &mut rng));
    let scale = data::Standardizer::fit(&train)?;
    let standard = scale.apply(&train)?;

    let field = Mlp::new(64)
        .hidden([192, 192])
        .activation(Activation::Silu)
        .first_scale(1.0)
        .build(&mut rng)?;
    let mut model = StandardNormal::new(64).pushed_by(ContinuousFlow::new(field).tolerance(1e-3));
    let bits = |model: &Pushforward<_, _>| -> Result<f64, Box<dyn Error>> {
        let log_prob: DVector<f32> = Density::log_prob(model, &scale.apply(&test)?)?;
        let nats = f64::from(log_prob.mean()) + scale.log_det();
        Ok(-nats / 64.0 / std::f64::consts::LN_2)
    };
    let before = bits(&model)?;
    // First matched to straight paths, which is fast, then polished by likelihood, which is exact.
    // In so many dimensions the small steps of Adam forget less of what lies between the samples.
    let matching = Trainer::flow_matching()
        .optimizer(Adam::default())
        .learning_rate(2e-3)
        .keep_start()
        .steps(20 * steps)
        .batch(256)
        .average(0.999);
    let matched = matching.fit(&mut model, &standard, &mut rng)?;
    let between = bits(&model)?;
    let polishing = Trainer::maximum_likelihood()
        .optimizer(Adam::default())
        .learning_rate(3e-4)
        .steps(steps / 10)
        .batch(256)
        .average(0.9);
    let polished = polishing.fit(&mut model, &standard, &mut rng)?;
    let after = bits(&model)?;

    println!("flow matching        {} steps, {:.1} s", matched.steps.len(), matched.seconds());
    println!("maximum likelihood   {} steps, {:.1} s", polished.steps.len(), polished.seconds());
    println!(
        "held-out bits per dimension (lower is better; uniform pixels have {:.3})",
        LEVELS.log2()
    );
    println!("  untrained {before:.3}   matched {between:.3}   polished {after:.3}");

    let drawn = model.sample(100, &mut rng)?;
    let drawn = scale.undo(&drawn)?;
    plot::images("real digits", &test.columns(0, 100).into_owned())
        .beside("drawn from the model", &drawn)
        .shape(8, 8)
        .range(0.0, f64::from(LEVELS))
        .save(folder.join("digits.png"))?;
    println!("pictures             {}", folder.display());
    Ok(())
}

/// The images, one per column: 64 pixels, and a label that is left out.
fn read_digits() -> Result<DMatrix<f32>, Box<dyn Error>> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/data/digits8x8.csv");
    let text = std::fs::read_to_string(path)?;
    let mut pixels = Vec::new();
    for line in text.lines().skip(1) {
        for cell in line.split(',').take(64) {
            pixels.push(cell.trim().parse::<f32>()?);
        }
    }
    Ok(DMatrix::from_vec(64, pixels.len() / 64, pixels))
}

/// `copies` of every image, each with noise of its own, uniform in [0, 1).
fn blurred<R: Rng>(images: &DMatrix<f32>, copies: usize, rng: &mut R) -> DMatrix<f32> {
    let count = images.ncols();
    DMatrix::from_fn(64, copies * count, |i, j| images[(i, j % count)] + rng.random::<f32>())
}
