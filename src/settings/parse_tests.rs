use super::*;

const TIMES: RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(600);

#[test]
fn times_are_read_with_their_unit() {
    for (text, millis) in [
        ("300ms", 300),
        ("2s", 2_000),
        ("5m", 300_000),
        ("1m 30s", 90_000),
        ("1.5s", 1_500),
    ] {
        assert_eq!(
            duration(TIMES)(text).unwrap(),
            Duration::from_millis(millis),
            "{text}"
        );
    }
    for (text, reason) in [
        ("5", "unit"),
        ("", "not a time"),
        ("soon", "not a time"),
        ("-2s", "out of range"),
        ("9ms", "out of range"),
        ("11m", "out of range"),
    ] {
        let refusal = duration(TIMES)(text).unwrap_err();
        assert!(refusal.reason.contains(reason), "{text}: {refusal:?}");
    }
    assert_eq!(
        duration(TIMES)("1ms").unwrap_err().way_out,
        "use 10ms to 10m"
    );
}

#[test]
fn a_time_without_a_unit_is_told_only_what_is_taken() {
    for (text, way_out) in [
        ("0", "use 10ms to 10m"),
        ("5", "write 5s"),
        ("30", "write 30s or 30ms"),
        ("5000", "write 5000ms"),
    ] {
        assert_eq!(duration(TIMES)(text).unwrap_err().way_out, way_out);
    }
}

#[test]
fn times_are_written_as_they_are_read() {
    for millis in [10, 250, 1_500, 2_000, 300_000, 90_500] {
        let time = Duration::from_millis(millis);
        assert_eq!(duration(TIMES)(&duration_text(time)).unwrap(), time);
    }
}

#[test]
fn rounds_are_counted() {
    assert_eq!(durations(1..=2, TIMES)("300ms,1s").unwrap().len(), 2);
    assert_eq!(durations(1..=2, TIMES)("1s 500ms, 1m").unwrap().len(), 2);
    assert!(durations(1..=2, TIMES)("").is_err());
    assert!(durations(1..=2, TIMES)("1s,1s,1s").is_err());
}

#[test]
fn ports_are_read_once_each() {
    assert_eq!(
        ports("3389, 3390-3392,3389").unwrap(),
        [3389, 3390, 3391, 3392]
    );
    for text in ["", "0", "65536", "rdp", "1-65535", "3390-"] {
        assert!(ports(text).is_err(), "{text}");
    }
}

#[test]
fn servers_are_read_in_every_form() {
    for (text, expected) in [
        ("10.0.0.53", "10.0.0.53:53"),
        ("10.0.0.53:5353", "10.0.0.53:5353"),
        ("2001:db8::53", "[2001:db8::53]:53"),
        ("[2001:db8::53]", "[2001:db8::53]:53"),
        ("[2001:db8::53]:5353", "[2001:db8::53]:5353"),
    ] {
        assert_eq!(
            servers(text).unwrap(),
            [expected.parse().unwrap()],
            "{text}"
        );
    }
    for text in [
        "dns.example",
        "10.0.0.53:0",
        "0.0.0.0",
        "10.0.0.53:dns",
        "224.0.0.251",
        "[10.0.0.5",
    ] {
        assert!(servers(text).is_err(), "{text}");
    }
    assert!(servers("").unwrap().is_empty());
}

#[test]
fn numbers_and_switches_say_what_they_take() {
    assert_eq!(whole(1..=9)("7").unwrap(), 7);
    for text in ["", "+7", "-7", "0x7", "7.0", "10", "99999999999999999999"] {
        assert_eq!(
            whole(1u32..=9)(text).unwrap_err().way_out,
            "use 1 to 9",
            "{text}"
        );
    }
    assert_eq!(
        (switch("TRUE").unwrap(), switch("off").unwrap()),
        (true, false)
    );
    assert!(switch("perhaps").is_err());
    assert_eq!(optional("none", switch)("None").unwrap(), None);
    assert_eq!(
        optional("none", switch)("x").unwrap_err().way_out,
        "use true or false, or none"
    );
}
