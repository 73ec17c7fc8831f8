//! Questions for a line of text.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::widgets::{prompt, window};
use crate::counts::counted;
use crate::tui::model::{Model, Prompt, Question};

/// Room for a name of a file.
const WIDTH: usize = 70;
const LEAD: &str = " > ";

/// Draws a question, and returns the position of the cursor in the answer.
pub(super) fn render(
    model: &Model,
    open: &Prompt,
    area: Rect,
    buffer: &mut Buffer,
) -> Option<Position> {
    let title = match &open.question {
        Question::Rows => "Mark so many rows from here".to_owned(),
        Question::Acknowledge { finding, .. } => {
            format!("Acknowledge {finding} until (day, then why)")
        }
        Question::File { hosts, .. } => {
            format!("Write {} to", counted(*hosts as u64, "host", "hosts"))
        }
    };
    let inner = window(&title, (WIDTH, 3), model.theme, area, buffer);
    prompt(LEAD, &open.input, model.theme, inner, buffer)
}
