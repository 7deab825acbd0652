//! The figures, side by side.

use crate::load::Figures;

const RESAMPLES: usize = 10_000;

pub(crate) fn print(
    on: &[Figures],
    off: &[Figures],
    direct: &Figures,
    others: &[(String, Figures)],
) {
    println!("{:<32} {:>9} {:>12} {:>9} {:>9}", "", "requests", "CPU us each", "p50 us", "p99 us");
    row("direct", direct);
    row("mirror off", &together(off));
    row("mirror on", &together(on));
    for (name, figures) in others {
        row(name, figures);
    }
    println!("\non / off, geometric mean over {} rounds, and the upper bound of 95 %:", on.len());
    ratio("CPU per request", "target: mean at most 1.15", (on, off), Figures::cpu_us);
    ratio("p99", "target: bound at most 1.05", (on, off), |figures| figures.quantile(0.99));
    ratio("p99, usual turn", "the same", (on, off), Figures::usual_p99);
}

fn ratio(name: &str, target: &str, (on, off): (&[Figures], &[Figures]), of: fn(&Figures) -> f64) {
    let by_round: Vec<f64> = on.iter().zip(off).map(|(on, off)| of(on) / of(off)).collect();
    let (mean, bound) = (mean(&by_round), upper_bound(&by_round));
    let rounds: Vec<_> = by_round.iter().map(|ratio| format!("{ratio:.2}")).collect();
    println!("{name:<16} {mean:.3}  (bound {bound:.3})  {target};  {}", rounds.join(" "));
}

fn row(name: &str, figures: &Figures) {
    let cpu = if figures.cpu_nanos == 0 { "-".into() } else { format!("{:.2}", figures.cpu_us()) };
    let (p50, p99) = (figures.quantile(0.5), figures.quantile(0.99));
    println!("{name:<32} {:>9} {cpu:>12} {p50:>9.0} {p99:>9.0}", figures.latency_us.len());
}

fn together(rounds: &[Figures]) -> Figures {
    let mut all = Figures::default();
    rounds.iter().for_each(|figures| all.add(figures.clone()));
    all
}

fn mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// The 95th percentile of the mean over rounds drawn with replacement.
fn upper_bound(ratios: &[f64]) -> f64 {
    let mut state = 0x5eed_u64;
    let mut draw = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ratios[(state >> 33) as usize % ratios.len()]
    };
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| mean(&(0..ratios.len()).map(|_| draw()).collect::<Vec<_>>()))
        .collect();
    means.sort_by(f64::total_cmp);
    means[RESAMPLES * 95 / 100]
}
