use super::error::{Role, TargetError};

/// The most invalid lines of a list that an error names.
const MOST_BAD_LINES: usize = 10;

/// The invalid words of a list: all are looked for, and the first are named.
pub(super) struct BadLines<'a> {
    list: &'a str,
    role: Role,
    count: usize,
    first: Vec<TargetError>,
}

impl<'a> BadLines<'a> {
    pub(super) const fn of(list: &'a str, role: Role) -> Self {
        Self {
            list,
            role,
            count: 0,
            first: Vec::new(),
        }
    }

    pub(super) fn note(&mut self, result: Result<(), TargetError>) {
        if let Err(error) = result {
            self.count += 1;
            if self.first.len() < MOST_BAD_LINES {
                self.first.push(error);
            }
        }
    }

    pub(super) fn end(mut self) -> Result<(), TargetError> {
        match self.count {
            0 => Ok(()),
            1 => self.first.pop().map_or(Ok(()), Err),
            count => Err(TargetError::BadLines {
                role: self.role,
                list: self.list.to_owned(),
                count,
                first: self.first,
            }),
        }
    }
}
