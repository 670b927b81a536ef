//! What a user types, and what comes of it: the files of `tests/cmd`, run as they stand.

use std::path::PathBuf;

/// The command beside this test, where it was built: with `--features cli`.
fn command() -> Option<PathBuf> {
    let own = std::env::current_exe().expect("a path");
    let folder = own.parent().and_then(|folder| folder.parent()).expect("target/debug/deps");
    Some(folder.join(format!("liouville{}", std::env::consts::EXE_SUFFIX)))
        .filter(|path| path.is_file())
}

#[test]
fn commands_do_what_is_written() {
    let Some(command) = command() else {
        println!("skipped: `cargo build --features cli` builds the command");
        return;
    };
    trycmd::TestCases::new().register_bin("liouville", command).case("cmd/*.md");
}
