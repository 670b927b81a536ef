//! A fit that is killed goes on where it stood, and ends with the same bytes.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::{Folder, built};

/// Six contests with two flows each, of which a process takes some: y given x on one of two moons is far from a
/// Gaussian, so that flows stay to the end.
const FIT: &str = "fit few.csv --context x --flow continuous --steps 40 --members 2 --no-picture --json \
    --checkpoint-minutes 5e-4 --threads 1 --seed 5";

/// The first rows of a table, which are enough where only the way matters.
fn few(folder: &Folder) {
    let all = String::from_utf8(folder.bytes("moons.csv")).expect("text");
    let few: Vec<&str> = all.lines().take(81).collect();
    std::fs::write(folder.0.join("few.csv"), few.join("\n")).expect("written");
    std::fs::remove_file(folder.0.join("moons.csv")).expect("removed");
}

/// How well each candidate did, to the last digit: the flows, too, whichever was taken.
fn candidates(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let from = text.find("\"candidates\"").expect("figures");
    text[from..from + text[from..].find(']').expect("a list")].to_string()
}

#[test]
fn a_killed_fit_goes_on_and_gives_the_same_bytes() {
    let Some(command) = built() else { return };
    let folder = Folder::new("killed");
    few(&folder);
    let seed = rand::random();
    println!("seed {seed}");
    let mut rng = StdRng::seed_from_u64(seed);
    let start = Instant::now();
    let whole = folder.command(&command, &format!("{FIT} -o whole.safetensors")).output();
    let (whole, usual) = (whole.expect("ran"), start.elapsed());
    assert!(whole.status.success(), "{}", String::from_utf8_lossy(&whole.stderr));
    assert_eq!(folder.names(), ["few.csv", "whole.safetensors"]);
    let words = format!("{FIT} -o parts.safetensors --resume");
    let mut parts = Vec::new();
    for _ in 0..8 {
        let process = folder.command(&command, &words).stdout(Stdio::null()).spawn();
        let mut process = process.expect("ran");
        std::thread::sleep(usual.mul_f64(rng.random_range(0.01..0.6)));
        process.kill().expect("killed");
        if process.wait().expect("over").success() {
            std::fs::remove_file(folder.0.join("parts.safetensors")).expect("removed");
            continue;
        }
        assert!(!folder.0.join("parts.safetensors").exists());
        let checkpoints = folder.0.join("parts.safetensors.checkpoints");
        parts.push(std::fs::read_dir(checkpoints).map_or(0, Iterator::count).saturating_sub(1));
    }
    println!("killed in the contests {parts:?} of 6");
    let last = folder.command(&command, &words).output().expect("ran");
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    assert_eq!(folder.names(), ["few.csv", "parts.safetensors", "whole.safetensors"]);
    assert!(folder.bytes("parts.safetensors") == folder.bytes("whole.safetensors"));
    let scores = candidates(&whole.stdout);
    assert!(scores.contains("flow"), "{scores}");
    assert_eq!(candidates(&last.stdout), scores);
}

#[test]
fn checkpoints_of_another_fit_are_refused_by_what_differs() {
    let Some(command) = built() else { return };
    let folder = Folder::new("other");
    few(&folder);
    let output = "-o m.safetensors";
    let mut process = folder
        .command(&command, &format!("{FIT} {output}"))
        .stdout(Stdio::null())
        .spawn()
        .expect("ran");
    let checkpoints = folder.0.join("m.safetensors.checkpoints").join("part-1");
    while !checkpoints.exists() && process.try_wait().expect("a state").is_none() {
        std::thread::sleep(Duration::from_millis(1));
    }
    process.kill().expect("killed");
    process.wait().expect("over");
    let refused = |words: &str| {
        let found = folder.command(&command, &format!("{words} {output} --resume")).output();
        let found = found.expect("ran");
        assert_eq!(found.status.code(), Some(1), "{words}");
        String::from_utf8_lossy(&found.stderr).into_owned()
    };
    let seed = refused(&FIT.replace("--seed 5", "--seed 6"));
    assert!(seed.contains("the seed there is 5, and here it is 6"), "{seed}");
    assert!(seed.contains("begin anew without --resume"), "{seed}");
    let steps = refused(&FIT.replace("--steps 40", "--steps 70"));
    assert!(steps.contains("number of steps there is 40, and here it is 70"), "{steps}");
    let contexts = refused(&FIT.replace("--context x ", ""));
    assert!(
        contexts.contains("the choice of contexts there is x, and here it is none"),
        "{contexts}"
    );
    let mut text = String::from_utf8(folder.bytes("few.csv")).expect("text");
    text = text.replacen("1.", "2.", 1);
    std::fs::write(folder.0.join("few.csv"), text).expect("written");
    assert!(refused(FIT).contains("the table there is 80 rows of x, y"));
    // Without --resume it begins anew.
    let anew = folder.command(&command, &format!("{FIT} {output}")).output().expect("ran");
    assert!(anew.status.success(), "{}", String::from_utf8_lossy(&anew.stderr));
    assert_eq!(folder.names(), ["few.csv", "m.safetensors"]);
}

#[test]
#[cfg(unix)]
fn a_fit_that_was_asked_to_end_gives_a_model_and_goes_on_later() {
    let Some(command) = built() else { return };
    let folder = Folder::new("asked");
    few(&folder);
    let words = format!("{FIT} -o m.safetensors --resume");
    let start = Instant::now();
    let whole = folder.command(&command, &words).output().expect("ran");
    let usual = start.elapsed();
    let bytes = folder.bytes("m.safetensors");
    assert_eq!(folder.names(), ["few.csv", "m.safetensors"]);
    std::fs::remove_file(folder.0.join("m.safetensors")).expect("removed");
    let mut asked = folder.command(&command, &words);
    let process = asked.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("ran");
    std::thread::sleep(usual.mul_f64(0.3));
    let id = process.id().to_string();
    let sent = std::process::Command::new("kill").args(["-INT", &id]).status().expect("ran");
    assert!(sent.success());
    let ended = process.wait_with_output().expect("over");
    assert!(ended.status.success());
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(said.contains("\"interrupted\":true"), "{said}");
    let names = ["few.csv", "m.safetensors", "m.safetensors.checkpoints"];
    assert_eq!(folder.names(), names);
    let last = folder.command(&command, &words).output().expect("ran");
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    assert_eq!(folder.names(), ["few.csv", "m.safetensors"]);
    assert!(folder.bytes("m.safetensors") == bytes);
    assert_eq!(candidates(&last.stdout), candidates(&whole.stdout));
}
