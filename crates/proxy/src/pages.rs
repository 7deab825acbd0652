//! What the memory of a process that serves is made of.

/// Takes memory of this process from the system in small pages alone, from now on.
///
/// The allocator asks for pages of two megabytes, and the system gives one for each byte of them that is
/// used, now or later: connections that come and go leave a little in many, so that what is resident grows
/// for hours around a heap of two megabytes that does not. Small pages cost the live path no CPU that can be
/// measured (`benches/README.md`), and an idle stream then takes three fifths. Where the system has no such
/// pages, or does not let go of them, nothing changes but memory.
pub fn small_pages() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::disable_transparent_huge_pages(true) {
        tracing::debug!(%error, "memory is taken in huge pages");
    }
}
