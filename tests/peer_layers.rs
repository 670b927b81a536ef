//! Layers against zuko, nflows and normflows: see `tests/data/peer-layers`.

use std::path::Path;

use liouville::columns::Mask;
use liouville::flow::Autoregressive;
use liouville::flow::layers::{Maf, RealNvpCoupling, SplineCoupling, SplineMaf};
use liouville::flow::transformer::{ScaleShift, Spline};
use liouville::prelude::*;
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::rngs::StdRng;
use safetensors::SafeTensors;

/// The arrays of one layer.
struct Peer {
    bytes: Vec<u8>,
    layer: &'static str,
}

impl Peer {
    fn new(layer: &'static str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = path.join("data/peer-layers/layers.safetensors");
        Self { bytes: std::fs::read(path).expect("the file is part of the project"), layer }
    }

    fn array(&self, name: &str) -> Vec<f64> {
        let tensors = SafeTensors::deserialize(&self.bytes).expect("a valid file");
        let view = tensors.tensor(&format!("{}.{name}", self.layer)).expect("the array exists");
        let values = view.data().chunks_exact(8);
        values.map(|b| f64::from_le_bytes(b.try_into().expect("eight bytes"))).collect()
    }

    /// The layer with the peer's parameters moves its points in this direction as the peer does, and
    /// back again.
    fn check<L: TrainableFlow<f64>>(&self, direction: Direction, mut layer: L) {
        let entries = layer.layout().entries().to_vec();
        let values: Vec<f64> = entries.iter().flat_map(|entry| self.array(&entry.name)).collect();
        layer.set_parameters(&values).expect("parameters that fit");
        let [x, y] = ["x", "y"].map(|name| DMatrix::from_vec(4, 40, self.array(name)));
        let follow = |direction, x| {
            let moved = layer.follow(direction, x, None).expect("valid");
            assert!(moved.outcomes.iter().all(|outcome| outcome.arrived()), "{}", self.layer);
            moved
        };
        let moved = follow(direction, &x);
        let size = y.amax();
        let error = (&moved.points - &y).amax() / size;
        assert!(error < 1e-13, "{}: {error:e}", self.layer);
        for (ours, theirs) in moved.log_det.iter().zip(self.array("log_det")) {
            assert!((ours - theirs).abs() < 1e-10, "{}: {ours} {theirs}", self.layer);
        }
        // The maps are so flat in places that x itself cannot be had back to many digits.
        let back = follow(direction.reversed(), &y);
        let again = follow(direction, &back.points);
        let error = (again.points - &y).amax() / size;
        assert!(error < 1e-11, "{}, back: {error:e}", self.layer);
    }
}

#[test]
fn layers_are_those_of_other_libraries() {
    let mut rng = StdRng::seed_from_u64(1);
    let spline = Spline::new(8, 3.0).expect("valid settings");
    let mask = Mask::halves(4, 0).expect("splits");
    let coupling: SplineCoupling<f64> = SplineCoupling::new(mask)
        .hidden([6, 6])
        .transformer(spline)
        .build(&mut rng)
        .expect("valid sizes");
    Peer::new("spline").check(Direction::Inverse, coupling);
    let planar = field::Planar::new(DVector::zeros(4), DVector::zeros(4), 0.0).expect("finite");
    Peer::new("planar").check(Direction::Forward, EulerStep::new(planar));
    let bounded = ScaleShift::new(3.0).expect("positive");
    let affine: RealNvpCoupling<f64> = RealNvpCoupling::new(Mask::halves(4, 0).expect("splits"))
        .hidden([6, 6])
        .transformer(bounded)
        .build(&mut rng)
        .expect("valid sizes");
    Peer::new("affine").check(Direction::Forward, affine);
    let maf: Autoregressive<f64, ScaleShift> =
        Maf::new(4).hidden([6, 6]).transformer(bounded).build(&mut rng).expect("valid sizes");
    Peer::new("maf").check(Direction::Inverse, maf);
    let maf: Maf<f64> = Maf::new(4).hidden([6, 6]).build(&mut rng).expect("valid sizes");
    Peer::new("base_maf").check(Direction::Inverse, maf);
    let maf: SplineMaf<f64> =
        SplineMaf::new(4).hidden([6, 6]).transformer(spline).build(&mut rng).expect("valid sizes");
    Peer::new("spline_maf").check(Direction::Inverse, maf);
}
