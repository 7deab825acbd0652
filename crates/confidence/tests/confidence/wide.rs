//! The crate against the reference implementation over wide random inputs, in every mode.

use crate::vectors::check_all;
use std::{io::ErrorKind, process::Command};

/// Cases of one run of the generator; there are as many runs as seeds.
const CASES: usize = 950;
const SEEDS: [u64; 4] = [11, 12, 13, 14];

#[test]
fn vectors_generated_before_hold() {
    assert_eq!(check_all(include_str!("wide.json")), 190);
}

#[test]
fn vectors_generated_now_hold() {
    for seed in SEEDS {
        // Where there is no Python, the vectors generated before have to do.
        let Some(vectors) = generate(seed) else { return };
        assert_eq!(check_all(&vectors), CASES);
    }
}

fn generate(seed: u64) -> Option<String> {
    let here = env!("CARGO_MANIFEST_DIR");
    let arguments = [
        format!("{here}/tests/confidence/reference/generate.py"),
        format!("{here}/../report/tests/report/reference"),
        seed.to_string(),
        CASES.to_string(),
    ];
    match Command::new("python3").arg("-B").args(arguments).output() {
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "the generator failed: {complaint}");
            Some(String::from_utf8(output.stdout).unwrap())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => panic!("cannot run python3: {error}"),
    }
}
