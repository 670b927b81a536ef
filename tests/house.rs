//! The house: rooms import downward only, files and functions stay small, every file says what it is for.

use std::fs;
use std::path::{Path, PathBuf};

/// The floor of every room; a room imports only from lower floors.
const FLOORS: [(&str, u32); 20] = [
    ("simd", 0),
    ("outcome", 0),
    ("real", 1),
    ("error", 1),
    ("columns", 2),
    ("parameters", 2),
    ("kernels", 3),
    ("ode", 4),
    ("nn", 4),
    ("field", 5),
    ("trace", 6),
    ("flow", 7),
    ("density", 8),
    ("data", 9),
    ("diagnose", 9),
    ("train", 10),
    ("plot", 10),
    ("prelude", 11),
    ("testing", 11),
    ("lib", 12),
];

fn floor(room: &str) -> u32 {
    let found = FLOORS.iter().find(|(name, _)| *name == room);
    found.unwrap_or_else(|| panic!("the room {room} has no floor: add it to the table")).1
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

fn source_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../src")
}

/// The path below `src`, its room, and the lines before the tests.
fn read(path: &Path) -> (String, String, Vec<String>) {
    let below = path.strip_prefix(source_folder()).expect("below src").display().to_string();
    let room = below.split('/').next().expect("a name").trim_end_matches(".rs").to_string();
    let text = fs::read_to_string(path).expect("readable");
    let lines = text.lines().take_while(|line| *line != "#[cfg(test)]").map(str::to_string);
    (below, room, lines.collect())
}

/// The rooms that a line of code names: `crate::room::...`.
fn imports(line: &str) -> Vec<String> {
    let code = line.split("//").next().unwrap_or("");
    let rooms = code.split("crate::").skip(1);
    rooms
        .map(|rest| {
            rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
        })
        .filter(|room| !room.is_empty())
        .collect()
}

#[test]
fn rooms_import_lower_floors_only() {
    let mut complaints = Vec::new();
    for path in sources(&source_folder()) {
        let (file, room, lines) = read(&path);
        for (number, line) in lines.iter().enumerate() {
            let downward = |other: &String| *other == room || floor(other) < floor(&room);
            for other in imports(line).into_iter().filter(|other| !downward(other)) {
                complaints.push(format!(
                    "{file}:{} imports {other} (floor {}) from floor {}",
                    number + 1,
                    floor(&other),
                    floor(&room)
                ));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

#[test]
fn every_file_says_in_one_sentence_what_it_is_for() {
    for path in sources(&source_folder()) {
        let (file, _, lines) = read(&path);
        let header = lines.first().map_or("", String::as_str);
        assert!(header.starts_with("//! ") && header.len() > 20, "{file} has no header");
    }
}

/// The lengths of all functions in a file, by their braces' indentation (the code is formatted).
fn functions(lines: &[String]) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let words: Vec<&str> = line.split_whitespace().take(6).collect();
        let is_function = words.contains(&"fn") && !line.trim_start().starts_with("//");
        if !is_function || line.trim_end().ends_with(';') {
            continue;
        }
        let closing = format!("{}}}", " ".repeat(indent));
        let opening = format!("{})", " ".repeat(indent));
        let declaration_only = |line: &String| line.starts_with(&opening) && !line.ends_with('{');
        let end = lines[start..].iter().position(|line| *line == closing || declaration_only(line));
        let same_line = line.trim_end().ends_with('}');
        found.push((start + 1, if same_line { 1 } else { end.map_or(1, |end| end + 1) }));
    }
    found
}

fn quantile(values: &mut [usize], share: f64) -> usize {
    values.sort_unstable();
    values[((values.len() - 1) as f64 * share) as usize]
}

#[test]
fn files_and_functions_are_small() {
    let (mut sizes, mut lengths) = (Vec::new(), Vec::new());
    for path in sources(&source_folder()) {
        let (file, _, lines) = read(&path);
        assert!(lines.len() <= 450, "{file} has {} lines", lines.len());
        sizes.push(lines.len());
        for (line, length) in functions(&lines) {
            assert!(length <= 80, "{file}:{line}: a function of {length} lines");
            lengths.push(length);
        }
    }
    assert!(lengths.len() > 300, "only {} functions were found", lengths.len());
    let (median, long) = (quantile(&mut lengths, 0.5), quantile(&mut lengths, 0.9));
    println!(
        "functions: median {median}, 90th percentile {long}; files: median {}",
        quantile(&mut sizes, 0.5)
    );
    assert!(median <= 10 && long <= 32, "functions: median {median}, 90th percentile {long}");
    assert!(quantile(&mut sizes, 0.5) <= 250);
}

#[test]
fn library_code_does_not_panic_on_purpose() {
    for path in sources(&source_folder()) {
        let (file, _, lines) = read(&path);
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            for word in [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "dbg!("] {
                assert!(!code.contains(word), "{file}:{} says {word}", number + 1);
            }
        }
    }
}

#[test]
fn unsafe_code_stays_in_the_kernels() {
    for path in sources(&source_folder()) {
        let (file, room, lines) = read(&path);
        let allowed = ["simd", "kernels"].contains(&room.as_str()) || file == "columns/block.rs";
        let found =
            lines.iter().any(|line| line.split("//").next().unwrap_or("").contains("unsafe "));
        assert!(allowed || !found, "{file} has unsafe code");
    }
}
