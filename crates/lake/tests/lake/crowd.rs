//! Which small files become one: few are left of any day, and a row is seldom written.

use lake::crowd::{FAN_IN, FILE_BYTES_MAX, Weight, crowd, remainder};
use proptest::prelude::*;

/// A day of commits, merged after each; what is left, and how often rows were written.
fn day(commits: &[Weight]) -> (Vec<Weight>, u64) {
    let (mut files, mut rows_written) = (Vec::new(), 0);
    for commit in commits {
        files.push(*commit);
        rows_written += commit.rows;
        loop {
            let places = crowd(&files);
            if places.is_empty() {
                break;
            }
            let merged = places.iter().map(|place| files[*place]).fold(
                Weight { rows: 0, bytes: 0 },
                |sum, file| Weight { rows: sum.rows + file.rows, bytes: sum.bytes + file.bytes },
            );
            rows_written += merged.rows;
            let mut place = 0;
            files.retain(|_| {
                place += 1;
                !places.contains(&(place - 1))
            });
            files.push(merged);
        }
    }
    (files, rows_written)
}

proptest! {
    #[test]
    fn few_files_are_left_and_a_row_is_written_once_for_each_size(
        commits in prop::collection::vec((0_u64..2_000, 1_u64..200), 1..2_000),
    ) {
        let weight = |(rows, each)| Weight { rows, bytes: rows * each };
        let commits: Vec<Weight> = commits.into_iter().map(weight).collect();
        let (files, written) = day(&commits);
        let rows: u64 = commits.iter().map(|file| file.rows).sum();
        prop_assert_eq!(files.iter().map(|file| file.rows).sum::<u64>(), rows);
        let sizes = u64::from(rows.max(1).ilog(FAN_IN as u64)) + 1;
        let small = files.iter().filter(|file| file.is_small()).count() as u64;
        prop_assert!(small <= sizes * (FAN_IN as u64 - 1), "{small} of {sizes} sizes");
        prop_assert!(written <= rows * (sizes + 1), "{written} for {rows} in {sizes} sizes");
        prop_assert!(remainder(&files).len() != 1);
    }
}

#[test]
fn a_file_that_is_half_full_is_left_alone() {
    let full = Weight { rows: 1_000, bytes: FILE_BYTES_MAX / 2 };
    assert!(crowd(&[full; 100]).is_empty() && remainder(&[full; 100]).is_empty());
    let small = Weight { bytes: full.bytes - 1, ..full };
    assert_eq!(crowd(&[[full; 16], [small; 16]].concat()), (16..32).collect::<Vec<_>>());
    assert_eq!(remainder(&[full, small, small]), [1, 2]);
}
