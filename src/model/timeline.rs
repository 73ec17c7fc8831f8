use super::StageRecord;

/// Where a stage stands in the drawing of an attempt, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Where the stage begins.
    pub start: u64,
    /// Where it ends.
    pub end: u64,
    /// Time kept between two connections before it, which takes no room.
    pub pause: u64,
}

/// Times with the pauses between an attempt's connections taken out: these are our courtesy, and would leave no room for the
/// host's own doing. One place for each record, in their order.
#[must_use]
pub fn without_pauses(records: &[StageRecord]) -> Vec<Place> {
    let mut removed = 0;
    let mut newest_end = 0;
    let mut connection = None;
    let mut places = Vec::with_capacity(records.len());
    for record in records {
        let start = u64::from(record.start_us);
        let another = connection.is_some_and(|before| before != record.connection);
        let pause = if another {
            start.saturating_sub(newest_end)
        } else {
            0
        };
        removed += pause;
        connection = Some(record.connection);
        newest_end = newest_end.max(start + u64::from(record.duration_us));
        let start = start.saturating_sub(removed);
        places.push(Place {
            start,
            end: start + u64::from(record.duration_us),
            pause,
        });
    }
    places
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::model::{ConnectionPurpose, Outcome, Stage};

    /// A stage that went well, for tests of whatever draws timelines.
    pub(crate) fn record(
        connection: ConnectionPurpose,
        start_us: u32,
        duration_us: u32,
    ) -> StageRecord {
        StageRecord {
            stage: Stage::Tcp,
            connection,
            start_us,
            duration_us,
            outcome: Outcome::Ok,
        }
    }

    #[test]
    fn the_pause_between_two_connections_takes_no_room() {
        let places = without_pauses(&[
            record(ConnectionPurpose::Main, 0, 1_000),
            record(ConnectionPurpose::Main, 1_500, 500),
            record(ConnectionPurpose::LegacyPeek, 252_000, 1_000),
            record(ConnectionPurpose::LegacyPeek, 253_000, 1_000),
        ]);
        let starts: Vec<u64> = places.iter().map(|place| place.start).collect();
        assert_eq!(starts, [0, 1_500, 2_000, 3_000]);
        let pauses: Vec<u64> = places.iter().map(|place| place.pause).collect();
        assert_eq!(pauses, [0, 0, 250_000, 0]);
    }
}
