//! Files as accidents and strangers change them: truncated, with other bits, bytes, parts and numbers.

use rand::RngExt;
use rand::rngs::StdRng;

/// How many changed files a test looks at.
pub fn cases(usual: usize) -> usize {
    std::env::var("LIOUVILLE_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(usual)
}

/// Numbers that no size, and no weight, should be.
const NUMBERS: [&str; 12] = [
    "0",
    "-1",
    "1e999",
    "4294967296",
    "18446744073709551615",
    "9007199254740993",
    "16777216",
    "16777217",
    "1e-320",
    "-0.0",
    "true",
    "[]",
];

/// The length of the header with its own eight bytes, as the file itself says.
fn header(bytes: &[u8]) -> usize {
    let length = bytes.first_chunk().map_or(0, |length| u64::from_le_bytes(*length));
    bytes.len().min(8 + length as usize)
}

/// The same bytes with one to three changes.
pub fn changed(bytes: &[u8], rng: &mut StdRng) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    for _ in 0..rng.random_range(1..4) {
        if changed.len() < 32 {
            return changed;
        }
        change(&mut changed, rng);
    }
    // With a digest that fits, so that what is behind it is met.
    sealed(&mut changed);
    changed
}

/// Where the digits of the digest are, and what they should be: CRC-32, bit by bit, of all bytes with zeros there.
pub fn digest(bytes: &[u8]) -> Option<(usize, String)> {
    let mark = br#"\"crc32\":\""#;
    let place = bytes.windows(mark.len()).position(|window| window == mark)? + mark.len();
    let mut all = bytes.to_vec();
    all.get_mut(place..place + 8)?.fill(b'0');
    let crc = all.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 * (crc & 1)))
    });
    Some((place, format!("{:08x}", !crc)))
}

/// Writes the digest of a file anew, if it has one.
pub fn sealed(bytes: &mut [u8]) {
    if let Some((place, digits)) = digest(bytes) {
        bytes[place..place + 8].copy_from_slice(digits.as_bytes());
    }
}

fn change(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    // The words are in the header.
    let end = header(bytes).max(16);
    match rng.random_range(0..8) {
        0 => bytes.truncate(rng.random_range(0..bytes.len())),
        1 => {
            let place = rng.random_range(0..bytes.len());
            bytes[place] ^= 1 << rng.random_range(0..8);
        }
        2 => {
            let (place, other) = (rng.random_range(8..end), rng.random_range(8..end));
            let part = bytes[other..end.min(other + rng.random_range(1..60))].to_vec();
            let stop = end.min(place + part.len());
            bytes.splice(place..stop, part);
        }
        3 => {
            let place = rng.random_range(8..end);
            bytes[place] = b"0123456789\"[]{},.-eE"[rng.random_range(0..20)];
        }
        4 => number(bytes, end, rng),
        5 => {
            let place = rng.random_range(0..bytes.len() - 8);
            let values = [f64::NAN, f64::INFINITY, 1e300, -1e38, 0.0];
            let value = values[rng.random_range(0..values.len())].to_le_bytes();
            bytes[place..place + 8].copy_from_slice(&value);
        }
        6 => {
            let place = rng.random_range(0..8);
            bytes[place] = rng.random();
        }
        _ => {
            // A part left out, with the length of the header set right.
            let place = rng.random_range(8..end);
            let count = rng.random_range(1..100).min(end - place);
            bytes.drain(place..place + count);
            relabel(bytes, end - count);
        }
    }
}

/// Another number in place of one of the header, whose length is set right.
fn number(bytes: &mut Vec<u8>, end: usize, rng: &mut StdRng) {
    let start = rng.random_range(8..end);
    let digit = |k: &usize| bytes[*k].is_ascii_digit();
    let Some(first) = (start..end).find(digit) else { return };
    let stop = (first..end).find(|k| !digit(k)).unwrap_or(end);
    let other = NUMBERS[rng.random_range(0..NUMBERS.len())];
    bytes.splice(first..stop, other.bytes());
    relabel(bytes, end - (stop - first) + other.len());
}

/// Writes the length of a header that ends here.
fn relabel(bytes: &mut [u8], end: usize) {
    let length = (end.saturating_sub(8) as u64).to_le_bytes();
    if let Some(place) = bytes.first_chunk_mut() {
        *place = length;
    }
}
