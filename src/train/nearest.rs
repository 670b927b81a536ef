//! Which samples of the noise lie nearest to which of the data, taken together.

use nalgebra::DMatrix;
use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;
use rand::seq::SliceRandom;

use super::assignment::cheapest;
use super::auction::nearly_cheapest;
use crate::kernels::matrix_product;
use crate::real::Real;

/// Up to how many samples the least distance is found exactly.
const EXACT: usize = 32;
/// How many samples are paired together at most.
const PART: usize = 256;
/// Where far begins, in units of the median norm.
const FAR: f64 = 1e6;
/// 2⁻²⁰.
const SMALL: f64 = 1.0 / 1048576.0;

/// The columns in parts that are paired apart, of up to 256 in random order, the same always; on a line all
/// are one part.
pub(super) fn parts(mut columns: Vec<usize>, dim: usize) -> Vec<Vec<usize>> {
    let count = columns.len().div_ceil(PART);
    if count < 2 || dim < 2 {
        return vec![columns];
    }
    let mut rng = Xoshiro256PlusPlus::seed_from_u64(columns.len() as u64);
    columns.shuffle(&mut rng);
    columns.chunks(columns.len().div_ceil(count)).map(<[usize]>::to_vec).collect()
}

/// For some columns of the data the places among them of the columns of the noise that go with them.
pub(super) fn nearest<T: Real>(
    noise: &DMatrix<T>,
    data: &DMatrix<T>,
    columns: &[usize],
) -> Vec<usize> {
    if data.nrows() == 1 {
        return sorted(noise, data, columns);
    }
    let [noise, data] = [noise, data].map(|matrix| comparable(matrix, columns));
    let (costs, offsets) = costs(&noise, &data);
    match columns.len() {
        ..=EXACT => cheapest(&costs, columns.len()),
        _ => nearly_cheapest(&costs, &offsets),
    }
}

/// On a line the best pairing keeps the order.
fn sorted<T: Real>(noise: &DMatrix<T>, data: &DMatrix<T>, columns: &[usize]) -> Vec<usize> {
    let [noise, data] = [noise, data].map(|matrix| {
        let mut order: Vec<usize> = (0..columns.len()).collect();
        let value = |place: &usize| matrix[columns[*place]].wide();
        order.sort_by(|a, b| value(a).total_cmp(&value(b)));
        order
    });
    let mut partner = vec![0; columns.len()];
    noise.into_iter().zip(data).for_each(|(noise, data)| partner[data] = noise);
    partner
}

/// |z|² / 2 - x'z for every x of the data and z of the noise, and the offset |x|² / 2 of every x that is wanting
/// to half of their squared distance: no pairing can change its sum.
fn costs(noise: &DMatrix<f64>, data: &DMatrix<f64>) -> (Vec<f64>, Vec<f64>) {
    let [halves, offsets] = [noise, data].map(|matrix| {
        matrix.column_iter().map(|column| 0.5 * column.norm_squared()).collect::<Vec<f64>>()
    });
    let products = matrix_product(&noise.transpose(), data);
    let row = |products: &[f64]| {
        halves.iter().zip(products).map(|(half, product)| half - product).collect::<Vec<f64>>()
    };
    (products.as_slice().chunks(halves.len().max(1)).flat_map(row).collect(), offsets)
}

/// Some columns, less the median of every row, in units of the median of their norms.
///
/// Offset and unit, which change no best pairing, make noise and data comparable; by medians, a few far
/// samples do not blur the others. Beyond 1e6 units a sample is far whatever the distance, and its
/// direction is kept.
fn comparable<T: Real>(matrix: &DMatrix<T>, columns: &[usize]) -> DMatrix<f64> {
    // So small, no difference of finite numbers overflows, and no norm.
    let mut values = DMatrix::from_fn(matrix.nrows(), columns.len(), |i, j| {
        SMALL * matrix[(i, columns[j])].wide()
    });
    for mut row in values.row_iter_mut() {
        let middle = median(row.iter().copied());
        row.add_scalar_mut(-middle);
    }
    let unit = unit(&values);
    for mut column in values.column_iter_mut().filter(|_| unit > 0.0) {
        let largest = column.amax();
        let far = largest / unit > FAR;
        let scale = |value: f64| if far { value / largest * FAR } else { value / unit };
        column.iter_mut().for_each(|value| *value = scale(*value));
    }
    values
}

/// The median norm of the columns, or their mean norm if most are zero.
fn unit(values: &DMatrix<f64>) -> f64 {
    let norms = || values.column_iter().map(|column| norm(column.as_slice()));
    match median(norms()) {
        0.0 => norms().map(|norm| norm / values.ncols() as f64).sum(),
        norm => norm,
    }
}

/// The Euclidean norm, without overflow in between.
fn norm(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0, |most: f64, value| most.max(value.abs()));
    if largest == 0.0 {
        return 0.0;
    }
    let shares = values.iter().map(|value| value / largest);
    largest * shares.map(|share| share * share).sum::<f64>().sqrt()
}

/// The upper median; 0 of nothing.
fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    if values.is_empty() {
        return 0.0;
    }
    let middle = values.len() / 2;
    *values.select_nth_unstable_by(middle, f64::total_cmp).1
}
#[cfg(test)]
mod tests {
    use super::*;
    use crate::data;
    use crate::density::{Sample, StandardNormal};
    use rand::RngExt;
    use rand::rngs::StdRng;

    fn normal(dim: usize, count: usize, rng: &mut StdRng) -> DMatrix<f64> {
        StandardNormal::new(dim).sample(count, rng).expect("valid")
    }

    /// What toys and tables look like, in 2, 10 and 64 dimensions.
    fn kinds(count: usize, rng: &mut StdRng) -> Vec<(&'static str, DMatrix<f64>)> {
        let mut toy = |name, sample: &dyn Fn(&mut StdRng) -> DMatrix<f64>| (name, sample(rng));
        let blobs = |dim, rng: &mut StdRng| {
            let points = normal(dim, count, rng);
            DMatrix::from_fn(dim, count, |i, j| {
                let side = if j % 3 == 0 { -1.0 } else { 1.0 };
                side * ((i % 4) as f64) + points[(i, j)] * (0.1 + 0.2 * (i % 5) as f64)
            })
        };
        vec![
            toy("moons", &|rng| data::two_moons(0.05).sample(count, rng).expect("valid")),
            toy("eight", &|rng| data::eight_gaussians().sample(count, rng).expect("valid")),
            toy("pinwheel", &|rng| data::pinwheel().sample(count, rng).expect("valid")),
            toy("circles", &|rng| data::circles().sample(count, rng).expect("valid")),
            toy("swiss roll", &|rng| data::swiss_roll().sample(count, rng).expect("valid")),
            toy("spirals", &|rng| data::two_spirals().sample(count, rng).expect("valid")),
            toy("checkerboard", &|rng| data::checkerboard().sample(count, rng).expect("valid")),
            toy("like the noise", &|rng| normal(2, count, rng)),
            toy("ten", &|rng| blobs(10, rng)),
            toy("sixty-four", &|rng| blobs(64, rng)),
            toy("zeros and ones", &|rng| normal(10, count, rng).map(|x| f64::from(x > 0.0))),
            toy("heavy tails", &|rng| normal(2, count, rng).map(|x| x / (x.sin() * 7.0).cos())),
            toy("mostly one point", &|rng| normal(2, count, rng).map(|x| (x - 1.0).max(0.0))),
        ]
    }

    /// The mean squared distance of the pairs, about the means.
    fn energy(noise: &DMatrix<f64>, data: &DMatrix<f64>, partner: &[usize]) -> f64 {
        let [noise, data] = [noise, data].map(|matrix| {
            let mean = matrix.column_mean();
            DMatrix::from_columns(&matrix.column_iter().map(|x| x - &mean).collect::<Vec<_>>())
        });
        let pairs = data.column_iter().zip(partner);
        pairs.map(|(x, &other)| (x - noise.column(other)).norm_squared()).sum::<f64>()
    }

    fn assert_permutation(partner: &[usize]) {
        let mut seen = vec![false; partner.len()];
        partner.iter().for_each(|&place| seen[place] = true);
        assert!(seen.iter().all(|seen| *seen), "each once: {partner:?}");
    }

    #[test]
    fn the_path_energy_is_within_five_percent_of_the_least() {
        let mut rng = StdRng::seed_from_u64(1);
        for count in [33, 100, 256] {
            for (name, data) in kinds(count, &mut rng) {
                let noise = normal(data.nrows(), count, &mut rng);
                let columns: Vec<usize> = (0..count).collect();
                let near = nearest(&noise, &data, &columns);
                assert_permutation(&near);
                let (costs, _) = costs(&noise, &data);
                let exact = energy(&noise, &data, &cheapest(&costs, count));
                let ratio = energy(&noise, &data, &near) / exact;
                assert!((1.0 - 1e-9..1.05).contains(&ratio), "{name}, {count}: {ratio}");
            }
        }
    }

    #[test]
    fn offsets_units_and_a_sample_far_away_change_nothing() {
        let mut rng = StdRng::seed_from_u64(2);
        let columns: Vec<usize> = (0..100).collect();
        let noise = normal(3, 100, &mut rng);
        let mut data = normal(3, 100, &mut rng).map(|x| x.powi(3));
        let expected = nearest(&noise, &data, &columns);
        for (unit, offset) in [(2f64.powi(-900), 0.0), (2f64.powi(900), 0.0), (4.0, 1024.0)] {
            let moved = data.map(|x| x * unit + offset);
            let found = nearest(&noise, &moved, &columns);
            let [ours, before] = [&found, &expected].map(|order| energy(&noise, &data, order));
            assert!((ours / before - 1.0).abs() < 0.05, "{unit:e}: {ours} against {before}");
        }
        // What the far one leaves is paired as well as if it were not there.
        data.column_mut(99).fill(1e300);
        let found = nearest(&noise, &data, &columns);
        assert_permutation(&found);
        let left = noise.clone().remove_column(found[99]);
        let near = data.columns(0, 99).into_owned();
        let least = energy(&left, &near, &cheapest(&costs(&left, &near).0, 99));
        let place = |other: &usize| other - usize::from(*other > found[99]);
        let found: Vec<usize> = found[..99].iter().map(place).collect();
        let ratio = energy(&left, &near, &found) / least;
        assert!((1.0 - 1e-9..1.05).contains(&ratio), "{ratio}");
    }

    #[test]
    fn what_is_all_the_same_is_paired_somehow() {
        let mut rng = StdRng::seed_from_u64(3);
        for count in [0, 1, 2, 33, 256] {
            let columns: Vec<usize> = (0..count).collect();
            let same = DMatrix::from_element(2, count, 0.3);
            let noise: DMatrix<f64> = DMatrix::from_fn(2, count, |_, _| rng.random());
            let reversed = DMatrix::from_fn(2, count, |i, j| noise[(i, count - 1 - j)]);
            for (noise, data) in [(&noise, &same), (&same, &noise), (&same, &same)] {
                assert_permutation(&nearest(noise, data, &columns));
            }
            if count == 0 {
                continue;
            }
            let [found, any] = [nearest(&noise, &reversed, &columns), columns]
                .map(|partner| energy(&noise, &reversed, &partner));
            assert!(found <= 0.01 * any, "{count}: {found} against {any}");
        }
    }

    #[test]
    fn large_batches_are_paired_in_parts_alike() {
        for count in [1, 256, 257, 1000, 4096] {
            let parts = parts((0..count).collect(), 2);
            assert!(
                parts.iter().all(|part| part.len() <= PART && 2 * part.len() >= PART.min(count))
            );
            assert_permutation(&parts.concat());
        }
        assert_eq!(parts((0..1000).collect(), 1).len(), 1);
        // Every part of sorted data has some of everything: a mean near that of all, within six deviations.
        for part in parts((0..4096).collect(), 2) {
            let mean = part.iter().sum::<usize>() as f64 / part.len() as f64 / 4096.0;
            assert!((mean - 0.5).abs() < 6.0 / (12.0 * part.len() as f64).sqrt(), "{mean}");
        }
    }
}
