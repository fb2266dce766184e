//! The list as Slack blocks, within the limits of Block Kit.
//!
//! <https://docs.slack.dev/reference/block-kit/blocks>: at most 50 blocks in a message, 3,000 characters in the text of a
//! section, 150 in a header. `&`, `<` and `>` are escaped, so that no text is a mention or a link.

use serde_json::{Value as Json, json};

use crate::text::printable;

/// Blocks in a message.
const MOST_BLOCKS: usize = 50;
/// Characters in the text of a section.
const MOST_TEXT: usize = 3000;
/// Characters in a header.
const MOST_HEADER: usize = 150;

/// A part of the message: its heading, and its lines, already escaped.
pub struct Part {
    pub heading: String,
    pub lines: Vec<String>,
}

/// Text that is shown as it is.
pub fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in printable(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            c => out.push(c),
        }
    }
    out
}

/// A message with a headline, its parts, and `more` where not all of it fits.
pub fn message(headline: &str, parts: &[Part], more: &str) -> Json {
    let cut = |text: &str, most: usize| text.chars().take(most).collect::<String>();
    let header = cut(&printable(headline), MOST_HEADER);
    let mut blocks =
        vec![json!({ "type": "header", "text": { "type": "plain_text", "text": header, "emoji": false } })];
    let mut left_out = 0;
    for part in parts {
        let mut text = format!("*{}*", part.heading);
        for line in &part.lines {
            let line = cut(line, MOST_TEXT / 2);
            if MOST_TEXT < text.chars().count() + 1 + line.chars().count() {
                section(&mut blocks, std::mem::take(&mut text));
            }
            // One block is kept for what does not fit.
            if MOST_BLOCKS - 2 < blocks.len() {
                left_out += 1;
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text += &line;
        }
        section(&mut blocks, text);
    }
    if 0 < left_out {
        let text = format!("{left_out} more do not fit here. {more}");
        blocks.push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": cut(&text, MOST_TEXT) }] }));
    }
    json!({ "text": header, "blocks": blocks })
}

fn section(blocks: &mut Vec<Json>, text: String) {
    if !text.is_empty() && blocks.len() < MOST_BLOCKS - 1 {
        blocks.push(json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } }));
    }
}
