//! What a user types, and what comes of it.

mod killed;
mod odd_names;
mod unfinished;

use std::path::{Path, PathBuf};
use std::process::Command;

/// The command beside this test, where it was built: with `--features cli`.
fn built() -> Option<PathBuf> {
    let own = std::env::current_exe().expect("a path");
    let folder = own.parent().and_then(|folder| folder.parent()).expect("target/debug/deps");
    let found = Some(folder.join(format!("liouville{}", std::env::consts::EXE_SUFFIX)))
        .filter(|path| path.is_file());
    if found.is_none() {
        println!("skipped: `cargo build --features cli` builds the command");
    }
    found
}

/// A folder of its own with the table of the other tests, which goes with it.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("liouville-{}-{name}", std::process::id()));
        std::fs::remove_dir_all(&folder).ok();
        std::fs::create_dir_all(&folder).expect("a folder");
        let table = Path::new(env!("CARGO_MANIFEST_DIR")).join("cmd/known.in/moons.csv");
        std::fs::copy(table, folder.join("moons.csv")).expect("copied");
        Self(folder)
    }

    /// The command with these words, in the folder.
    fn command(&self, program: &Path, words: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(&self.0).args(words.split_whitespace());
        command
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).expect("a folder");
        let name = |entry: std::io::Result<std::fs::DirEntry>| entry.expect("one").file_name();
        let mut names: Vec<String> =
            entries.map(|entry| name(entry).to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.0.join(name)).expect("a file")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

#[test]
fn commands_do_what_is_written() {
    let Some(command) = built() else { return };
    trycmd::TestCases::new().register_bin("liouville", command).case("cmd/*.md");
}
