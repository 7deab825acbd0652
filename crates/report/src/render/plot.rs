//! Plots as inline SVG: the interval of each cell against its bar, now and day by day. Shapes only;
//! every number in them stands beside them as text.

use crate::{CellReport, DayQuality};
use confidence::Evidence;
use maud::{Markup, html};

const WIDTH: f64 = 320.0;
const HEIGHT: f64 = 26.0;
const DAYS_HEIGHT: f64 = 96.0;
const EDGE: f64 = 6.0;
/// An interval of fewer conversations is wide, and runs out of the plot instead of flattening it.
const UNITS_SHOWN_MIN: u64 = 20;

/// The part of the quality axis that a cell's plots show.
#[derive(Clone, Copy)]
struct Axis {
    from: f64,
    to: f64,
}

impl Axis {
    /// Wide enough for everything that is drawn, and always for the bar with room around it.
    fn of(cell: &CellReport) -> Self {
        let evidence = &cell.evidence;
        let bar = 1.0 - evidence.tau;
        let bounds = [evidence.quality_lower, evidence.quality_upper, evidence.quality];
        let days = cell.quality_by_day.iter().map(|day| day.quality);
        let so_far = cell.quality_by_day.iter().filter(|day| day.so_far.units >= UNITS_SHOWN_MIN);
        let so_far = so_far.flat_map(|day| [day.so_far.quality_lower, day.so_far.quality_upper]);
        let values = bounds.into_iter().flatten().chain(days).chain(so_far);
        let reference = evidence.mode.is_paired().then_some(1.0);
        let values = values.chain([bar - 0.05, bar + 0.05]).chain(reference);
        let (from, to) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(from, to), value| {
            (from.min(value), to.max(value))
        });
        Self { from, to }
    }

    fn along(self, value: f64, length: f64) -> f64 {
        let share = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        EDGE + share * (length - 2.0 * EDGE)
    }

    fn x(self, value: f64) -> String {
        format!("{:.1}", self.along(value, WIDTH))
    }

    fn y(self, value: f64) -> String {
        format!("{:.1}", DAYS_HEIGHT - self.along(value, DAYS_HEIGHT))
    }
}

/// The interval of the cell's quality against its bar.
pub(super) fn interval(cell: &CellReport) -> Markup {
    let axis = Axis::of(cell);
    let evidence = &cell.evidence;
    let bar = axis.x(1.0 - evidence.tau);
    let view = format!("0 0 {WIDTH} {HEIGHT}");
    html! {
        svg class="interval" viewBox=(view) role="img" aria-label=(label(evidence)) {
            line class="axis" x1=(EDGE) x2=(WIDTH - EDGE) y1="13" y2="13" {}
            @if let (Some(lower), Some(upper)) = (evidence.quality_lower, evidence.quality_upper) {
                line class="range" x1=(axis.x(lower)) x2=(axis.x(upper)) y1="13" y2="13" {}
            }
            @if let Some(quality) = evidence.quality {
                circle class="mean" cx=(axis.x(quality)) cy="13" r="4.5" {}
            }
            line class="bar" x1=(bar) x2=(bar) y1="2" y2="24" {}
        }
    }
}

fn label(evidence: &Evidence) -> String {
    let quality = super::words::quality(evidence);
    format!("quality {quality} against the bar {}", super::words::bar(evidence))
}

/// Day by day: the interval of all conversations so far against the bar and, in paired modes, the
/// reference; and the mean of each day's own, whose dot is the larger the more of them there are.
pub(super) fn days(cell: &CellReport) -> Markup {
    let axis = Axis::of(cell);
    let time = Time::of(&cell.quality_by_day);
    let days = &cell.quality_by_day;
    let most = days.iter().map(|day| day.units).max().unwrap_or(1) as f64;
    let point = |day: &DayQuality, quality: f64| format!("{},{}", time.x(day), axis.y(quality));
    let lower = days.iter().map(|day| point(day, day.so_far.quality_lower));
    let upper = days.iter().rev().map(|day| point(day, day.so_far.quality_upper));
    let band = lower.chain(upper).collect::<Vec<_>>().join(" ");
    let so_far = days.iter().filter_map(|day| Some(point(day, day.so_far.quality?)));
    let so_far = so_far.collect::<Vec<_>>().join(" ");
    html! {
        svg class="days" viewBox=(format!("0 0 {WIDTH} {DAYS_HEIGHT}")) role="img"
            aria-label=(days_label(cell)) {
            polygon class="band" points=(band) {}
            @if cell.evidence.mode.is_paired() { (level("reference", axis.y(1.0))) }
            (level("bar", axis.y(1.0 - cell.evidence.tau)))
            polyline class="trend" points=(so_far) {}
            @for day in days {
                circle class="day" cx=(time.x(day)) cy=(axis.y(day.quality))
                    r=(format!("{:.1}", 1.5 + 2.5 * (day.units as f64 / most).sqrt())) {
                    title { (day.day) ": " (format!("{:.3}", day.quality)) " in " (day.units) " conversations" }
                }
            }
        }
    }
}

/// Where a day stands between the first and the last.
struct Time {
    first: i32,
    span: f64,
}

impl Time {
    fn of(days: &[DayQuality]) -> Self {
        let first = days.first().map_or(0, |day| day.day.0);
        let last = days.last().map_or(0, |day| day.day.0);
        Self { first, span: f64::from(last - first).max(1.0) }
    }

    fn x(&self, day: &DayQuality) -> String {
        let share = f64::from(day.day.0 - self.first) / self.span;
        format!("{:.1}", EDGE + share * (WIDTH - 2.0 * EDGE))
    }
}

fn level(class: &str, y: String) -> Markup {
    html! { line class=(class) x1=(EDGE) x2=(WIDTH - EDGE) y1=(y) y2=(y) {} }
}

/// What the plot shows, for whoever does not see it.
fn days_label(cell: &CellReport) -> String {
    let evidence = &cell.evidence;
    let floor =
        super::words::noise_floor(evidence).map_or_else(String::new, |it| format!("; {it}"));
    let days = cell.quality_by_day.len();
    let bar = super::words::bar(evidence);
    match cell.quality_by_day.last() {
        Some(last) => format!(
            "quality over {days} days against the bar {bar}: by {} all conversations so far lie \
             between {:.3} and {:.3}{floor}",
            last.day, last.so_far.quality_lower, last.so_far.quality_upper
        ),
        None => super::words::NO_DATA.to_owned(),
    }
}
