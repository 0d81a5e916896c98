//! Small charts as SVG: axes from 0 to a top, lines, dots, bars.

/// A chart being drawn.
pub struct Chart {
    top: f64,
    body: String,
}

const WIDTH: f64 = 480.0;
const HEIGHT: f64 = 330.0;
const LEFT: f64 = 54.0;
const RIGHT: f64 = 14.0;
const UPPER: f64 = 12.0;
const LOWER: f64 = 46.0;

impl Chart {
    /// Axes with these names; x ends at 1, y at `top`.
    pub fn new(x: &str, y: &str, top: f64) -> Self {
        let mut chart = Self { top, body: String::new() };
        for step in 0..=5 {
            let share = f64::from(step) / 5.0;
            let (at_x, at_y) = (across(share), chart.y(share * top));
            chart.draw(&format!(
                "<line class=\"grid\" x1=\"{at_x:.1}\" y1=\"{:.1}\" x2=\"{at_x:.1}\" y2=\"{:.1}\"/>\
                 <line class=\"grid\" x1=\"{LEFT}\" y1=\"{at_y:.1}\" x2=\"{:.1}\" y2=\"{at_y:.1}\"/>\
                 <text class=\"tick\" x=\"{at_x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{share:.1}</text>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                UPPER,
                HEIGHT - LOWER,
                WIDTH - RIGHT,
                HEIGHT - LOWER + 17.0,
                LEFT - 8.0,
                at_y + 4.0,
                tick(share * top, top),
            ));
        }
        chart.names(x, y);
        chart
    }

    /// Axes whose y goes down from the middle as well as up: shares of two classes.
    pub fn mirrored(x: &str, y: &str, top: f64) -> Self {
        let mut chart = Self { top, body: String::new() };
        for step in 0..=5 {
            let at = across(f64::from(step) / 5.0);
            chart.draw(&format!(
                "<text class=\"tick\" x=\"{at:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{:.1}</text>",
                HEIGHT - LOWER + 17.0,
                f64::from(step) / 5.0
            ));
        }
        for share in [-1.0, -0.5, 0.0, 0.5, 1.0] {
            let at = chart.mirrored_y(share * top);
            let class = if share == 0.0 { "axis" } else { "grid" };
            chart.draw(&format!(
                "<line class=\"{class}\" x1=\"{LEFT}\" y1=\"{at:.1}\" x2=\"{:.1}\" y2=\"{at:.1}\"/>\
                 <text class=\"tick\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                WIDTH - RIGHT,
                LEFT - 8.0,
                at + 4.0,
                tick(f64::abs(share * top), top),
            ));
        }
        chart.names(x, y);
        chart
    }

    fn names(&mut self, x: &str, y: &str) {
        let (middle, side) = (LEFT + (WIDTH - LEFT - RIGHT) / 2.0, UPPER + (HEIGHT - UPPER - LOWER) / 2.0);
        self.draw(&format!(
            "<text class=\"name\" x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{x}</text>\
             <text class=\"name\" transform=\"translate(14 {side:.1}) rotate(-90)\" text-anchor=\"middle\">{y}</text>",
            HEIGHT - 8.0
        ));
    }

    /// The straight line on which both coordinates are the same.
    pub fn diagonal(&mut self) {
        let (x, y) = (across(1.0), self.y(self.top));
        self.draw(&format!(
            "<line class=\"guide\" x1=\"{LEFT}\" y1=\"{:.1}\" x2=\"{x:.1}\" y2=\"{y:.1}\"/>",
            HEIGHT - LOWER
        ));
    }

    /// A vertical line at a score.
    pub fn mark(&mut self, x: f64) {
        let at = across(x);
        self.draw(&format!(
            "<line class=\"mark\" x1=\"{at:.1}\" y1=\"{UPPER}\" x2=\"{at:.1}\" y2=\"{:.1}\"/>",
            HEIGHT - LOWER
        ));
    }

    /// A shaded interval of x.
    pub fn band(&mut self, from: f64, to: f64) {
        let (left, right) = (across(from), across(to));
        self.draw(&format!(
            "<rect class=\"band\" x=\"{left:.1}\" y=\"{UPPER}\" width=\"{:.1}\" height=\"{:.1}\"/>",
            (right - left).max(0.0),
            HEIGHT - UPPER - LOWER
        ));
    }

    /// A line through points, and the area under it.
    pub fn line(&mut self, points: &[(f64, f64)], filled: bool) {
        let mut path = Vec::new();
        let mut last: Option<(f64, f64)> = None;
        for (index, (x, y)) in points.iter().enumerate() {
            let at = (across(*x), self.y(*y));
            // A page of a million rows need not hold a million points: nobody sees a third of a pixel.
            let near = last.is_some_and(|last| (last.0 - at.0).abs() + (last.1 - at.1).abs() < 0.3);
            if near && index + 1 < points.len() {
                continue;
            }
            let step = if last.is_some() { 'L' } else { 'M' };
            path.push(format!("{step}{:.1} {:.1}", at.0, at.1));
            last = Some(at);
        }
        let path = path.concat();
        if let (true, Some((first, _)), Some((end, _))) = (filled, points.first(), points.last()) {
            let bottom = HEIGHT - LOWER;
            let (first, end) = (across(*first), across(*end));
            self.draw(&format!(
                "<path class=\"area\" d=\"{path}L{end:.1} {bottom:.1}L{first:.1} {bottom:.1}Z\"/>"
            ));
        }
        self.draw(&format!("<path class=\"line\" d=\"{path}\"/>"));
    }

    /// A dot, and what to say of it to whoever points at it.
    pub fn dot(&mut self, x: f64, y: f64, radius: f64, title: &str) {
        let (x, y, title) = (across(x), self.y(y), escape(title));
        self.draw(&format!(
            "<circle class=\"dot\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{radius:.1}\"><title>{title}</title></circle>"
        ));
    }

    /// The dot that stands for the classifier as it is, with a label beside it.
    pub fn here(&mut self, x: f64, y: f64, label: &str) {
        let (at_x, at_y) = (across(x), self.y(y));
        // The label keeps inside the frame.
        // Curves rise to the right, so what is free lies above on the left and below on the right.
        let (anchor, dx) = if x > 0.55 { ("end", -9.0) } else { ("start", 11.0) };
        let above = if x > 0.55 { at_y > UPPER + 26.0 } else { at_y > HEIGHT - LOWER - 30.0 };
        let dy = if above { -11.0 } else { 19.0 };
        self.draw(&format!(
            "<circle class=\"here\" cx=\"{at_x:.1}\" cy=\"{at_y:.1}\" r=\"5.5\"/>\
             <text class=\"label\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{}</text>",
            at_x + dx,
            at_y + dy,
            escape(label)
        ));
    }

    /// A bar up from the middle, or down from it.
    pub fn mirrored_bar(&mut self, from: f64, to: f64, share: f64, up: bool) {
        let (left, right) = (across(from), across(to));
        let (middle, end) = (self.mirrored_y(0.0), self.mirrored_y(if up { share } else { -share }));
        self.draw(&format!(
            "<rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"><title>{share:.3}</title></rect>",
            if up { "positive" } else { "negative" },
            left + 1.0,
            middle.min(end),
            (right - left - 2.0).max(0.5),
            (middle - end).abs()
        ));
    }

    /// A text in the upper (or lower) left corner of the frame.
    pub fn corner(&mut self, text: &str, upper: bool) {
        let y = if upper { UPPER + 18.0 } else { HEIGHT - LOWER - 10.0 };
        self.draw(&format!(
            "<text class=\"label\" x=\"{:.1}\" y=\"{y:.1}\">{}</text>",
            LEFT + 10.0,
            escape(text)
        ));
    }

    /// The chart as an element of a page.
    pub fn finish(self, title: &str) -> String {
        format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">{}</svg>",
            escape(title),
            self.body
        )
    }

    fn draw(&mut self, element: &str) {
        self.body.push_str(element);
    }

    fn y(&self, value: f64) -> f64 {
        HEIGHT - LOWER - (value / self.top).clamp(0.0, 1.0) * (HEIGHT - UPPER - LOWER)
    }

    fn mirrored_y(&self, value: f64) -> f64 {
        let half = (HEIGHT - UPPER - LOWER) / 2.0;
        UPPER + half - (value / self.top).clamp(-1.0, 1.0) * half
    }
}

/// A figure between 0 and 1 and its interval, as a small picture.
pub fn whisker(value: Option<f64>, interval: Option<(f64, f64)>) -> String {
    let Some(value) = value else { return String::new() };
    let at = |share: f64| 4.0 + share.clamp(0.0, 1.0) * 152.0;
    let line = interval.map_or_else(String::new, |(low, high)| {
        format!("<line class=\"whisker\" x1=\"{:.1}\" y1=\"9\" x2=\"{:.1}\" y2=\"9\"/>", at(low), at(high))
    });
    format!(
        "<svg class=\"strip\" viewBox=\"0 0 160 18\" aria-hidden=\"true\"><line class=\"grid\" x1=\"4\" y1=\"9\" x2=\"156\" y2=\"9\"/>\
         <line class=\"guide\" x1=\"80\" y1=\"2\" x2=\"80\" y2=\"16\"/>{line}<circle class=\"here\" cx=\"{:.1}\" cy=\"9\" r=\"4\"/></svg>",
        at(value)
    )
}

/// A top for an axis that holds this value: the next of 0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.
pub fn top(value: f64) -> f64 {
    [0.05, 0.1, 0.2, 0.3, 0.5, 0.75].into_iter().find(|top| value <= *top).unwrap_or(1.0)
}

/// A text that stands for itself in a page.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Where a value between 0 and 1 is, from the left.
fn across(value: f64) -> f64 {
    LEFT + value.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT)
}

fn tick(value: f64, top: f64) -> String {
    if top < 1.0 { format!("{value:.2}") } else { format!("{value:.1}") }
}
