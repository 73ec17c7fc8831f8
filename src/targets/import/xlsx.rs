//! Workbooks of Excel (`.xlsx`): the first sheet that is a table of hosts, and those with the same headings.

use std::borrow::Cow;
use std::io::{self, Cursor, Read as _};

use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};

use super::super::error::{Refusal, excerpt};
use super::{Import, ListFile, table};

/// The most bytes of a workbook once it is unpacked, and of one sheet as text.
const MOST_UNPACKED: u64 = 256 << 20;
const MOST_TEXT: usize = 64 << 20;
/// The most columns of a sheet, and empty rows between two rows.
const MOST_COLUMNS: u32 = 1_024;
const MOST_EMPTY: u32 = 100_000;

fn unreadable(reason: &str) -> Refusal {
    Refusal::new(
        format!(
            "it is a workbook (.xlsx) that cannot be read ({})",
            excerpt(reason)
        ),
        "save it again, or save the sheet as CSV",
    )
}

/// Reads a file that begins like a ZIP archive.
pub(super) fn read(content: &[u8], file: &ListFile<'_>) -> Result<Import, Refusal> {
    check_size(content)?;
    let mut book =
        Xlsx::new(Cursor::new(content)).map_err(|error| unreadable(&error.to_string()))?;
    let sheets: Vec<(String, bool)> = book
        .sheets_metadata()
        .iter()
        .filter(|sheet| sheet.typ == SheetType::WorkSheet)
        .map(|sheet| (sheet.name.clone(), sheet.visible == SheetVisible::Visible))
        .collect();
    let mut refusal = None;
    let mut found: Option<(Vec<String>, Import)> = None;
    let mut others = Vec::new();
    for (sheet, is_visible) in sheets {
        if !is_visible {
            others.push(sheet);
            continue;
        }
        let text = text_of(&mut book, &sheet)?;
        let file = ListFile {
            text: &text,
            is_csv: true,
            ..*file
        };
        let mut headings = Vec::new();
        let import = match table::text::read(&file) {
            Some(Ok(table)) => {
                headings.clone_from(&table.headings);
                // The sheets of RVTools are tables of machines too, and of their hypervisors.
                if found.as_ref().is_some_and(|(first, _)| *first != headings) {
                    others.push(sheet);
                    continue;
                }
                table.read(file.ports, file.column)
            }
            Some(Err(refusal)) => Err(refusal),
            None => {
                let Some(import) = super::column(&file) else {
                    others.push(sheet);
                    continue;
                };
                Ok(import)
            }
        };
        let mut import = match import {
            Ok(import) => import,
            Err(other) => {
                others.push(sheet);
                refusal.get_or_insert(other);
                continue;
            }
        };
        if let Some((_, all)) = &mut found {
            all.format = format!("{}, `{}`", all.format, excerpt(&sheet));
            all.append(import);
        } else {
            let format = import.format.replacen("CSV", "workbook", 1);
            import.format = format!("{format}, sheet `{}`", excerpt(&sheet));
            found = Some((headings, import));
        }
    }
    if let Some((_, mut import)) = found {
        for sheet in others {
            import.skip("sheets that are no further part of the list", &sheet);
        }
        return Ok(import);
    }
    Err(refusal.unwrap_or_else(|| {
        Refusal::new(
            "no sheet of this workbook holds a table of hosts",
            "use its hosts a column with a heading such as HostName or IPAddress",
        )
    }))
}

/// A small archive may unpack to more than fits into memory, whatever sizes it names.
fn check_size(content: &[u8]) -> Result<(), Refusal> {
    let mut archive = zip::ZipArchive::new(Cursor::new(content))
        .map_err(|error| unreadable(&error.to_string()))?;
    let names: Vec<String> = archive
        .file_names()
        .flatten()
        .map(Cow::into_owned)
        .collect();
    let is_of = |part: &str| names.iter().any(|name| name.starts_with(part));
    if !is_of("xl/") {
        let name = if is_of("word/") {
            "a document of Word"
        } else if is_of("content.xml") {
            "a document of LibreOffice"
        } else {
            "a ZIP archive"
        };
        return Err(Refusal::new(
            format!("it is {name}"),
            "save the table in it as .xlsx or CSV, or unpack it",
        ));
    }
    if is_of("xl/workbook.bin") {
        return Err(Refusal::new(
            "it is a binary workbook (.xlsb)",
            "save it as .xlsx or CSV",
        ));
    }
    let mut left = MOST_UNPACKED;
    for at in 0..archive.len() {
        let entry = archive
            .by_index(at)
            .map_err(|error| unreadable(&error.to_string()))?;
        let size = io::copy(&mut entry.take(left + 1), &mut io::sink())
            .map_err(|error| unreadable(&error.to_string()))?;
        left = left
            .checked_sub(size)
            .ok_or_else(|| unreadable("it unpacks to more than 256 MiB"))?;
    }
    Ok(())
}

/// A sheet as CSV, a line for each row.
fn text_of(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &str) -> Result<String, Refusal> {
    let mut cells = book
        .worksheet_cells_reader(sheet)
        .map_err(|error| unreadable(&error.to_string()))?;
    let mut text = String::new();
    let mut at = (0, 0);
    while let Some(cell) = cells
        .next_cell()
        .map_err(|error| unreadable(&error.to_string()))?
    {
        let (row, column) = cell.get_position();
        if row < at.0 || column >= MOST_COLUMNS {
            continue;
        }
        let empty = row - at.0;
        if empty > MOST_EMPTY {
            break;
        }
        if empty > 0 {
            text.extend(std::iter::repeat_n('\n', empty as usize));
            at = (row, 0);
        }
        text.extend(std::iter::repeat_n(
            ',',
            column.saturating_sub(at.1) as usize,
        ));
        at.1 = column;
        push(&mut text, cell.get_value());
        if text.len() > MOST_TEXT {
            return Err(unreadable("a sheet is longer than 64 MiB"));
        }
    }
    Ok(text)
}

fn push(text: &mut String, value: &DataRef<'_>) {
    let value = match value {
        DataRef::String(value) => value.clone(),
        DataRef::SharedString(value) => (*value).to_owned(),
        DataRef::Bool(value) => value.to_string(),
        DataRef::Int(value) => value.to_string(),
        DataRef::Float(value) => value.to_string(),
        _ => return,
    };
    text.push('"');
    for letter in value.chars() {
        match letter {
            '"' => text.push_str("\"\""),
            // A row is a line, so that lines of messages are rows.
            '\n' | '\r' => text.push(' '),
            letter => text.push(letter),
        }
    }
    text.push('"');
}
