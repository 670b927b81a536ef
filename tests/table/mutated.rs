//! Files with mistakes in them, the same for the same number.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Pieces that readers stumble over.
const PIECES: [&[u8]; 24] = [
    b"\"",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\0",
    b"\xff",
    b"NA",
    b"1e999",
    b"-1",
    b"(",
    b"[[[[[[[[[[[[",
    b"{",
    b"'",
    b"\\",
    b"99999999999999999999999",
    b"18446744073709551615",
    b"4294967296",
    b"True",
    b"<f8",
    b"|O",
    b"PK\x05\x06",
    b"\xff\xff\xff\xff\xff\xff\xff\xff",
    b"\0\0\0\x80",
];

/// The file number `number` of endless many, made of those of a corpus.
pub fn file(corpus: &[Vec<u8>], number: u64) -> Vec<u8> {
    let mut rng = StdRng::seed_from_u64(number);
    let mut bytes = corpus[rng.random_range(0..corpus.len())].clone();
    for _ in 0..rng.random_range(1..=4) {
        change(&mut bytes, corpus, &mut rng);
    }
    bytes
}

fn change(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], rng: &mut StdRng) {
    let at = rng.random_range(0..=bytes.len());
    let length = rng.random_range(0..16).min(bytes.len() - at);
    let piece = PIECES[rng.random_range(0..PIECES.len())];
    match rng.random_range(0..8) {
        0 => bytes.truncate(at),
        1 if at < bytes.len() => bytes[at] ^= 1 << rng.random_range(0..8),
        2 if at < bytes.len() => bytes[at] = rng.random(),
        3 => drop(bytes.drain(at..at + length)),
        4 => {
            let again = bytes[at..at + length].to_vec();
            bytes.splice(at..at, again);
        }
        5 => {
            let other = &corpus[rng.random_range(0..corpus.len())];
            let from = rng.random_range(0..=other.len());
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        6 => {
            let end = (at + piece.len()).min(bytes.len());
            bytes.splice(at..end, piece.iter().copied());
        }
        _ => {
            bytes.splice(at..at, piece.iter().copied());
        }
    }
}
