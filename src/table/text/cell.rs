//! One cell of a text: the number in it, and how it is shown in an error.

/// The number in a cell, correctly rounded; spaces around it do not matter.
pub(super) fn number(cell: &[u8]) -> Option<f64> {
    std::str::from_utf8(cell.trim_ascii()).ok()?.parse().ok()
}

/// The number in a cell with a decimal comma.
pub(super) fn with_comma(cell: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(cell.trim_ascii()).ok()?;
    match text.matches(',').count() {
        1 => text.replace(',', ".").parse().ok(),
        _ => None,
    }
}

/// Whether a cell is several numbers with something else between them.
pub(super) fn divided(cell: &[u8]) -> bool {
    let parts = cell.trim_ascii().split(|byte| b" ;\t|,".contains(byte));
    let parts: Vec<&[u8]> = parts.filter(|part| !part.is_empty()).collect();
    parts.len() > 1 && parts.into_iter().all(|part| number(part).is_some())
}

/// The text of a cell in quotes, cut where it grows long.
pub(super) fn shown(cell: &[u8]) -> String {
    const LONGEST: usize = 40;
    let text = String::from_utf8_lossy(cell.trim_ascii());
    let start: String = text.chars().take(LONGEST).collect();
    let more = if text.chars().nth(LONGEST).is_some() { "..." } else { "" };
    format!("{start:?}{more}")
}
