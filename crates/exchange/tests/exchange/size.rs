//! The crate stays small: nouns attract everything, and a size is the only defence.

use std::{fs, path::Path};

const LINES_MAX: usize = 1_500;

#[test]
fn the_vocabulary_stays_small() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let lines: usize = fs::read_dir(src)
        .unwrap()
        .map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap().lines().count())
        .sum();
    assert!(lines > 100, "nothing was counted");
    assert!(lines <= LINES_MAX, "{lines} lines: a component's types belong to the component");
}
