//! Verifications and refusals by the day, drawn on the server: bars in an SVG that stretches, labels in HTML that do not.

use crate::domain::time::clock::Timestamp;
use crate::domain::usage::Counts;
use crate::web::labels::numbers::number;

/// The drawing's height, in its own units; a day is [`STEP`] wide.
const HEIGHT: i64 = 100;
/// The width of a day, in the drawing's own units.
const STEP: i64 = 10;

/// A chart.
pub struct Chart {
    /// One bar for each day, oldest first.
    pub bars: Vec<Bar>,
    /// The end of the scale: a round number at or above the highest day.
    top: i64,
}

/// One day.
pub struct Bar {
    /// As year-month-day.
    pub day: String,
    counts: Counts,
    /// The left edge.
    pub x: i64,
    /// The upper edge of the verifications, and their height.
    pub good: (i64, i64),
    /// The upper edge of the refusals, which stand on the verifications, and their height.
    pub bad: (i64, i64),
}

impl Bar {
    /// How often a key was good.
    pub fn uses(&self) -> String {
        number(self.counts.uses)
    }

    /// How often one was refused.
    pub fn refusals(&self) -> String {
        number(self.counts.refusals)
    }

    /// The width of a bar.
    pub fn width(&self) -> i64 {
        STEP - 3
    }
}

impl Chart {
    /// Draws days, each with its number since 1970 UTC.
    pub fn new(days: Vec<(i64, Counts)>) -> Self {
        let top = round_up(days.iter().map(|(_, counts)| counts.uses + counts.refusals).max().unwrap_or(0));
        let bars = (0..).zip(days).map(|(at, (day, counts))| bar(at, day, counts, top)).collect();
        Self { bars, top }
    }

    /// Did nothing happen?
    pub fn is_quiet(&self) -> bool {
        self.bars.iter().all(|bar| bar.counts == Counts::default())
    }

    /// The width of the drawing.
    pub fn width(&self) -> i64 {
        i64::try_from(self.bars.len()).unwrap_or(0) * STEP
    }

    /// How often a key was good, in all.
    pub fn uses(&self) -> String {
        number(self.bars.iter().map(|bar| bar.counts.uses).sum())
    }

    /// How often one was refused, in all.
    pub fn refusals(&self) -> String {
        number(self.bars.iter().map(|bar| bar.counts.refusals).sum())
    }

    /// The scale, from its end to zero.
    pub fn scale(&self) -> Vec<String> {
        let middle = (self.top % 2 == 0).then(|| number(self.top / 2));
        [Some(number(self.top)), middle, Some("0".into())].into_iter().flatten().collect()
    }

    /// The days that are written below: the first, one in the middle, the last.
    pub fn days(&self) -> Vec<&str> {
        let last = self.bars.len().saturating_sub(1);
        let mut shown = vec![0, last / 2, last];
        shown.dedup();
        shown.into_iter().filter_map(|at| self.bars.get(at)).map(|bar| bar.day.as_str()).collect()
    }
}

fn bar(at: i64, day: i64, counts: Counts, top: i64) -> Bar {
    // What happened at all is seen, however little it is.
    let height = |n: i64| if n == 0 { 0 } else { (n * HEIGHT / top.max(1)).max(1) };
    let (good, bad) = (height(counts.uses), height(counts.refusals));
    let good_top = HEIGHT - good;
    Bar {
        day: Timestamp::of_day(day).day(),
        counts,
        x: at * STEP + 1,
        good: (good_top, good),
        bad: ((good_top - bad).max(0), bad),
    }
}

/// The next of 1, 2, 4, 6, 8, 10, 20, 40, … so that half of it is a whole number from 2 on.
fn round_up(most: i64) -> i64 {
    let mut unit = 1;
    while unit * 10 < most {
        unit *= 10;
    }
    [1, 2, 4, 6, 8, 10].into_iter().map(|step| step * unit).find(|end| *end >= most).unwrap_or(unit * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scale_ends_at_a_round_number_at_or_above_the_highest_day() {
        let ends = [0, 1, 2, 3, 5, 9, 10, 11, 47, 80, 101, 999, 1_001].map(round_up);
        assert_eq!(ends, [1, 1, 2, 4, 6, 10, 10, 20, 60, 80, 200, 1_000, 2_000]);
        let counts = |uses, refusals| Counts { uses, refusals };
        let chart = Chart::new(vec![(20_000, counts(0, 0)), (20_001, counts(47, 1)), (20_002, counts(1, 0))]);
        assert_eq!(chart.scale(), ["60", "30", "0"]);
        assert_eq!(chart.days(), ["2024-10-04", "2024-10-05", "2024-10-06"]);
        assert_eq!((chart.bars[1].good, chart.bars[1].bad), ((22, 78), (21, 1)));
        assert_eq!(chart.bars[2].good, (99, 1), "one use is seen");
    }
}
