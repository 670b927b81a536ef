//! What single words on the command line mean; a wrong one is a usage error.

use std::path::{Path, PathBuf};

use liouville::fit::Kind;
use liouville::kernels::Activation;
use liouville::table::Format;

/// A word, or what to give in its place.
pub type Parsed<T> = Result<T, String>;

fn number(word: &str, good: impl Fn(f64) -> bool, advice: &str) -> Parsed<f64> {
    word.parse().ok().filter(|value| good(*value)).ok_or_else(|| advice.into())
}

/// A positive number.
pub fn positive(word: &str) -> Parsed<f64> {
    number(word, |value| value > 0.0 && value.is_finite(), "give a number above zero")
}

/// A tolerance of a solver.
pub fn tolerance(word: &str) -> Parsed<f64> {
    number(word, |value| value > 0.0 && value < 1.0, "give a number between 0 and 1, such as 1e-5")
}

/// A share of rows to choose by.
pub fn share(word: &str) -> Parsed<f64> {
    number(word, |value| value > 0.0 && value <= 0.5, "give a number above 0, up to 0.5")
}

/// A whole number from one on, which may have an exponent: 1e6.
pub fn count<T: TryFrom<u64>>(word: &str) -> Parsed<T> {
    let found = whole(word).filter(|count| *count > 0);
    found.and_then(|count| T::try_from(count).ok()).ok_or_else(|| {
        format!("give a whole number from 1 on, and not beyond {:.1e}", u64::MAX as f64)
    })
}

/// A whole number that is not negative.
fn whole(word: &str) -> Option<u64> {
    // Below this every whole number has 64 bits.
    let fits = |value: &f64| value.fract() == 0.0 && (0.0..u64::MAX as f64).contains(value);
    word.parse().ok().or_else(|| word.parse().ok().filter(fits).map(|value| value as u64))
}

/// What random numbers start from.
pub fn seed(word: &str) -> Parsed<u64> {
    whole(word).ok_or_else(|| format!("give a whole number from 0 to {}", u64::MAX))
}

/// The number of threads.
pub fn threads(word: &str) -> Parsed<usize> {
    const MOST: usize = 1024;
    let found = count(word).ok().filter(|count| *count <= MOST);
    found.ok_or_else(|| format!("give a whole number from 1 to {MOST}"))
}

/// Any number that is one.
pub fn finite(word: &str) -> Parsed<f64> {
    number(word, f64::is_finite, "give a number")
}

/// What separates cells: one character of ASCII, or a name of one.
pub fn delimiter(word: &str) -> Parsed<u8> {
    match word {
        r"\t" | "tab" => Ok(b'\t'),
        "space" => Ok(b' '),
        _ => match word.as_bytes() {
            [one] if !matches!(one, b'"' | b'\n' | b'\r') && one.is_ascii() => Ok(*one),
            _ => Err(r"give one character, such as ; or |, or \t for a tab".into()),
        },
    }
}

/// A format of tables, by the ending that usually names it.
pub fn format(word: &str) -> Parsed<Format> {
    Format::of(Path::new(&format!("x.{word}"))).map_err(|_| {
        let others = if cfg!(feature = "parquet") { ", parquet or arrow" } else { "" };
        format!("give csv, npy or npz{others}")
    })
}

/// Where a table is written: in one of the formats that are written row by row.
pub fn table(word: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(word);
    match Format::of(&path) {
        _ if word == "-" => Ok(path),
        // What is no regular file, such as a pipe, gets text.
        Ok(Format::Csv | Format::Npy) => Ok(path),
        _ => Err("tables are written as .csv, .tsv, .txt, .dat or .npy".into()),
    }
}

/// Where a model is written.
pub fn model(word: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(word);
    match path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("safetensors")) {
        true => Ok(path),
        false => {
            Err("models are files of safetensors: give a name that ends in .safetensors".into())
        }
    }
}

/// Where a picture is written.
pub fn picture(word: &str) -> Parsed<PathBuf> {
    let path = PathBuf::from(word);
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    match ending.as_ref().and_then(|ending| ending.to_str()) {
        Some("png" | "svg") => Ok(path),
        _ => Err("give a name that ends in .png or .svg".into()),
    }
}

/// Whether a name is that of an animation alone.
pub fn is_film(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_ascii_lowercase());
    ending.is_some_and(|ending| ending == "gif" || ending == "apng")
}

/// Where a picture or an animation is written.
pub fn picture_or_film(word: &str) -> Parsed<PathBuf> {
    match is_film(Path::new(word)) {
        true => Ok(PathBuf::from(word)),
        false => {
            picture(word).map_err(|_| "give a name that ends in .png, .svg, .gif or .apng".into())
        }
    }
}

/// How many times more pixels a picture has each way.
pub fn scale(word: &str) -> Parsed<f64> {
    number(word, |value| (0.1..=10.0).contains(&value), "give a number from 0.1 to 10")
}

/// What the units of a network do.
pub fn activation(word: &str) -> Parsed<Activation> {
    Activation::named(word).ok_or_else(|| "give tanh, softplus, silu, sin or relu".into())
}

/// A column and its kind, as in `angle=angle:-180:180`.
pub fn kind(word: &str) -> Parsed<(String, Kind)> {
    let unknown = || {
        "give NAME=continuous, =positive, =whole, =bounded:LOW:HIGH or =angle:LOW:HIGH".to_string()
    };
    let (name, words) = word.rsplit_once('=').ok_or_else(unknown)?;
    let parts: Vec<&str> = words.split(':').collect();
    let ends = || -> Parsed<[f64; 2]> {
        let [low, high] = [1, 2].map(|k| parts[k].parse::<f64>().map_err(|_| unknown()));
        match (low?, high?) {
            (low, high) if low < high && low.is_finite() && high.is_finite() => Ok([low, high]),
            _ => Err("give two finite numbers, the lower one first".into()),
        }
    };
    let kind = match (parts[0], parts.len()) {
        ("continuous", 1) => Kind::Continuous,
        ("positive", 1) => Kind::Positive,
        ("whole", 1) => Kind::Whole,
        ("bounded", 3) => ends().map(|[low, high]| Kind::Bounded { low, high })?,
        ("angle", 3) => ends().map(|[low, high]| Kind::Angle { low, high })?,
        _ => return Err(unknown()),
    };
    Ok((name.into(), kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_mean_what_they_say() {
        assert_eq!(delimiter(r"\t"), Ok(b'\t'));
        assert_eq!(delimiter("\t"), Ok(b'\t'));
        assert_eq!(delimiter(";"), Ok(b';'));
        assert!(["", "ab", "é", "\"", "\n"].iter().all(|word| delimiter(word).is_err()));
        assert_eq!(count::<usize>("3"), Ok(3));
        assert_eq!(
            (count("1e6"), count("2.5e3"), count("1e18")),
            (Ok(1_000_000), Ok(2500), Ok(10u64.pow(18)))
        );
        assert_eq!(count::<u64>("18446744073709551615"), Ok(u64::MAX));
        let wrong = ["0", "-1", "x", "1.5", "1e-3", "1e20", "NaN", "inf", "18446744073709551616"];
        assert!(wrong.iter().all(|word| count::<u64>(word).is_err()));
        assert_eq!((seed("0"), seed("18446744073709551615")), (Ok(0), Ok(u64::MAX)));
        assert!(["-1", "1.5", "", "1e20"].iter().all(|word| seed(word).is_err()));
        assert_eq!(threads("1024"), Ok(1024));
        assert!(["0", "-1", "1025", "two"].iter().all(|word| threads(word).is_err()));
        assert!(["NaN", "inf", ""].iter().all(|word| finite(word).is_err()));
        assert!(model("a.safetensors").is_ok() && model("a.txt").is_err() && model("a").is_err());
        assert!(["0", "0.6", "NaN", "-0.1"].iter().all(|word| share(word).is_err()));
        assert!(["0", "inf", "NaN"].iter().all(|word| positive(word).is_err()));
        assert!(table("a.npz").is_err() && table("a.csv").is_ok() && table("-").is_ok());
        assert!(picture("a.PNG").is_ok() && picture("a.pdf").is_err());
        assert!(picture("a.gif").is_err() && is_film(Path::new("a.GIF")));
        assert!(["a.gif", "a.apng", "a.svg"].iter().all(|word| picture_or_film(word).is_ok()));
        assert!(picture_or_film("gif").is_err());
        assert!(["0", "11", "NaN", "x"].iter().all(|word| scale(word).is_err()));
        let whole = ("a=b".to_string(), Kind::Angle { low: -180.0, high: 180.0 });
        assert_eq!(kind("a=b=angle:-180:180"), Ok(whole));
        for bad in ["x", "x=", "x=round", "x=angle:1", "x=bounded:2:1", "x=bounded:0:inf"] {
            assert!(kind(bad).is_err(), "{bad}");
        }
    }
}
