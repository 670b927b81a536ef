//! From a table to a judged model, on tables that are not as they should be.

use liouville::data;
use liouville::fit::{Fit, FlowChoice, Warning};
use liouville::prelude::*;
use liouville::table::Column;
use nalgebra::DMatrix;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use rand_distr::StandardNormal as Gaussian;

fn rng(seed: u64) -> StdRng {
    StdRng::seed_from_u64(seed)
}

/// Independent normal numbers under the names a, b, c, ....
fn normal(columns: usize, rows: usize, seed: u64) -> Vec<(String, Vec<f64>)> {
    let mut rng = rng(seed);
    let name = |i: usize| char::from(b'a' + i as u8).to_string();
    let mut values = || (0..rows).map(|_| rng.sample(Gaussian)).collect::<Vec<f64>>();
    (0..columns).map(|i| (name(i), values())).collect()
}

fn table(columns: Vec<(String, Vec<f64>)>) -> Table {
    Table::from_columns(columns).expect("columns of one length")
}

/// Without flows: for tests in which training is not the point.
fn plain(table: &Table) -> Fit<'_> {
    Fit::new(table).flow(FlowChoice::None)
}

#[test]
fn a_plain_table_becomes_a_judged_model_with_every_kind_of_candidate() {
    let samples: DMatrix<f64> = data::two_moons(0.1).sample(300, &mut rng(1)).expect("drawn");
    let columns = [Column::new("x").in_unit("m"), "y".into()];
    let table = Table::new(columns, samples).expect("named");
    let fitted = Fit::new(&table).steps(60).members(2).run().expect("fits");
    println!("{fitted}");
    let verdict = &fitted.verdict;
    assert_eq!((verdict.held_out, verdict.rows, verdict.columns), (300, 300, 2));
    // A Gaussian of two moons is worse than their mixture by half a nat.
    assert!(verdict.over_gaussian.mean > 0.2, "{verdict}");
    assert!(verdict.is_trusted(), "{verdict}");
    assert_eq!(fitted.model.column_names()[0].unit, "m");
    assert!(fitted.model.notes().iter().any(|(name, _)| name == "held-out nats"));
    let again = Fit::new(&table).steps(60).members(2).run().expect("fits");
    assert_eq!(again.verdict, fitted.verdict);
    assert_eq!(
        again.model.log_prob(table.matrix()).expect("finite"),
        fitted.model.log_prob(table.matrix()).expect("finite")
    );
}

#[test]
fn constant_duplicated_and_collinear_columns_are_left_out_by_name() {
    let mut columns = normal(3, 200, 2);
    let sum =
        columns[0].1.iter().zip(&columns[1].1).map(|(a, b)| 3.0 * a - 1e4 * b + 7.0).collect();
    columns.push(("still".into(), vec![20.1; 200]));
    columns.push(("again".into(), columns[2].1.clone()));
    columns.push(("sum".into(), sum));
    let table = table(columns);
    let fitted = plain(&table).run().expect("fits");
    let names: Vec<&str> = fitted.columns.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c"]);
    let still = Warning::Constant { column: "still".into(), value: 20.1 };
    assert!(fitted.warnings.contains(&still));
    let again = Warning::Dependent { column: "again".into(), from: vec!["c".into()] };
    assert!(fitted.warnings.contains(&again), "{fitted}");
    let from = |warning: &Warning| match warning {
        Warning::Dependent { column, from } if column == "sum" => Some(from.clone()),
        _ => None,
    };
    let mut from = fitted.warnings.iter().find_map(from).expect("warned of");
    from.sort();
    assert_eq!(from, ["a", "b"]);
}
