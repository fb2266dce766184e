//! Line plots as SVG: axes, ticks, lines that are named at their end.
//!
//! Coordinates have fixed decimals, so that equal data gives equal bytes. Colours are attributes, and the dark
//! palette is rules by class in a media query: renderers without CSS variables draw the light picture.

#[cfg(feature = "png")]
mod png;

use std::fmt::Write as _;

use crate::text::printable;

/// A picture.
#[derive(Debug, Clone, Default)]
pub struct Plot {
    pub title: String,
    /// What it shows, for people who do not see it.
    pub description: String,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    /// Horizontal goals.
    pub levels: Vec<Mark>,
    /// Vertical moments.
    pub moments: Vec<Mark>,
}

/// An axis with its ticks.
#[derive(Debug, Clone, Default)]
pub struct Axis {
    pub label: String,
    pub low: f64,
    pub high: f64,
    pub ticks: Vec<(f64, String)>,
}

/// A line, named at its end.
#[derive(Debug, Clone, Default)]
pub struct Line {
    pub name: String,
    /// A second line of text under the name.
    pub note: String,
    pub points: Vec<(f64, f64)>,
    /// Points that are marked with a dot.
    pub dots: Vec<(f64, f64)>,
}

/// A level or a moment with its name.
#[derive(Debug, Clone, Default)]
pub struct Mark {
    pub at: f64,
    pub label: String,
}

/// Light and dark colours of the lines, told apart by people with any colour vision (after Okabe and Ito 2008).
const COLOURS: [(&str, &str); 7] = [
    ("#0068b0", "#56b4e9"),
    ("#c25100", "#f08a3c"),
    ("#00795a", "#35c79a"),
    ("#a8457f", "#e08fc0"),
    ("#7a6400", "#d9c22e"),
    ("#5b4fc4", "#a79bff"),
    ("#555555", "#bbbbbb"),
];

const WIDTH: f64 = 812.0;
const HEIGHT: f64 = 400.0;
const LEFT: f64 = 58.0;
const RIGHT: f64 = 552.0;
const TOP: f64 = 58.0;
const BOTTOM: f64 = 346.0;
/// Characters of a name that have room at the end of its line.
const NAME_LENGTH: usize = 27;

impl Plot {
    /// The picture as a document of its own.
    pub fn svg(&self) -> String {
        let mut out = self.head();
        self.draw_axes(&mut out);
        let labels = self.draw_marks(&mut out);
        self.draw_lines(&mut out);
        out += &labels;
        out += "</svg>\n";
        out
    }

    /// The picture in pixels, or why there is none.
    #[cfg(feature = "png")]
    pub fn png(&self) -> Result<Vec<u8>, String> {
        png::png(&self.svg())
    }

    /// Why there is no picture in pixels.
    #[cfg(not(feature = "png"))]
    pub fn png(&self) -> Result<Vec<u8>, String> {
        Err("this program was built without the feature `png`".to_owned())
    }

    fn x_at(&self, x: f64) -> f64 {
        LEFT + (RIGHT - LEFT) * part(x, &self.x)
    }

    fn y_at(&self, y: f64) -> f64 {
        BOTTOM - (BOTTOM - TOP) * part(y, &self.y)
    }

    fn head(&self) -> String {
        let mut dark = String::new();
        for (index, (_, colour)) in COLOURS.iter().enumerate() {
            let _ = write!(dark, " .l{index} {{ stroke: {colour} }} .t{index} {{ fill: {colour} }}");
        }
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH:.0} {HEIGHT:.0}\" width=\"{WIDTH:.0}\" \
             height=\"{HEIGHT:.0}\" role=\"img\" aria-labelledby=\"title desc\" \
             font-family=\"system-ui, 'Segoe UI', Helvetica, Arial, sans-serif\" font-size=\"12\">\n\
             <title id=\"title\">{title}</title>\n<desc id=\"desc\">{desc}</desc>\n\
             <style>@media (prefers-color-scheme: dark) {{ .paper {{ fill: #14171c }} .halo {{ stroke: #14171c }} \
             .dot {{ fill: #14171c }} .ink {{ fill: #e8eaed }} .soft {{ fill: #a3a9b2 }} .grid {{ stroke: #2c323a }} \
             .axis {{ stroke: #7d858f }} .mark {{ stroke: #a3a9b2 }}{dark} }}</style>\n\
             <rect class=\"paper\" width=\"{WIDTH:.0}\" height=\"{HEIGHT:.0}\" fill=\"#ffffff\"/>\n\
             <text class=\"ink\" x=\"{LEFT:.0}\" y=\"28\" fill=\"#1b1f24\" font-size=\"15\" font-weight=\"600\">{title}</text>\n",
            title = escape(&shorten(&self.title, 84)),
            desc = escape(&self.description),
        )
    }

    fn draw_axes(&self, out: &mut String) {
        for (value, label) in &self.y.ticks {
            let y = self.y_at(*value);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{LEFT:.1}\" y1=\"{y:.1}\" x2=\"{RIGHT:.1}\" y2=\"{y:.1}\" stroke=\"#e4e7eb\"/>\n\
                 <text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" fill=\"#5b636d\" text-anchor=\"end\">{}</text>\n",
                LEFT - 9.0,
                y + 4.0,
                escape(label)
            );
        }
        let _ = writeln!(
            out,
            "<line class=\"axis\" x1=\"{LEFT:.1}\" y1=\"{BOTTOM:.1}\" x2=\"{RIGHT:.1}\" y2=\"{BOTTOM:.1}\" stroke=\"#8a929c\"/>"
        );
        for (value, label) in &self.x.ticks {
            let x = self.x_at(*value);
            let _ = write!(
                out,
                "<line class=\"axis\" x1=\"{x:.1}\" y1=\"{BOTTOM:.1}\" x2=\"{x:.1}\" y2=\"{:.1}\" stroke=\"#8a929c\"/>\n\
                 <text class=\"soft\" x=\"{x:.1}\" y=\"{:.1}\" fill=\"#5b636d\" text-anchor=\"middle\">{}</text>\n",
                BOTTOM + 5.0,
                BOTTOM + 19.0,
                escape(label)
            );
        }
        let _ = write!(
            out,
            "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" fill=\"#5b636d\" text-anchor=\"middle\">{}</text>\n\
             <text class=\"soft\" x=\"{LEFT:.1}\" y=\"{:.1}\" fill=\"#5b636d\">{}</text>\n",
            (LEFT + RIGHT) / 2.0,
            BOTTOM + 40.0,
            escape(&self.x.label),
            TOP - 12.0,
            escape(&self.y.label)
        );
    }

    /// Draws goals and moments; returns their labels, which belong above the lines.
    fn draw_marks(&self, out: &mut String) -> String {
        let mut labels = String::new();
        let mut above: Option<f64> = None;
        for level in &self.levels {
            let y = self.y_at(level.at);
            // Two goals that lie close: the upper one is named above its line, the lower one below.
            let below = above.is_some_and(|above| (y - above).abs() < 20.0);
            above = Some(y);
            let _ = writeln!(
                out,
                "<line class=\"mark\" x1=\"{LEFT:.1}\" y1=\"{y:.1}\" x2=\"{RIGHT:.1}\" y2=\"{y:.1}\" stroke=\"#5b636d\" \
                 stroke-dasharray=\"2 4\"/>"
            );
            labels += &halo_text(LEFT + 6.0, if below { y + 14.0 } else { y - 5.0 }, "start", &level.label);
        }
        for moment in &self.moments {
            let x = self.x_at(moment.at);
            let right = x < LEFT + (RIGHT - LEFT) * 0.6;
            let (at, anchor) = if right { (x + 6.0, "start") } else { (x - 6.0, "end") };
            let _ = writeln!(
                out,
                "<line class=\"mark\" x1=\"{x:.1}\" y1=\"{TOP:.1}\" x2=\"{x:.1}\" y2=\"{BOTTOM:.1}\" stroke=\"#5b636d\" \
                 stroke-dasharray=\"6 4\"/>"
            );
            labels += &halo_text(at, BOTTOM - 9.0, anchor, &moment.label);
        }
        labels
    }

    fn draw_lines(&self, out: &mut String) {
        for (index, line) in self.lines.iter().enumerate() {
            let colour = index % COLOURS.len();
            let points: Vec<String> =
                line.points.iter().map(|&(x, y)| format!("{:.1},{:.1}", self.x_at(x), self.y_at(y))).collect();
            let _ = writeln!(
                out,
                "<polyline class=\"l{colour}\" points=\"{}\" fill=\"none\" stroke=\"{}\" stroke-width=\"2.2\" \
                 stroke-linejoin=\"round\" stroke-linecap=\"round\"/>",
                points.join(" "),
                COLOURS[colour].0
            );
            for &(x, y) in &line.dots {
                let _ = writeln!(
                    out,
                    "<circle class=\"dot l{colour}\" cx=\"{:.1}\" cy=\"{:.1}\" r=\"4\" fill=\"#ffffff\" stroke=\"{}\" \
                     stroke-width=\"2.2\"/>",
                    self.x_at(x),
                    self.y_at(y),
                    COLOURS[colour].0
                );
            }
        }
        self.draw_names(out);
    }

    /// The names at the right, moved apart until none covers another, each tied to the end of its line.
    fn draw_names(&self, out: &mut String) {
        let ends: Vec<f64> =
            self.lines.iter().map(|line| line.points.last().map_or(BOTTOM, |&(_, y)| self.y_at(y))).collect();
        let room = (BOTTOM - TOP + 20.0) / self.lines.len().max(1) as f64;
        let with_notes = 30.0 <= room;
        let gap = if with_notes { room.min(34.0) } else { room.min(16.0) };
        let heights = spread(&ends, gap, TOP - 6.0, BOTTOM + 8.0);
        for (index, (line, (&end, &y))) in self.lines.iter().zip(ends.iter().zip(&heights)).enumerate() {
            let colour = index % COLOURS.len();
            let (from, bend, to) = (RIGHT + 3.0, RIGHT + 12.0, RIGHT + 22.0);
            let _ = write!(
                out,
                "<polyline class=\"l{colour}\" points=\"{from:.1},{end:.1} {bend:.1},{y:.1} {to:.1},{y:.1}\" fill=\"none\" \
                 stroke=\"{0}\" stroke-opacity=\"0.6\"/>\n\
                 <text class=\"t{colour}\" x=\"{1:.1}\" y=\"{2:.1}\" fill=\"{0}\" font-weight=\"600\">{3}</text>\n",
                COLOURS[colour].0,
                to + 5.0,
                y + 4.0,
                escape(&shorten(&line.name, NAME_LENGTH))
            );
            if with_notes && !line.note.is_empty() {
                let _ = writeln!(
                    out,
                    "<text class=\"soft\" x=\"{:.1}\" y=\"{:.1}\" fill=\"#5b636d\" font-size=\"11\">{}</text>",
                    to + 5.0,
                    y + 18.0,
                    escape(&line.note)
                );
            }
        }
    }
}

/// Text with the paper around it, so that a line behind it does not cross the letters.
fn halo_text(x: f64, y: f64, anchor: &str, label: &str) -> String {
    let label = escape(label);
    format!(
        "<text class=\"halo\" x=\"{x:.1}\" y=\"{y:.1}\" fill=\"none\" stroke=\"#ffffff\" stroke-width=\"4\" \
         stroke-linejoin=\"round\" text-anchor=\"{anchor}\" aria-hidden=\"true\">{label}</text>\n\
         <text class=\"soft\" x=\"{x:.1}\" y=\"{y:.1}\" fill=\"#5b636d\" text-anchor=\"{anchor}\">{label}</text>\n"
    )
}

/// The place of a value on its axis, from 0 to 1.
fn part(value: f64, axis: &Axis) -> f64 {
    let part = (value - axis.low) / (axis.high - axis.low);
    if part.is_finite() { part.clamp(0.0, 1.0) } else { 0.0 }
}

/// Heights near the wanted ones, at least `gap` apart, between `low` and `high`, in the same order.
fn spread(wanted: &[f64], gap: f64, low: f64, high: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]).then(a.cmp(&b)));
    // Downwards from the top, then upwards from the bottom where that ran out of the picture.
    let mut heights: Vec<f64> = Vec::with_capacity(order.len());
    for &index in &order {
        let least = heights.last().map_or(low, |last| last + gap);
        heights.push(wanted[index].max(least));
    }
    let mut most = high;
    for height in heights.iter_mut().rev() {
        *height = height.min(most);
        most = *height - gap;
    }
    let mut result = vec![0.0; wanted.len()];
    for (&index, height) in order.iter().zip(heights) {
        result[index] = height;
    }
    result
}

/// A text for XML, acting characters written out.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in printable(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// The text, or its beginning with an ellipsis.
fn shorten(text: &str, most: usize) -> String {
    let shown = printable(text);
    if shown.chars().count() <= most {
        return shown;
    }
    shown.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_never_cover_each_other() {
        let heights = spread(&[60.0, 60.0, 61.0, 200.0, 344.0, 345.0], 30.0, 52.0, 354.0);
        let mut sorted = heights.clone();
        sorted.sort_by(f64::total_cmp);
        assert!(sorted.windows(2).all(|pair| 30.0 - 1e-9 <= pair[1] - pair[0]), "{heights:?}");
        assert!(sorted.iter().all(|height| (52.0 - 1e-9..=354.0).contains(height)), "{heights:?}");
        assert_eq!(heights[3], 200.0);
    }

    #[test]
    fn texts_cannot_leave_their_element() {
        assert_eq!(escape("<a href='x'>&\"\u{202e}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;\\u{202e}");
    }
}
