//! How numbers are shown to people: short, and never a row of zeros.

/// A number in four digits: 0.3, 1235, 1.5e21.
pub fn short(value: f64) -> String {
    let size = value.abs();
    match size {
        _ if value == 0.0 || !value.is_finite() => format!("{value}"),
        _ if !(1e-3..1e6).contains(&size) => format!("{value:.2e}"),
        _ => {
            let decimals = (3.0 - size.log10().floor()).clamp(0.0, 6.0) as usize;
            format!("{value:.decimals$}")
        }
    }
}

/// How large an error is.
pub fn error(value: f64) -> String {
    if value == 0.0 { "0".into() } else { format!("{value:.0e}") }
}

/// Nats, in four decimals.
pub fn nats(value: f64) -> String {
    decimals(value, 4)
}

/// So many decimals, or a power of ten where that is shorter.
pub fn decimals(value: f64, count: usize) -> String {
    if value.abs() < 1e6 { format!("{value:.count$}") } else { format!("{value:.count$e}") }
}

/// A p-value: 0.43, 0.0026, 3.1e-7.
pub fn p_value(p: f64) -> String {
    match p {
        0.1.. => format!("{p:.2}"),
        0.01.. => format!("{p:.3}"),
        1e-3.. => format!("{p:.4}"),
        1e-300.. => format!("{p:.1e}"),
        _ => "below 1e-300".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short() {
        let all = [0.0, 0.3, -12.3456, 1234.56, 999_999.0, 1e21, -2.5e-7, f64::NEG_INFINITY];
        let texts = ["0", "0.3000", "-12.35", "1235", "999999", "1.00e21", "-2.50e-7", "-inf"];
        assert_eq!(all.map(short), texts);
        assert_eq!([0.0, 3.2e-7, 0.04].map(error), ["0", "3e-7", "4e-2"]);
        assert_eq!([-18.60601, 1e21].map(nats), ["-18.6060", "1.0000e21"]);
    }

    #[test]
    fn p_values_are_no_powers_unless_they_must() {
        let all = [1.0, 0.434, 0.0258, 0.0038, 2.7e-4, 0.0];
        let texts = ["1.00", "0.43", "0.026", "0.0038", "2.7e-4", "below 1e-300"];
        assert_eq!(all.map(p_value), texts);
    }
}
