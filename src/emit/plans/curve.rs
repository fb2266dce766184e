//! A curve of power in the terminal, drawn with braille dots.

/// Draws points (weeks, power) with a goal line, `width` characters wide and `height` lines high, axes included.
///
/// Pure text without colour; empty when there is nothing to draw. Weeks are on the x axis, 0 to 100 % on the y axis.
pub fn curve(points: &[(f64, f64)], goal: f64, width: usize, height: usize) -> String {
    /// Room for `100 % ┤`.
    const MARGIN: usize = 7;
    let points: Vec<(f64, f64)> = points.iter().copied().filter(|(x, y)| x.is_finite() && y.is_finite()).collect();
    let first = points.iter().map(|&(x, _)| x).fold(f64::INFINITY, f64::min);
    let last = points.iter().map(|&(x, _)| x).fold(f64::NEG_INFINITY, f64::max);
    if last <= first || points.is_empty() {
        return String::new();
    }
    let columns = width.clamp(MARGIN + 8, 400) - MARGIN;
    let rows = height.clamp(5, 100) - 2;
    let (dots_x, dots_y) = (columns * 2, rows * 4);
    let row_of = |power: f64| ((1.0 - power.clamp(0.0, 1.0)) * (dots_y - 1) as f64).round() as usize;
    let mut cells = vec![vec![0_u8; columns]; rows];
    let mut before: Option<usize> = None;
    for x in 0..dots_x {
        let week = first + (last - first) * x as f64 / (dots_x - 1) as f64;
        let y = row_of(height_at(&points, week));
        // Steep parts stay connected: the column is filled from the height of the one before.
        let from = before.map_or(y, |before| if before < y { before + 1 } else { before.saturating_sub(1).max(y) });
        for dot in from.min(y)..=from.max(y) {
            cells[dot / 4][x / 2] |= DOTS[x % 2][dot % 4];
        }
        before = Some(y);
    }
    let goal_row = row_of(goal) / 4;
    let labels = [(0.0, row_of(0.0) / 4), (0.5, row_of(0.5) / 4), (1.0, row_of(1.0) / 4)];
    let mut out = String::new();
    for (row, line) in cells.iter().enumerate() {
        let label = match labels.iter().find(|(_, at)| *at == row) {
            _ if row == goal_row => format!("{:.0} %", goal.clamp(0.0, 1.0) * 100.0),
            Some((level, _)) => format!("{:.0} %", level * 100.0),
            None => String::new(),
        };
        out += &format!("{label:>5} {}", if label.is_empty() { '│' } else { '┤' });
        let drawn: String = line
            .iter()
            .map(|&dots| match dots {
                0 if row == goal_row => '╌',
                0 => ' ',
                dots => char::from_u32(0x2800 + u32::from(dots)).unwrap_or(' '),
            })
            .collect();
        out += drawn.trim_end();
        out.push('\n');
    }
    out += &x_axis(first, last, columns, MARGIN - 1);
    out
}

/// The bits of the two columns of a braille cell, top to bottom.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// The height of the curve at `x`, between its points.
fn height_at(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.iter().position(|&(at, _)| x <= at).unwrap_or(points.len() - 1);
    let (x1, y1) = points[after];
    let Some(&(x0, y0)) = after.checked_sub(1).and_then(|before| points.get(before)) else { return y1 };
    if x0 < x1 { y0 + (y1 - y0) * ((x - x0) / (x1 - x0)).clamp(0.0, 1.0) } else { y1 }
}

/// The line with ticks and the line with whole weeks, as many as have room.
fn x_axis(first: f64, last: f64, columns: usize, margin: usize) -> String {
    let wanted = (columns / 6).max(1) as f64;
    // Nobody plans for longer than the last step allows; a longer axis has one tick a step of its own.
    let steps = [1.0, 2.0, 4.0, 8.0, 13.0, 26.0, 52.0];
    let step =
        steps.into_iter().find(|step| (last - first) / step <= wanted).unwrap_or(((last - first) / wanted).ceil());
    let mut axis = vec!['─'; columns];
    let mut labels = vec![' '; columns + 24];
    let mut free = 0;
    // Counted, because adding a week to a very large number of weeks changes nothing.
    for index in 0..=columns {
        let week = ((first / step).ceil() + index as f64) * step;
        if last < week || week < first {
            break;
        }
        let at = (((week - first) / (last - first) * (columns - 1) as f64).round() as usize).min(columns - 1);
        axis[at] = '┬';
        if free <= at {
            for (offset, digit) in format!("{week:.0}").chars().take(20).enumerate() {
                labels[at + offset] = digit;
                free = at + offset + 2;
            }
        }
    }
    let axis: String = axis.into_iter().collect();
    let labels: String = labels.into_iter().collect();
    format!("{}└{axis}\n{:>margin$} {} weeks\n", " ".repeat(margin), "", labels.trim_end())
}
