//! Every reason not to report a finding is proven by a case or a test of its own.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::cases;
use crate::diagnosis::catalog;
use crate::diagnosis::handbook::handbook;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cell {
    id: String,
    /// When it must not be reported.
    when: String,
    case: Option<String>,
    test: Option<String>,
}

fn cells() -> Vec<Cell> {
    #[derive(Deserialize)]
    struct File {
        cell: Vec<Cell>,
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/must-not-fire.toml");
    toml::from_str::<File>(&fs::read_to_string(path).unwrap())
        .unwrap()
        .cell
}

/// Every source file of the rules and their tests.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(sources(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn every_cell_is_proven_by_a_case_or_a_test_that_is_there() {
    let spared = cases::spared();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/diagnosis");
    let code: String = sources(&folder)
        .iter()
        .map(|path| fs::read_to_string(path).unwrap())
        .filter(|text| text.contains("#[test]"))
        .collect();
    for Cell {
        id,
        when,
        case,
        test,
    } in cells()
    {
        assert!(catalog::kind(&id).is_some() && !when.is_empty(), "{id}");
        match (case, test) {
            (Some(case), None) => assert!(
                spared.contains(&(case.clone(), id.clone())),
                "{id}, {when}: no case \"{case}\" says so"
            ),
            (None, Some(test)) => {
                assert!(
                    code.contains(&format!("fn {test}()")),
                    "{id}, {when}: no test {test}"
                );
            }
            _ => panic!("{id}, {when}: one case or one test"),
        }
    }
}

#[test]
fn no_cell_is_written_twice() {
    let cells = cells();
    let different: BTreeSet<(&str, &str)> = cells
        .iter()
        .map(|cell| (cell.id.as_str(), cell.when.as_str()))
        .collect();
    assert_eq!(different.len(), cells.len());
}

#[test]
fn what_the_handbook_says_of_silence_has_a_cell() {
    let cells = cells();
    for entry in catalog::kinds() {
        let says = handbook().entry(entry.id).unwrap().unless.is_some();
        let has = cells.iter().any(|cell| cell.id == entry.id);
        assert!(!says || has, "{}: no cell", entry.id);
    }
}
