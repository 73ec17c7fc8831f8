/// Estimates the share of attempts that fail, given that `failed` of `all` did: both ends of Wilson's score interval at 95 %
/// (E. B. Wilson, 1927), which also works with few attempts, and with none or all failed. `None` without attempts.
///
/// The interval assumes independent attempts. Those of one scan, minutes apart at most, are so only roughly.
pub(super) fn interval(failed: u32, all: u32) -> Option<(f64, f64)> {
    /// The normal distribution's two-sided 95 % quantile.
    const Z: f64 = 1.959_964;
    if all == 0 {
        return None;
    }
    let n = f64::from(all);
    let share = f64::from(failed.min(all)) / n;
    let z2 = Z * Z;
    let middle = share + z2 / (2.0 * n);
    let half = Z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z2 / n;
    Some((
        ((middle - half) / scale).clamp(0.0, 1.0),
        ((middle + half) / scale).clamp(0.0, 1.0),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn percent(failed: u32, all: u32) -> (f64, f64) {
        let (least, most) = interval(failed, all).unwrap();
        (
            (least * 1000.0).round() / 10.0,
            (most * 1000.0).round() / 10.0,
        )
    }

    #[test]
    fn it_is_wilsons() {
        assert_eq!(percent(1, 3), (6.1, 79.2));
        assert_eq!(percent(0, 3), (0.0, 56.1));
        assert_eq!(percent(10, 10), (72.2, 100.0));
    }

    #[test]
    fn without_attempts_nothing_is_said() {
        assert_eq!(interval(0, 0), None);
    }
}
