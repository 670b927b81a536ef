//! The house: rooms import downward only, files and functions stay small, every file says what it is for.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The floor of every room; a room imports only from lower floors.
const FLOORS: [(&str, u32); 30] = [
    ("simd", 0),
    ("outcome", 0),
    ("real", 1),
    ("error", 1),
    ("columns", 2),
    ("parameters", 2),
    ("files", 2),
    ("heading", 2),
    ("kernels", 3),
    ("description", 3),
    ("table", 3),
    ("save", 4),
    ("ode", 4),
    ("nn", 4),
    ("field", 5),
    ("trace", 6),
    ("flow", 7),
    ("density", 8),
    ("data", 9),
    ("diagnose", 9),
    ("model", 9),
    ("train", 10),
    ("plot", 11),
    ("fit", 11),
    ("infer", 11),
    ("guide", 12),
    ("prelude", 12),
    ("testing", 12),
    ("lib", 13),
    ("cli", 13),
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

/// The files of the crate and those of its laws.
fn all_sources() -> Vec<PathBuf> {
    [sources(&source_folder()), sources(&source_folder().join("../testing/src"))].concat()
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

/// What the files of `src` are to each other: modules by their path, and what each hands on by
/// `pub use`.
///
/// A path such as `super::Name` names the file that the name comes from: the file of a module, or the one
/// out of which `mod.rs` re-exports it; what `mod.rs` defines itself it names as a file like any other.
/// So a file that takes a trait of its own `mod.rs` and is re-exported there has no circle, and has one if
/// `mod.rs` uses it for anything else.
struct House {
    /// Code by module, without comments and tests.
    code: BTreeMap<Vec<String>, String>,
    /// Module and name, and the path behind it.
    exports: BTreeMap<(Vec<String>, String), Vec<String>>,
}

/// One `use`: whether it hands on, and its paths.
struct Use {
    public: bool,
    paths: Vec<String>,
}

impl House {
    fn read() -> Self {
        let mut house = Self { code: BTreeMap::new(), exports: BTreeMap::new() };
        for path in sources(&source_folder()) {
            let (file, _, lines) = read(&path);
            let code =
                lines.iter().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>();
            let mut module: Vec<String> =
                file.trim_end_matches(".rs").split('/').map(str::to_string).collect();
            if module.last().is_some_and(|last| ["mod", "lib"].contains(&last.as_str())) {
                module.pop();
            }
            house.code.insert(module, code.join("\n"));
        }
        for (module, code) in &house.code {
            for path in uses(code).into_iter().filter(|one| one.public).flat_map(|one| one.paths) {
                let (path, name) = named(&path);
                if let Some(from) = house.absolute(module, &path) {
                    house.exports.insert((module.clone(), name), from);
                }
            }
        }
        house
    }

    /// A path from the crate on, if it is one of the crate.
    fn absolute(&self, module: &[String], path: &str) -> Option<Vec<String>> {
        let mut parts: Vec<String> = path.split("::").map(|part| part.trim().to_string()).collect();
        let mut from = module.to_vec();
        match parts[0].as_str() {
            "crate" => from.clear(),
            "self" => {}
            "super" => {
                from.pop();
            }
            child => {
                let below = [module, &[child.to_string()]].concat();
                return self.code.contains_key(&below).then(|| [module, &parts].concat());
            }
        }
        parts.remove(0);
        while parts.first().is_some_and(|part| part == "super") {
            parts.remove(0);
            from.pop();
        }
        Some([from, parts].concat())
    }

    /// The module in which a path ends, behind all re-exports.
    fn home(&self, path: &[String]) -> Vec<String> {
        let longest = (0..=path.len()).rev().find(|k| self.code.contains_key(&path[..*k]));
        let module = &path[..longest.unwrap_or(0)];
        let Some(name) = path.get(module.len()) else { return module.to_vec() };
        match self.exports.get(&(module.to_vec(), name.clone())) {
            Some(behind) if behind.as_slice() != path => self.home(behind),
            _ => module.to_vec(),
        }
    }

    /// The other files of its room that a file names.
    fn neighbours(&self, module: &[String]) -> BTreeSet<Vec<String>> {
        let code = &self.code[module];
        let private = uses(code).into_iter().filter(|one| !one.public).flat_map(|one| one.paths);
        let paths = private.chain(inline_paths(code));
        let homes = paths.filter_map(|path| self.absolute(module, &named(&path).0));
        let homes = homes.map(|path| self.home(&path));
        homes.filter(|home| home.first() == module.first() && home.as_slice() != module).collect()
    }
}

/// A path without its new name, and the name by which it goes.
fn named(path: &str) -> (String, String) {
    let (path, name) = path.split_once(" as ").unwrap_or((path, path));
    let last = name.rsplit("::").next().unwrap_or(name).trim().to_string();
    (path.trim().to_string(), last)
}

/// All `use` declarations of some code, braces resolved.
fn uses(code: &str) -> Vec<Use> {
    let mut found = Vec::new();
    for (start, _) in code.match_indices("use ") {
        let before = code[..start].rsplit('\n').next().unwrap_or("").trim();
        if !(before.is_empty() || before.starts_with("pub")) {
            continue;
        }
        let tree = code[start + 4..].split(';').next().unwrap_or("");
        found.push(Use { public: !before.is_empty(), paths: branches(&tree.replace('\n', " ")) });
    }
    found
}

/// `a::{b, c::{d, e}}` as `a::b`, `a::c::d`, `a::c::e`.
fn branches(tree: &str) -> Vec<String> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else { return vec![tree.to_string()] };
    let (stem, inside) = (&tree[..open], tree[open + 1..].trim_end().trim_end_matches('}'));
    // A closing brace of an inner tree may have been cut off: count them.
    let inside = format!(
        "{inside}{}",
        "}".repeat(inside.matches('{').count() - inside.matches('}').count())
    );
    let (mut parts, mut depth, mut part) = (Vec::new(), 0, String::new());
    for c in inside.chars() {
        match c {
            ',' if depth == 0 => parts.push(std::mem::take(&mut part)),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                part.push(c);
            }
        }
    }
    parts.push(part);
    let parts = parts.into_iter().filter(|part| !part.trim().is_empty());
    parts.flat_map(|part| branches(&format!("{}{}", stem.trim(), part.trim()))).collect()
}

/// Paths from `super` or `crate` in the code itself.
fn inline_paths(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["super::", "crate::"].iter().flat_map(|word| code.match_indices(word)) {
        let rest = &code[start.0..];
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'));
        let path = rest[..end.unwrap_or(rest.len())].trim_end_matches(':');
        let statement = code[..start.0].rsplit([';', '}']).next().unwrap_or("").trim_start();
        // Not a path's second half, not who may see an item, and not an import.
        let ends = ["super::", "(in "].iter().any(|end| code[..start.0].ends_with(end));
        if !ends && !statement.split_whitespace().any(|word| word == "use") {
            found.push(path.to_string());
        }
    }
    found
}

/// The files from which a file can be reached again, with itself: empty without a circle.
fn circle(next: &BTreeMap<Vec<String>, BTreeSet<Vec<String>>>, start: &[String]) -> Vec<String> {
    let reach = |from: &[String]| {
        let (mut seen, mut open) = (BTreeSet::new(), vec![from.to_vec()]);
        while let Some(file) = open.pop() {
            for other in &next[&file] {
                if seen.insert(other.clone()) {
                    open.push(other.clone());
                }
            }
        }
        seen
    };
    let around = reach(start).into_iter().filter(|other| reach(other).contains(start));
    around.map(|file| file.join("/")).collect()
}

#[test]
fn files_of_a_room_form_no_circles() {
    let house = House::read();
    let next: BTreeMap<_, _> =
        house.code.keys().map(|file| (file.clone(), house.neighbours(file))).collect();
    let count: usize = next.values().map(BTreeSet::len).sum();
    assert!(count > 300, "only {count} imports within rooms were found");
    let circles: BTreeSet<String> = next
        .keys()
        .map(|file| circle(&next, file).join(", "))
        .filter(|circle| !circle.is_empty())
        .collect();
    assert!(
        circles.is_empty(),
        "what the files of a circle share belongs into a file of its own:\n{}",
        Vec::from_iter(circles).join("\n")
    );
}

#[test]
fn paths_of_imports_are_read() {
    let found = branches("super::{Base, deep::{One as Other, two}, last}");
    let expected = ["super::Base", "super::deep::One as Other", "super::deep::two", "super::last"];
    assert_eq!(found, expected);
    let code = "use crate::ode::Solver;\npub(super) use a::{b};\n\
                pub(in super::super) fn f(x: super::super::At) -> crate::nn::Out {}\n";
    let all = uses(code);
    assert_eq!((all.len(), all[0].public, all[1].public), (2, false, true));
    assert_eq!(inline_paths(code), ["super::super::At", "crate::nn::Out"]);
}

#[test]
fn every_file_says_in_one_sentence_what_it_is_for() {
    for path in all_sources() {
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
    for path in all_sources() {
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
    assert!(median <= 8 && long <= 25, "functions: median {median}, 90th percentile {long}");
    assert!(quantile(&mut sizes, 0.5) <= 250);
}

#[test]
fn library_code_does_not_panic_on_purpose() {
    for path in all_sources() {
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
    for path in all_sources() {
        let (file, room, lines) = read(&path);
        let allowed = ["simd", "kernels"].contains(&room.as_str()) || file == "columns/block.rs";
        // Methods of nalgebra's are called so, and do nothing of the kind in one lane.
        let word = if file == "field/number/algebra.rs" { "unsafe {" } else { "unsafe " };
        let found = lines.iter().any(|line| line.split("//").next().unwrap_or("").contains(word));
        assert!(allowed || !found, "{file} has unsafe code");
    }
}

/// Functions of the standard library whose last bits are the platform's.
const OF_THE_PLATFORM: [&str; 25] = [
    "exp", "exp2", "exp_m1", "ln", "ln_1p", "log", "log2", "log10", "sin", "cos", "tan", "sin_cos",
    "asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "powf",
    "cbrt", "hypot",
];

/// Numbers are the same to the last bit on every platform: `crate::real::portable` has the functions, and
/// `crate::real::Normal` the normal numbers. Pictures may differ by what nobody sees.
#[test]
fn functions_are_portable() {
    let mut complaints = Vec::new();
    for path in sources(&source_folder()) {
        let (file, room, lines) = read(&path);
        let tests = ["tests.rs", "agreement.rs"].iter().any(|name| file.ends_with(name));
        if tests || ["plot", "cli"].contains(&room.as_str()) || file.starts_with("real/") {
            continue;
        }
        for (number, line) in lines.iter().enumerate() {
            let code = line.split("//").next().unwrap_or("");
            let called = |name: &&str| {
                code.contains(&format!(".{name}(")) || code.contains(&format!("f64::{name}"))
            };
            for name in OF_THE_PLATFORM.iter().filter(|name| called(name)) {
                complaints.push(format!("{file}:{}: {name}", number + 1));
            }
            for other in ["rand_distr::", ".svd(", ".singular_values()"] {
                if code.contains(other) {
                    complaints.push(format!("{file}:{}: {other}", number + 1));
                }
            }
        }
    }
    assert!(
        complaints.is_empty(),
        "take these from crate::real::portable, crate::real::Normal, crate::diagnose::singular_values \
         or crate::kernels::matrix_product:\n{}",
        complaints.join("\n")
    );
}
