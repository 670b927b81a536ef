//! Names of columns that would break a report stay on their line in words, and are exact in JSON.

use crate::{Folder, built};

const NAME: &str = "new\\nline, \\\"quoted\\\"\\ttab";

#[test]
fn names_stay_on_their_line_and_are_exact_in_json() {
    let Some(command) = built() else { return };
    let folder = Folder::new("names");
    let table = String::from_utf8(folder.bytes("moons.csv")).expect("text");
    let rows: Vec<&str> = table.lines().skip(1).collect();
    let long = "L".repeat(5000);
    let text = format!("\"new\nline, \"\"quoted\"\"\ttab\",{long}\n{}\n", rows.join("\n"));
    std::fs::write(folder.0.join("odd.csv"), text).expect("written");
    let said = |words: &str| {
        let output = folder.command(&command, words).output().expect("ran");
        assert!(output.status.success(), "{words}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    let fitted = said("fit odd.csv -o odd.safetensors --flow none --no-picture --quiet");
    for words in [&fitted, &said("check odd.safetensors odd.csv"), &said("info odd.safetensors")] {
        assert!(words.contains("new\\nline, \"quoted\"\\ttab"), "{words}");
        assert!(words.lines().all(|line| line.chars().count() < 400 && !line.contains('\t')));
        assert!(!words.contains("\nline"), "{words}");
    }
    let info = said("info odd.safetensors --json");
    assert!(info.contains(NAME) && info.contains(&long), "{info}");
    let checked = said("check odd.safetensors odd.csv --json");
    assert!(checked.contains(&format!("\"name\":\"{NAME}\"")), "{checked}");
    let drawn = said("sample odd.safetensors -n 2");
    assert!(drawn.starts_with("\"new\nline, \"\"quoted\"\"\ttab\",LLL"), "{drawn}");
}

#[test]
fn nothing_stands_on_the_standard_output_before_an_error() {
    let Some(command) = built() else { return };
    let folder = Folder::new("early");
    let fit = "fit moons.csv -o m.safetensors --flow none --no-picture --quiet";
    assert!(folder.command(&command, fit).status().expect("ran").success());
    std::fs::write(folder.0.join("bad.csv"), "x,y\n1,2\n1,two\n").expect("written");
    for words in ["log-prob m.safetensors bad.csv", "check m.safetensors bad.csv --json"] {
        let output = folder.command(&command, words).output().expect("ran");
        assert_eq!(output.status.code(), Some(1), "{words}");
        assert!(output.stdout.is_empty(), "{}", String::from_utf8_lossy(&output.stdout));
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("line 3, column \"y\""), "{said}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_a_failure() {
    let Some(command) = built() else { return };
    let folder = Folder::new("full");
    let full = std::fs::File::options().write(true).open("/dev/full").expect("a device");
    let mut sample = folder.command(&command, "datasets rings -n 100000");
    let output = sample.stdout(full).output().expect("ran");
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("No space left on device"), "{said}");
}
