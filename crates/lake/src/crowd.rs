//! Which small files become one, as a pure decision.
//!
//! A table that is written every second gets a file every second, and whoever opens it weighs every
//! file. So files are merged as they come, in sizes: [`FAN_IN`] of one size become one of the next,
//! and a row is written once more for each size that its file grows through. So many files of each
//! size, and no more, are left of a day of any length: the log-structured merge tree's bargain
//! (O'Neil et al., 1996).

/// A file that has grown so large is closed and the next one begun.
pub const FILE_BYTES_MAX: u64 = 128 * 1024 * 1024;

/// So many files of one size become one, which is of the next size: that has so many times the rows.
pub const FAN_IN: usize = 16;

/// What counts of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// Its rows.
    pub rows: u64,
    /// Its size in the storage.
    pub bytes: u64,
}

impl Weight {
    /// Whether a file is far from full.
    #[must_use]
    pub fn is_small(self) -> bool {
        self.bytes < FILE_BYTES_MAX / 2
    }

    fn size(self) -> u32 {
        self.rows.max(1).ilog(FAN_IN as u64)
    }
}

/// Of the files of a day, those of the smallest size of which there are enough: their places.
#[must_use]
pub fn crowd(day: &[Weight]) -> Vec<usize> {
    let small = || day.iter().enumerate().filter(|(_, file)| file.is_small());
    let of_size = |size: u32| -> Vec<usize> {
        small().filter(|(_, file)| file.size() == size).map(|(place, _)| place).collect()
    };
    let sizes = 0..=u64::MAX.ilog(FAN_IN as u64);
    sizes.map(of_size).find(|places| places.len() >= FAN_IN).unwrap_or_default()
}

/// Of the files of a day that is over, those that are far from full, if there are several.
#[must_use]
pub fn remainder(day: &[Weight]) -> Vec<usize> {
    let small = day.iter().enumerate().filter(|(_, file)| file.is_small());
    let places: Vec<usize> = small.map(|(place, _)| place).collect();
    if places.len() > 1 { places } else { Vec::new() }
}
