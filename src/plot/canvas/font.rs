//! The letters: a font that comes with the crate, so that text has the same widths everywhere.

use std::sync::OnceLock;

use ab_glyph::{Font, FontRef, GlyphId, OutlineCurve, Point};

// DejaVu Sans without hints: Latin with accents, Greek, Cyrillic, raised and lowered letters, currencies, arrows,
// operators, geometric shapes, signs of sun and planets.

/// A letter's curves are drawn as so many straight pieces each.
const PIECES: usize = 5;

fn font() -> Option<&'static FontRef<'static>> {
    static FONT: OnceLock<Option<FontRef<'static>>> = OnceLock::new();
    let bytes = include_bytes!("../font/DejaVuSans-subset.ttf");
    FONT.get_or_init(|| FontRef::try_from_slice(bytes).ok()).as_ref()
}

/// Letters with the places at which they begin, in units of the em, and the place behind the last.
fn laid_out(font: &FontRef<'_>, text: &str) -> (Vec<(GlyphId, f64)>, f64) {
    let em = f64::from(font.units_per_em().unwrap_or(2048.0));
    let mut letters = Vec::new();
    let mut place = 0.0;
    for letter in readable(text).chars() {
        // A letter that the font lacks is number zero, an empty box.
        let glyph = font.glyph_id(letter);
        if let Some((before, _)) = letters.last() {
            place += f64::from(font.kern_unscaled(*before, glyph)) / em;
        }
        letters.push((glyph, place));
        place += f64::from(font.h_advance_unscaled(glyph)) / em;
    }
    (letters, place)
}

/// A text in one line: ends of lines and tabs are spaces, and what only says how another letter is to look, or where a
/// word may part, is left out.
pub(super) fn readable(text: &str) -> String {
    let silent = |letter: &char| {
        matches!(letter, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2064}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}')
    };
    let written = |letter: char| match letter {
        '\u{fffe}' | '\u{ffff}' => '\u{fffd}',
        _ if letter.is_control() => ' ',
        _ => letter,
    };
    text.chars().filter(|letter| !silent(letter)).map(written).collect()
}

/// How wide a text is, in units of its size.
pub(in crate::plot) fn width(text: &str) -> f64 {
    font().map_or(0.6 * text.chars().count() as f64, |font| laid_out(font, text).1)
}

/// The outlines of a text of size one that begins at the origin of its base line; y grows downward.
pub(in crate::plot) fn outline(text: &str) -> Vec<Vec<[f64; 2]>> {
    let Some(font) = font() else { return Vec::new() };
    let em = f64::from(font.units_per_em().unwrap_or(2048.0));
    let mut all = Vec::new();
    for (glyph, place) in laid_out(font, text).0 {
        let Some(outline) = font.outline(glyph) else { continue };
        let at = |point: Point| [place + f64::from(point.x) / em, -f64::from(point.y) / em];
        all.extend(outline.curves.iter().map(|curve| straightened(curve, at)));
    }
    all
}

/// A curve as a line through points on it.
fn straightened(curve: &OutlineCurve, at: impl Fn(Point) -> [f64; 2]) -> Vec<[f64; 2]> {
    let control: Vec<[f64; 2]> = match curve {
        OutlineCurve::Line(a, b) => return vec![at(*a), at(*b)],
        OutlineCurve::Quad(a, b, c) => [a, b, c].map(|point| at(*point)).to_vec(),
        OutlineCurve::Cubic(a, b, c, d) => [a, b, c, d].map(|point| at(*point)).to_vec(),
    };
    (0..=PIECES).map(|k| on_curve(&control, k as f64 / PIECES as f64)).collect()
}

/// The point of a Bézier curve, by de Casteljau's repeated means.
fn on_curve(control: &[[f64; 2]], share: f64) -> [f64; 2] {
    let mut points = control.to_vec();
    while points.len() > 1 {
        let mean = |a: f64, b: f64| a + share * (b - a);
        points = points
            .windows(2)
            .map(|pair| [mean(pair[0][0], pair[1][0]), mean(pair[0][1], pair[1][1])])
            .collect();
    }
    points[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_have_the_widths_of_the_font() {
        // Of DejaVu Sans, with 2048 units to the em: a digit is 1303 wide, an i 569, a space 651.
        assert!((width("00") - 2.0 * 1303.0 / 2048.0).abs() < 1e-6);
        assert!((width("i ") - (569.0 + 651.0) / 2048.0).abs() < 1e-6);
        assert_eq!(width(""), 0.0);
    }

    #[test]
    fn every_letter_is_visible() {
        for letter in "aZ9éßŁœΩαπжЯ₁²⁻⁵−×±≤∞∂∑√→’–√ℝ漢🙂".chars()
        {
            assert!(!outline(&letter.to_string()).is_empty(), "{letter}");
        }
    }

    #[test]
    fn what_scientists_write_is_in_the_font() {
        let letters = "éßŁÅ°µ±×·÷−²³⁻⁺¹⁰⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₒₓₕₖₗₘₙₚₛₜᵢⱼᵣᵤᵥⁿⁱᵀ½¼ªº½‰′″†‡§¶©®™№…–—•\
            αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩϑϕϵжЯ\
            ∂∇∞√∛∫∬∮∑∏≤≥≪≫≲≳≈≃≅≡≠∼∝∈∉⊂∪∩∅∀∃¬∧∨⊕⊗⊙⊥∥∠⟨⟩⌊⌋⌈⌉ℓħℏℜℑℂℕℝℤℒℋℱℵÅΩ℃€£¥\
            ☉☿♀⊕♁♂♃♄♅♆☽★☆♠♣♥♦←→↑↓↔⇒⇔⟶↦●○■□▲△▼◆◇✓✗";
        for letter in letters.chars() {
            assert_ne!(outline(&letter.to_string()), outline("漢"), "{letter} is not in the font");
        }
    }

    #[test]
    fn lines_become_one_and_silent_signs_take_no_room() {
        assert_eq!(readable("mass\n(M☉\u{fe0e})\tb\u{200d}\u{ffff}"), "mass (M☉) b\u{fffd}");
        assert_eq!(width("a\tb"), width("a b"));
    }
}
