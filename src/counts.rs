//! The notation of counts for people.

/// A count with a comma between thousands: `65,536`.
#[must_use]
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 host`, `65,536 hosts`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_grouped_by_thousands() {
        assert_eq!(
            [0, 999, 1_000, 65_536, 16_777_216].map(grouped),
            ["0", "999", "1,000", "65,536", "16,777,216"]
        );
    }

    #[test]
    fn one_is_singular_and_nothing_plural() {
        assert_eq!(
            [0, 1, 1_000].map(|count| counted(count, "host", "hosts")),
            ["0 hosts", "1 host", "1,000 hosts"]
        );
    }
}
