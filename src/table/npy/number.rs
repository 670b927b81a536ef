//! The numbers of NumPy: which kind a description means, and their value as `f64`.

/// What the bytes of a number mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Truth,
    Whole,
    Natural,
    Float,
}

/// A kind of number, its size, and the order of its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    kind: Kind,
    size: usize,
    big: bool,
}

impl Number {
    /// What a description such as `<f8` means; `None` if it is no number that is read.
    pub(super) fn of(description: &str) -> Option<Self> {
        let (order, rest) = match description.as_bytes() {
            [order @ (b'<' | b'>' | b'|' | b'='), rest @ ..] => (*order, rest),
            rest => (b'<', rest),
        };
        let (kind, size) = match rest {
            b"?" | b"b1" => (Kind::Truth, 1),
            [b'i', size @ ..] => (Kind::Whole, whole_size(size)?),
            [b'u', size @ ..] => (Kind::Natural, whole_size(size)?),
            b"f2" => (Kind::Float, 2),
            b"f4" => (Kind::Float, 4),
            b"f8" => (Kind::Float, 8),
            _ => return None,
        };
        Some(Self { kind, size, big: order == b'>' })
    }

    /// How many bytes one number has.
    pub(super) fn size(self) -> usize {
        self.size
    }

    /// The value of the first bytes, to the nearest `f64`; NaN if there are too few.
    pub(super) fn value(self, bytes: &[u8]) -> f64 {
        let Some(bytes) = bytes.get(..self.size) else { return f64::NAN };
        // The bytes at the upper end of a word, so that a shift down brings the sign along.
        let mut word = [0; 8];
        match self.big {
            true => word[..self.size].copy_from_slice(bytes),
            false => bytes.iter().rev().zip(&mut word).for_each(|(&from, to)| *to = from),
        }
        let (word, spare) = (u64::from_be_bytes(word), 64 - 8 * self.size as u32);
        match (self.kind, self.size) {
            (Kind::Truth, _) => f64::from(u8::from(word != 0)),
            (Kind::Whole, _) => (word.cast_signed() >> spare) as f64,
            (Kind::Natural, _) => (word >> spare) as f64,
            (Kind::Float, 8) => f64::from_bits(word),
            (Kind::Float, 4) => f64::from(f32::from_bits((word >> 32) as u32)),
            (Kind::Float, _) => half((word >> 48) as u16),
        }
    }
}

/// The size of a whole number: 1, 2, 4 or 8 bytes.
fn whole_size(digits: &[u8]) -> Option<usize> {
    match digits {
        [digit @ (b'1' | b'2' | b'4' | b'8')] => Some(usize::from(digit - b'0')),
        _ => None,
    }
}

/// The value of half a word in the format of IEEE 754.
fn half(bits: u16) -> f64 {
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 1023));
    let size = match (exponent, bits & 1023) {
        (31, 0) => f64::INFINITY,
        (31, _) => f64::NAN,
        (0, _) => fraction * 2f64.powi(-24),
        _ => (1024.0 + fraction) * 2f64.powi(exponent - 25),
    };
    if bits >> 15 == 1 { -size } else { size }
}

/// Why something is no number.
pub(super) fn refusal(description: &str) -> String {
    let what = match description.trim_start_matches(['<', '>', '|', '=']).as_bytes().first() {
        Some(b'O') => "objects of Python, which are never read",
        Some(b'U' | b'S' | b'a') => "text",
        Some(b'c') => "complex numbers: save real and imaginary parts as columns",
        Some(b'M' | b'm') => "dates or times: save them as numbers, `.astype('f8')`",
        Some(b'f') => "floats of a size that is not portable: save them as `f8`",
        _ => "no numbers that are read",
    };
    format!("holds {what} (dtype {description:?})")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(description: &str, bytes: &[u8]) -> f64 {
        Number::of(description).expect("a number").value(bytes)
    }

    #[test]
    fn bytes_mean_what_numpy_means_by_them() {
        assert_eq!(value("<f8", &1.7f64.to_le_bytes()), 1.7);
        assert_eq!(value(">f8", &(-1.7f64).to_be_bytes()), -1.7);
        assert_eq!(value("<f4", &1.7f32.to_le_bytes()), f64::from(1.7f32));
        assert_eq!(value(">f4", &1.7f32.to_be_bytes()), f64::from(1.7f32));
        assert_eq!(value("<i2", &(-300i16).to_le_bytes()), -300.0);
        assert_eq!(value(">i4", &(-70_000i32).to_be_bytes()), -70_000.0);
        assert_eq!(value("<i8", &i64::MIN.to_le_bytes()), -(2f64.powi(63)));
        assert_eq!(value("|i1", &[0x80]), -128.0);
        assert_eq!(value("|u1", &[0x80]), 128.0);
        assert_eq!(value(">u8", &u64::MAX.to_be_bytes()), 2f64.powi(64));
        assert_eq!((value("|b1", &[1]), value("?", &[0])), (1.0, 0.0));
        for (bits, expected) in
            [(0x3c00u16, 1.0), (0xc000, -2.0), (1, 2f64.powi(-24)), (0x7bff, 65504.0)]
        {
            assert_eq!(value("<f2", &bits.to_le_bytes()), expected);
        }
        assert_eq!(value(">f2", &[0xfc, 0]), f64::NEG_INFINITY);
        assert!(value("<f2", &[1, 0x7c]).is_nan() && value("<f8", &[0; 7]).is_nan());
    }

    #[test]
    fn what_is_no_number_says_so() {
        for (description, word) in [
            ("|O", "objects"),
            ("<U5", "text"),
            ("<c16", "complex"),
            ("<M8[ns]", "dates"),
            ("<f16", "f8"),
        ] {
            assert_eq!(Number::of(description), None);
            assert!(refusal(description).contains(word));
        }
        assert!(["", "<", "i3", "i16", "f", "é"].iter().all(|wrong| Number::of(wrong).is_none()));
    }
}
