//! The digest of a file, by which it is noticed that a bit has changed.

use crate::error::{Error, Result};

/// What stands in front of the digits: a key of JSON in a string of JSON.
const MARK: &[u8] = br#"\"crc32\":\""#;
/// What stands for the digits while the digest is taken.
pub(super) const OPEN: &str = "00000000";

/// Where the digits are: behind the first mark in the header.
fn place(bytes: &[u8]) -> Option<usize> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = &bytes[..bytes.len().min(length.saturating_add(8))];
    let mark = header.windows(MARK.len()).position(|window| window == MARK)?;
    let place = mark + MARK.len();
    (place + OPEN.len() <= header.len()).then_some(place)
}

/// The CRC-32 of all bytes, with zeros for its own digits: that of Ethernet, ZIP and PNG, which every language has at
/// hand, and which tells any burst of up to 32 changed bits.
fn digest(bytes: &[u8], place: usize) -> String {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&bytes[..place]);
    hasher.update(OPEN.as_bytes());
    hasher.update(&bytes[place + OPEN.len()..]);
    format!("{:08x}", hasher.finalize())
}

/// Writes the digits into their place.
pub(super) fn seal(bytes: &mut [u8]) {
    if let Some(place) = place(bytes) {
        let digits = digest(bytes, place);
        bytes[place..place + OPEN.len()].copy_from_slice(digits.as_bytes());
    }
}

/// An error unless the bytes have the digest that they tell; a file that tells none is taken as it is.
pub(super) fn check(bytes: &[u8], told: Option<&str>) -> Result<()> {
    let Some(told) = told else { return Ok(()) };
    match place(bytes).map(|place| digest(bytes, place)) {
        Some(found) if found == told => Ok(()),
        found => Err(Error::format(format!(
            "the file is damaged: it says that its digest is {told:?}, and that of its bytes is {:?}; take another copy of it",
            found.unwrap_or_default()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_digest_is_that_of_every_other_program() {
        // The check value of CRC-32 (ISO-HDLC), as in every catalogue of them.
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
        let header = br#"{"__metadata__":{"liouville":"{\"version\":1,\"crc32\":\"00000000\"}"}}"#;
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header);
        bytes.extend(b"numbers");
        let open = bytes.clone();
        let at = open.windows(8).position(|window| window == b"00000000").expect("digits");
        seal(&mut bytes);
        let told = String::from_utf8_lossy(&bytes[at..at + 8]).into_owned();
        assert_eq!(told, format!("{:08x}", crc32fast::hash(&open)));
        assert!(check(&bytes, Some(&told)).is_ok() && check(&bytes, None).is_ok());
        for short in [0, 5, 8, 30, 64] {
            assert!(check(&bytes[..short], Some(&told)).is_err());
            seal(&mut bytes[..short].to_vec());
        }
    }
}
