//! Examples speak through the crate: one that names another crate itself gets whatever version of it its reader has.

use std::fs;
use std::path::{Path, PathBuf};

/// The crates in whose types the interface speaks.
const SPOKEN: [&str; 5] = ["nalgebra", "rand", "rand_distr", "num_dual", "proptest"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let files = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    files
        .filter(|path| path.extension().is_some_and(|ending| ending == "rs" || ending == "md"))
        .collect()
}

/// The lines of the examples in a file, with their numbers: those between fences, or all.
fn examples(path: &Path, all: bool) -> Vec<(usize, String)> {
    let text = fs::read_to_string(path).expect("readable");
    let mut inside = false;
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let comment = ["//!", "///"].iter().find_map(|mark| line.trim_start().strip_prefix(mark));
        let code = if path.extension().is_some_and(|ending| ending == "md") {
            Some(line)
        } else {
            comment
        };
        let fence = code.is_some_and(|code| code.trim_start().starts_with("```"));
        inside = (inside != fence) && (code.is_some() || fence);
        if all || inside && !fence {
            found.push((number + 1, code.filter(|_| !all).unwrap_or(line).to_string()));
        }
    }
    found
}

/// Whether a line reaches into a crate by its own name.
fn reaches_past(line: &str, name: &str) -> bool {
    let path = format!("{name}::");
    line.match_indices(&path).map(|(start, _)| &line[..start]).any(|before| {
        let joined = before.chars().next_back().is_some_and(|c| c.is_alphanumeric() || c == '_');
        !joined && !before.ends_with("liouville::") && !before.ends_with("liouville_testing::")
    })
}

#[test]
fn examples_speak_through_the_crate() {
    let mut files: Vec<(PathBuf, bool)> = Vec::new();
    for (folder, all) in
        [("src", false), ("testing/src", false), ("examples", true), ("testing/examples", true)]
    {
        let sources = sources(&root().join(folder)).into_iter();
        files.extend(
            sources
                .filter(|path| path.extension().is_some_and(|e| e == "rs" || e == "md"))
                .map(|path| (path, all)),
        );
    }
    files.push((root().join("README.md"), false));
    let (mut seen, mut complaints) = (0, Vec::new());
    for (path, all) in files {
        for (number, line) in examples(&path, all) {
            seen += 1;
            for name in SPOKEN.into_iter().filter(|name| reaches_past(&line, name)) {
                complaints.push(format!("{}:{number} names {name}: {line}", path.display()));
            }
        }
    }
    assert!(seen > 500, "only {seen} lines of examples were found");
    assert!(complaints.is_empty(), "use liouville::...:\n{}", complaints.join("\n"));
}
