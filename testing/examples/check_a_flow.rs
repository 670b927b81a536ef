//! Writes a flow of one's own, lets the laws check it, and shows what they say of a mistake.
//!
//! `cargo run --release --example check_a_flow [-- FOLDER]`

use std::error::Error;
use std::path::PathBuf;

use liouville::flow::Packet;
use liouville::nalgebra::DMatrix;
use liouville::ode::Workspace;
use liouville::prelude::*;
use liouville_testing::{Checks, check_flow};

/// y = sinh((asinh(x) + skew) / tail), coordinate by coordinate: skewed, with lighter or heavier
/// tails (Jones and Pewsey 2009, Sinh-arcsinh distributions, equation 1).
#[derive(Clone)]
struct SinhArcsinh {
    skew: Vec<f64>,
    tail: Vec<f64>,
    /// The mistake: the tail parameter is left out of the log-determinant.
    mistake: bool,
}

impl<T: Real> Flow<T> for SinhArcsinh {
    fn dim(&self) -> usize {
        self.skew.len()
    }

    fn follow_packet(&self, direction: Direction, packet: &mut Packet<T>, _: &mut Workspace<T>) {
        let log_det = packet.log_det.values_mut();
        for (i, (skew, tail)) in self.skew.iter().zip(&self.tail).enumerate() {
            for (x, log_det) in packet.points.row_mut(i).iter_mut().zip(log_det.iter_mut()) {
                let before = x.wide();
                let (after, bent) = match direction {
                    Direction::Forward => ((before.asinh() + skew) / tail, 1.0 / tail),
                    Direction::Inverse => (before.asinh() * tail - skew, *tail),
                };
                let bent = if self.mistake { 1.0 } else { bent };
                *x = T::of(after.sinh());
                *log_det += T::of((bent * after.cosh() / before.hypot(1.0)).ln());
            }
        }
        for effort in &mut packet.efforts {
            effort.evaluations += 1;
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder =
        PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| "pictures/check_a_flow".into()));
    std::fs::create_dir_all(&folder)?;
    let flow = SinhArcsinh { skew: vec![0.5, -0.2], tail: vec![1.3, 0.9], mistake: false };

    println!("in f64:\n{}\n", check_flow::<f64, _>(&flow)?);
    println!("in f32, with more cases:\n{}\n", Checks::new().cases(64).flow::<f32, _>(&flow)?);

    let wrong = SinhArcsinh { mistake: true, ..flow.clone() };
    match check_flow::<f64, _>(&wrong) {
        Ok(_) => return Err("the mistake was not found".into()),
        Err(violation) => println!("with a mistake:\n{violation}\n"),
    }

    // What it is good for: a density with a skew and tails of its own.
    let density = StandardNormal::new(2).pushed_by(flow);
    let points = DMatrix::from_column_slice(2, 2, &[0.0, 0.0, 3.0, -3.0]);
    println!("log-densities: {:.6}", density.log_prob(&points)?.transpose());
    plot::density::<f64>(&density)
        .x_range(-3.0, 5.0)
        .y_range(-5.0, 4.0)
        .title("sinh-arcsinh")
        .save(folder.join("density.png"))?;
    println!("pictures: {}", folder.display());
    Ok(())
}
