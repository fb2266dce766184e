//! Comma-separated values that every reader takes (RFC 4180), and that no spreadsheet executes.

/// A cell.
#[derive(Debug, Clone)]
pub enum Cell {
    Text(String),
    Number(f64),
    /// Not known.
    Empty,
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<f64> for Cell {
    fn from(number: f64) -> Self {
        if number.is_finite() { Self::Number(number) } else { Self::Empty }
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// A table: the heads, then the rows. Numbers are printed in the shortest form that reads back the same.
pub fn table(heads: &[&str], rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let mut out = heads.join(",") + "\n";
    for row in rows {
        let cells: Vec<String> = row.iter().map(shown).collect();
        out += &cells.join(",");
        out.push('\n');
    }
    out
}

fn shown(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Number(number) => format!("{number}"),
        Cell::Text(text) => quoted(text),
    }
}

/// A text that stays one cell. One that a spreadsheet would compute gets an apostrophe before it.
fn quoted(text: &str) -> String {
    let text = crate::text::printable(text);
    let acts = text.trim_start().starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guarded = if acts { format!("'{text}") } else { text };
    match guarded.contains([',', '"', '\n', '\r', ';']) {
        true => format!("\"{}\"", guarded.replace('"', "\"\"")),
        false => guarded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_their_cell_and_are_never_computed() {
        let row = |text: &str| table(&["a", "b"], [vec![Cell::from(text), Cell::from(-1.5)]]);
        assert_eq!(row("plain"), "a,b\nplain,-1.5\n");
        assert_eq!(row("one, \"two\""), "a,b\n\"one, \"\"two\"\"\",-1.5\n");
        for text in ["=1+1", "+1", "-1", "@SUM(A1)", "  =1"] {
            assert_eq!(row(text), format!("a,b\n'{text},-1.5\n"));
        }
        assert_eq!(table(&["a"], [vec![Cell::from(f64::NAN)], vec![Cell::from(None::<f64>)]]), "a\n\n\n");
    }
}
