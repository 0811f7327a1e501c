//! Tables without lines: good to read, and good to cut apart by programs that should have taken JSON.

use comfy_table::{CellAlignment, Row, Table as Grid, presets};

use crate::answer::Table;

/// Two spaces between columns, and none at the ends.
pub(super) fn render(table: &Table, bold: bool) -> String {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING);
    grid.set_header(Row::from(table.header.clone()));
    for row in &table.rows {
        grid.add_row(Row::from(row.clone()));
    }
    for (number, column) in grid.column_iter_mut().enumerate() {
        column.set_padding((0, 2));
        if table.right.contains(&number) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut text = String::new();
    for (number, line) in grid.lines().enumerate() {
        let line = line.trim_end();
        match number {
            0 if bold => text += &format!("\u{1b}[1m{line}\u{1b}[0m\n"),
            _ => text += &format!("{line}\n"),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let rows = [("orders", "3"), ("payments", "12")];
        Table::new(&["NAME", "PARTITIONS"], &[1])
            .rows(rows.map(|(name, count)| vec![name.to_owned(), count.to_owned()]))
    }

    #[test]
    fn numbers_stand_at_the_right_and_lines_end_where_text_ends() {
        let expected = "NAME      PARTITIONS\norders             3\npayments          12\n";
        assert_eq!(render(&table(), false), expected);
    }

    #[test]
    fn only_the_header_stands_out() {
        let text = render(&table(), true);
        assert!(text.starts_with("\u{1b}[1mNAME      PARTITIONS\u{1b}[0m\norders "), "{text:?}");
    }
}
