//! The gated network of FFJORD, with the exact trace by the same contraction as the plain one.
//!
//! With c = \[φ(t), context\], a layer squashes its affine map by gates and shifts it,
//!
//! z = (W a + b) ∘ g + e, g = σ(G c + k), e = E c,
//!
//! so that a' = s(z) has the slope s'(z) ∘ g by W a + b. Gates do not depend on x. The Jacobian of
//! two hidden layers is therefore G_3 W_3 D_2 G_2 W_2 D_1 G_1 W_1 with diagonal gates G_l, and with
//! effective slopes δ_l = s'(z_l) ∘ g_l its trace is
//!
//! Σ_kji g_3k W_3kj δ_2j W_2ji δ_1i W_1ik.
//!
//! For a last layer without gates the sum over k is a constant matrix M, and the trace is δ_2'M δ_1
//! as for a plain network. A gate for every output would put a vector that differs from sample to
//! sample between W_3 and W_1: one matrix M per sample, h x h x dim products. A single gate γ for
//! all outputs leaves the contraction whole, γ δ_2'M δ_1; that is the variant here. Deeper networks
//! take tangents.
//!
//! | file | what |
//! | --- | --- |
//! | `builder` | initial parameters, names and places |
//! | `gates` | opening the gates; their pullback |
//! | `forward`, `reverse` | evaluations; what they keep, and the pullback |

mod builder;
mod forward;
mod gates;
mod reverse;

use std::ops::Range;

use super::Mlp;
use crate::real::Real;

pub use builder::GatedBuilder;
pub use reverse::GatedTape;

/// The gated network of FFJORD as a velocity field ("concatsquash"; Grathwohl et al. 2019, appendix
/// B.1, and its public code),
///
/// a_l = s((W_l a_(l-1) + b_l) ∘ σ(G_l c + k_l) + E_l c), c = \[φ(t), context\], a_0 = x,
///
/// with a last layer without activation, whose gate is one number for all outputs (there is one for
/// each in FFJORD): so the exact divergence of up to two hidden layers costs one product of hidden x
/// hidden size in any dimension, as for [`Mlp`]. Time and context open the gates and shift, and do
/// nothing else.
///
/// Made by [`MlpBuilder::gated`](super::MlpBuilder::gated). The parameters are named as in FFJORD's
/// code: `layers.0._layer.weight` \[out, in\], `layers.0._layer.bias`,
/// `layers.0._hyper_bias.weight`, `layers.0._hyper_gate.weight`, `layers.0._hyper_gate.bias`,
/// `layers.1._layer.weight`, ....
///
/// ```
/// use liouville::prelude::*;
/// use liouville::rand::{SeedableRng, rngs::StdRng};
///
/// let mut rng = StdRng::seed_from_u64(1);
/// let field: field::Gated<f32> = Mlp::new(2).hidden([64, 64]).gated().build(&mut rng)?;
/// assert!(field.layout().find("layers.2._hyper_gate.bias").is_some_and(|gate| gate.shape == [1]));
/// let model = StandardNormal::new(2).pushed_by(ContinuousFlow::new(field));
/// assert_eq!(model.sample(10, &mut rng)?.ncols(), 10);
/// # Ok::<(), liouville::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Gated<T> {
    /// The affine maps, of x alone; holds all parameters.
    core: Mlp<T>,
    gates: Vec<Gate>,
}

/// Where the parameters of one layer's gates and shift lie.
#[derive(Clone, Debug)]
struct Gate {
    /// The number of gates: one per output of a hidden layer, a single one behind the last.
    rows: usize,
    weight: Range<usize>,
    bias: Range<usize>,
    shift: Range<usize>,
}

impl<T: Real> Gated<T> {
    /// The widths of the hidden layers.
    pub fn hidden(&self) -> &[usize] {
        self.core.hidden()
    }
}
