//! A command that is ended in the middle leaves nothing of what it was writing.

use std::time::{Duration, Instant};

use crate::{Folder, built};

/// Runs until it has written for a while, ends it by this signal, and says what is in the folder before and after.
fn ended(folder: &Folder, words: &str, signal: &str) -> [Vec<String>; 2] {
    let command = built().expect("asked before");
    let mut process = folder.command(&command, words).spawn().expect("ran");
    std::thread::sleep(Duration::from_millis(400));
    assert!(process.try_wait().expect("a state").is_none(), "over too soon");
    let during = folder.names();
    let id = process.id().to_string();
    let sent = std::process::Command::new("kill").args([signal, &id]).status();
    assert!(sent.expect("ran").success());
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = process.try_wait().expect("a status") {
            break status;
        }
        if begun.elapsed() >= Duration::from_secs(20) {
            process.kill().expect("killed");
            process.wait().expect("over");
            panic!("{signal} does not end the command: is it ignored here?");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(!status.success());
    [during, folder.names()]
}

#[test]
#[cfg(target_os = "linux")]
fn what_was_begun_is_gone_whatever_the_signal() {
    let Some(command) = built() else { return };
    let folder = Folder::new("unfinished");
    let fit = "fit moons.csv -o m.safetensors --flow none --no-picture --quiet";
    let made = folder.command(&command, fit).output().expect("ran");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let own = ["m.safetensors", "moons.csv"];
    for signal in ["-INT", "-TERM", "-HUP", "-KILL"] {
        let sample = "sample m.safetensors -n 1000000000 -o drawn.csv";
        let [during, after] = ended(&folder, sample, signal);
        if during.len() > own.len() {
            println!("skipped: the disk of {} knows no files without a name", folder.0.display());
            return;
        }
        assert_eq!(after, own, "{signal}");
    }
    // What was there before stays.
    std::fs::write(folder.0.join("drawn.csv"), "x,y\n1,2\n").expect("written");
    ended(&folder, "sample m.safetensors -n 1000000000 -o drawn.csv", "-INT");
    assert_eq!(folder.bytes("drawn.csv"), b"x,y\n1,2\n");
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let Some(command) = built() else { return };
    let folder = Folder::new("head");
    let words = "datasets rings -n 2000000 --json";
    let mut process =
        folder.command(&command, words).stdout(std::process::Stdio::piped()).spawn().expect("ran");
    let mut lines = [0; 64];
    let mut out = process.stdout.take().expect("piped");
    std::io::Read::read_exact(&mut out, &mut lines).expect("begins");
    drop(out);
    assert!(process.wait().expect("over").success());
    assert!(lines.starts_with(b"{\"x\":"), "{}", String::from_utf8_lossy(&lines));
}
