use proptest::prelude::*;

use super::lex::Operator;
use super::operand::Operand;
use super::test::{Test, known_words};
use super::*;
use crate::kit::{attempt, certificate, days, issued, ntlm, times, tls};
use crate::model::{KeyAlgorithm, NameSource, PublicKey, TlsVersion, UtcSecond};

fn root(text: &str) -> Expression {
    Filter::parse(text).unwrap().root.unwrap()
}

fn test_of(text: &str) -> Test {
    match root(text) {
        Expression::Test(found) => found,
        other => panic!("{text}: {other:?}"),
    }
}

fn field(field: Field, operator: Operator, operand: Operand) -> Test {
    Test::Field {
        field,
        operator,
        operand,
    }
}

fn is(name: Field, word: &'static str) -> Test {
    field(name, Operator::Equal, Operand::Word(word, None))
}

fn fault(text: &str) -> (String, std::ops::Range<usize>) {
    let error = Filter::parse(text).unwrap_err();
    (error.to_string(), error.span)
}

#[test]
fn fields_are_read_with_and_without_spaces() {
    let days = field(Field::DaysLeft, Operator::Less, Operand::Number(30_000));
    for text in ["days<30", "days < 30", "days <30", "days< 30", "DAYS<30"] {
        assert_eq!(test_of(text), days, "{text}");
    }
    assert_eq!(
        test_of("days<=-5"),
        field(Field::DaysLeft, Operator::AtMost, Operand::Number(-5_000))
    );
    assert_eq!(test_of("state:broken"), is(Field::State, "broken"));
    assert_eq!(test_of("state: broken"), is(Field::State, "broken"));
    assert_eq!(test_of("State:Flaky"), is(Field::Stability, "flaky"));
    assert_eq!(
        test_of("tls<1.2"),
        field(
            Field::Tls,
            Operator::Less,
            Operand::Word("1.2", Some(i64::from(TlsVersion::TLS_1_2.0)))
        )
    );
    assert_eq!(test_of("tls:unknown"), is(Field::Tls, "unknown"));
    assert_eq!(
        test_of("finding:rdp-dns-*"),
        field(
            Field::Finding,
            Operator::Equal,
            Operand::Finding("RDP-DNS-*".into())
        )
    );
    assert!(matches!(
        test_of("ip:10.0.4.0/24"),
        Test::Field {
            operand: Operand::Network(_),
            ..
        }
    ));
    assert!(matches!(
        test_of("ip:2001:db8::/64"),
        Test::Field {
            operand: Operand::Network(_),
            ..
        }
    ));
}

#[test]
fn words_quotes_and_addresses_stay_words() {
    assert_eq!(test_of("Srv05"), Test::Word("srv05".into()));
    assert_eq!(test_of("\"name: x\""), Test::Word("name: x".into()));
    assert_eq!(test_of("\"and\""), Test::Word("and".into()));
    assert_eq!(test_of("2001:db8::5"), Test::Word("2001:db8::5".into()));
    assert_eq!(test_of("fe80:"), Test::Word("fe80:".into()));
    assert_eq!(test_of("abcd::1"), Test::Word("abcd::1".into()));
    assert_eq!(
        test_of("name:\"a b\""),
        field(Field::Name, Operator::Equal, Operand::Text("a b".into()))
    );
    // A word that is no field, and something that looks like an operator after it.
    assert_eq!(
        root("gone < 5"),
        Expression::All(
            ["gone", "<", "5"]
                .map(|word| Expression::Test(Test::Word(word.into())))
                .to_vec()
        )
    );
}

#[test]
fn and_binds_closer_than_or_and_brackets_closer_still() {
    let word = |word: &str| Expression::Test(Test::Word(word.into()));
    let a_and_b = Expression::All(vec![word("a"), word("b")]);
    let expected = Expression::Any(vec![a_and_b, word("c")]);
    for text in ["a b or c", "a and b or c", "(a b) or c", "A AND B OR C"] {
        assert_eq!(root(text), expected, "{text}");
    }
    let b_or_c = Expression::Any(vec![word("b"), word("c")]);
    assert_eq!(root("a (b or c)"), Expression::All(vec![word("a"), b_or_c]));
}

#[test]
fn negation_has_two_spellings_and_takes_one_test_or_a_bracket() {
    let word = |word: &str| Expression::Test(Test::Word(word.into()));
    let not = |inner| Expression::Not(Box::new(inner));
    for text in ["!a b", "not a b", "! a b", "NOT a and b"] {
        assert_eq!(
            root(text),
            Expression::All(vec![not(word("a")), word("b")]),
            "{text}"
        );
    }
    assert_eq!(
        root("!(a or b)"),
        not(Expression::Any(vec![word("a"), word("b")]))
    );
    assert_eq!(
        root("port!=3389"),
        not(Expression::Test(field(
            Field::Port,
            Operator::Equal,
            Operand::Number(3_389_000)
        )))
    );
}

#[test]
fn the_address_may_be_called_as_its_column_is() {
    assert_eq!(test_of("address:10.0.4.0/24"), test_of("ip:10.0.4.0/24"));
}

#[test]
fn errors_name_the_value_the_way_out_and_the_place() {
    assert_eq!(
        fault("a dns:stael"),
        (
            "`dns` cannot be `stael` (did you mean `stale`?): use one of wrong_host, stale, missing, alias_loop, partial_dead, aaaa_dead, error, \
             ptr_mismatch, no_ptr, not_checked, match"
                .to_owned(),
            6..11
        )
    );
    assert_eq!(
        fault("days<soon"),
        (
            "`days_left` needs a whole number of days, not `soon`".to_owned(),
            5..9
        )
    );
    assert_eq!(
        fault("days<"),
        (
            "`days<` lacks a value: write a whole number of days after it".to_owned(),
            0..5
        )
    );
    assert_eq!(
        fault("nla<offered"),
        (
            "`nla` cannot be compared with `<`: write `nla:value`".to_owned(),
            3..4
        )
    );
    let (unknown, span) = fault("stat:x");
    assert!(
        unknown
            .starts_with("unknown filter field `stat` (did you mean `state`?): use one of state, ")
    );
    assert_eq!(span, 0..4);
    assert_eq!(fault("!").1, 0..1);
    assert_eq!(
        fault("a or").0,
        "a test such as `state:broken` or a word is expected here"
    );
    assert_eq!(fault("or a").1, 0..2);
    assert_eq!(
        fault("(a").0,
        "this `(` has no `)`: add it, or put it in quotes to search for it"
    );
    assert_eq!(fault("a)").1, 1..2);
    assert_eq!(
        fault("()").0,
        "a test such as `state:broken` or a word is expected before this bracket"
    );
    assert_eq!(fault("a \"b").1, 2..4);
}

#[test]
fn what_nests_too_deeply_is_refused_and_not_followed() {
    let deep = "(".repeat(10_000);
    assert!(fault(&deep).0.contains("nest deeper"));
    assert!(fault(&"!".repeat(10_000)).0.contains("nest deeper"));
    assert!(Filter::parse(&format!("{}a{}", "(".repeat(60), ")".repeat(60))).is_ok());
    assert!(fault(&"a ".repeat(10_000)).0.contains("longer than"));
}

#[test]
fn while_it_is_typed_what_can_be_read_is_in_force() {
    let readable = |text| Filter::readable(text).root;
    let a = Some(root("a"));
    for text in [
        "a dns:stael",
        "a days<",
        "a or (",
        "a and",
        "a !",
        "(a",
        "a)",
        "a and !(",
    ] {
        assert_eq!(readable(text), a, "{text}");
    }
    for text in ["", "  ", "days<", "!", "(", "()", "dns:stael"] {
        assert_eq!(readable(text), None, "{text:?}");
    }
}

#[test]
fn suggestions_follow_the_cursor() {
    let texts = |text: &str| -> Vec<String> {
        let found = complete(text, text.len());
        found
            .candidates
            .into_iter()
            .map(|candidate| candidate.text)
            .collect()
    };
    assert_eq!(texts("sta"), ["state:", "stability:", "stage:"]);
    assert_eq!(texts("state"), ["state:", "state!="]);
    assert_eq!(
        texts("a or days"),
        ["days<", "days<=", "days:", "days!=", "days>=", "days>"]
    );
    assert_eq!(texts("a o"), ["or "]);
    assert!(texts("a or o").is_empty());
    assert!(texts("state:broken ").contains(&"and ".to_owned()));
    assert_eq!(texts("state:he"), ["healthy"]);
    assert_eq!(texts("a and tls<1."), ["1.0", "1.1", "1.2", "1.3"]);
    assert!(texts("finding:expired").contains(&"RDP-CERT-EXPIRED".to_owned()));
    assert!(texts("name:x").is_empty());
    assert_eq!(texts("exp"), ["expires<"]);
    assert_eq!(
        texts("").len(),
        Field::of_rows().count() + 1,
        "fields and `not`"
    );
    assert_eq!(complete("a sta b", 5).span, 2..5);
}

#[test]
fn every_value_that_is_suggested_can_be_typed_and_says_what_it_means() {
    for field in Field::of_rows() {
        for known in known_words(field) {
            let text = format!("{}:{}", field.key(), known.word);
            assert!(Filter::parse(&text).is_ok(), "{text}");
            assert!(!known.meaning.is_empty(), "{text}");
        }
    }
}

#[test]
fn a_slip_is_answered_with_what_was_meant() {
    for (text, meant) in [
        ("stat:x", "(did you mean `state`?)"),
        ("thumprint:x", "(did you mean `thumbprint`?)"),
        ("state:brokn", "(did you mean `broken`?)"),
        ("finding:expired", "(did you mean `*EXPIRED*`?)"),
        (
            "finding:RDP-CERT-EXPIERD",
            "(did you mean `RDP-CERT-EXPIRED`?)",
        ),
    ] {
        let (says, _) = fault(text);
        assert!(says.contains(meant), "{says}");
    }
    assert_eq!(
        Filter::parse("ä dns:stael")
            .unwrap_err()
            .character("ä dns:stael"),
        7
    );
}

#[test]
fn numbers_dates_and_ranges_say_what_they_take() {
    for (text, expected) in [
        ("connect<fast", "a number of milliseconds, not `fast`"),
        ("loss>-1", "a number of percent, not `-1`"),
        ("key<2048.0001", "a number of bits"),
        ("attempts<99999999999999999999", "a number of attempts"),
        ("expires<31.12.2026", "a date such as 2026-12-31"),
        ("build<10.0", "a build such as 20348 or 10.0.20348"),
        ("port:70000", "a port from 0 to 65535"),
        ("port:3389.5", "a port from 0 to 65535, not `3389.5`"),
        ("days_left<2.5", "a whole number of days, not `2.5`"),
        ("attempts<2.5", "a number of attempts, not `2.5`"),
        (
            "ip:10.0.4.300",
            "a range such as 10.0.4.10-50, not `10.0.4.300`",
        ),
        ("ip:10.0.4.50-10", "a range such as 10.0.4.10-50"),
        ("ip:10.0.4.1-2001:db8::1", "a range such as 10.0.4.10-50"),
        ("thumbprint:\": :\"", "a thumbprint or a part of one"),
    ] {
        let (says, _) = fault(text);
        assert!(says.contains(expected), "{text}: {says}");
    }
}

#[test]
fn the_normal_form_has_one_spelling() {
    for (text, normal) in [
        ("", ""),
        ("  a   AND  b ", "a b"),
        ("a or (b c)", "a or b c"),
        ("(a or b) c", "(a or b) c"),
        ("not  (a b)", "!(a b)"),
        ("port!=3389", "port!=3389"),
        ("! port = 3389", "port!=3389"),
        ("not days<30", "!days_left<30"),
        ("state = Flaky", "stability:flaky"),
        ("finding:cert-*", "finding:RDP-CERT-*"),
        ("loss >= 5.50%", "loss>=5.5"),
        ("ip:10.0.4.10-50", "address:10.0.4.10-10.0.4.50"),
        ("\"and\"", "\"and\""),
        ("\"a (b\"", "\"a (b\""),
        ("name:\"a b\"", "name:\"a b\""),
        ("thumbprint:\"5A 5A\"", "sha1:5a5a"),
        ("tls:ssl3", "tls:ssl3"),
        ("last_seen<2026-12-31", "last_seen<2026-12-31"),
        ("build>=10.0.20348", "build>=10.0.20348"),
    ] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), normal, "{text}");
    }
}

/// A domain member with a certificate of its own, seen yesterday.
fn member() -> Host {
    let made = times(3, || {
        attempt()
            .shown(tls(issued(&["srv05.corp.example", "srv05"])))
            .identified(ntlm("srv05.corp.example"))
            .edit(|attempt| attempt.started_at = days(-1))
    })
    .named(NameSource::Ptr, "srv05.corp.example");
    Host::new(&made.history, made.diagnose())
}

#[test]
fn fields_ask_what_they_say() {
    let host = member();
    for text in [
        "cn:SRV05*",
        "issuer:\"issuing ca 1\"",
        "thumbprint:\"5A:5A 5a\"",
        "signature:sha256*",
        "key:2048",
        "key<3072",
        "sans:2",
        "protocol:hybrid",
        "features:restricted_admin",
        "features:Remote_Credential_Guard features:graphics_pipeline",
        "build:20348",
        "build<10.0.22000",
        "build>=20348",
        "connect>1",
        "connect:2",
        "handshake<=2.0ms",
        "loss:0%",
        "attempts:3",
        "failures<1",
        "expires>2026-01-01",
        "expires:2026-03-07",
        "first_seen:2025-06-14",
        "last_seen<2025-06-15",
        "domain:corp.example",
        "reverse:srv05*",
        "ip:10.0.0.1-9",
        "ip:10.0.0.5",
        "!ip:2001:db8::1-2001:db8::ff",
        "retransmits!=0",
        "\"Corp Issuing\"",
    ] {
        assert!(Filter::parse(text).unwrap().matches(&host), "{text}");
    }
    for text in [
        "cn:srv06",
        "key>2048",
        "sans>2",
        "build<20348",
        "build:10.1.20348",
        "connect>2",
        "expires<2026-03-07",
        "last_seen>2025-06-14",
        "domain:srv05",
        "ip:10.0.0.6-9",
        "ip:2001:db8::1-2001:db8::ff",
        "predicted:0x904",
        "retransmits:0",
    ] {
        assert!(!Filter::parse(text).unwrap().matches(&host), "{text}");
    }
}

#[test]
fn a_certificate_that_never_expires_is_found_by_its_last_day() {
    let mut leaf = certificate("srv05.corp.example");
    leaf.not_after = Some(UtcSecond::MAX);
    let made = times(1, || attempt().shown(tls(leaf.clone())));
    let host = Host::new(&made.history, made.diagnose());
    for text in [
        "expires:9999-12-31",
        "expires>9999-12-30",
        "expires>=9999-12-31",
    ] {
        assert!(Filter::parse(text).unwrap().matches(&host), "{text}");
    }
    for text in [
        "expires:9999-12-30",
        "expires<9999-12-31",
        "expires>9999-12-31",
    ] {
        assert!(!Filter::parse(text).unwrap().matches(&host), "{text}");
    }
    assert_eq!(Field::NotAfter.text(&host), "9999-12-31");
}

#[test]
fn bits_of_an_elliptic_curve_are_not_weak_ones() {
    let mut leaf = issued(&["srv05.corp.example"]);
    leaf.key = PublicKey {
        algorithm: KeyAlgorithm::Ec,
        bits: 256,
    };
    let made = times(3, || attempt().shown(tls(leaf.clone())));
    let host = Host::new(&made.history, made.diagnose());
    assert!(!Filter::parse("key<2048").unwrap().matches(&host));
}

/// Expressions as the parser makes them: never one part alone, never nothing.
fn expressions() -> impl Strategy<Value = Expression> {
    let parsed = |text: String| Filter::parse(&text).ok().and_then(|filter| filter.root);
    let of_field = (
        proptest::sample::select(Field::of_rows().collect::<Vec<_>>()),
        prop_oneof!["[a-z0-9.:*%/(){} -]{1,12}", "\\PC{1,8}", "[0-9]{1,4}"],
        proptest::sample::select(vec![":", "<", "<=", ">=", ">", "!="]),
    )
        .prop_filter_map("what the field takes", move |(field, value, sign)| {
            let value = value.replace('"', "");
            parsed(format!("{}{sign}\"{value}\"", field.key()))
        });
    let of_value = proptest::sample::select(Field::of_rows().collect::<Vec<_>>())
        .prop_filter("fields whose values are known", |field| {
            !known_words(*field).is_empty()
        })
        .prop_flat_map(|field| (Just(field), proptest::sample::select(known_words(field))))
        .prop_filter_map("a test", move |(field, known)| {
            parsed(format!("{}:{}", field.key(), known.word))
        });
    let example = proptest::sample::select(Field::of_rows().collect::<Vec<_>>())
        .prop_filter_map("a test", move |field| {
            parsed(format!("{}{}", field.key(), field.spec().example))
        });
    let word = prop_oneof!["\\PC{1,8}", "[a-z!:<>=()*.]{1,6}", "(and|or|not|days|AND)"]
        .prop_map(|word| word.replace('"', "").to_lowercase())
        .prop_filter("a word", |word| !word.is_empty())
        .prop_map(|word| Expression::Test(Test::Word(word)));
    let leaf = prop_oneof![of_field, of_value, example, word];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let several = || proptest::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several().prop_map(Expression::All),
            several().prop_map(Expression::Any),
            inner.prop_map(|inner| Expression::Not(Box::new(inner))),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused_without_panic(text in "\\PC{0,40}") {
        drop(Filter::parse(&text));
        drop(Filter::readable(&text));
    }

    #[test]
    fn half_typed_terms_do_not_panic(text in "[!\":<>= ()a-z0-9./*]{0,24}", at in 0_usize..30) {
        if let Err(error) = Filter::parse(&text) {
            prop_assert!(text.get(error.span).is_some());
        }
        drop(Filter::readable(&text));
        let found = complete(&text, at);
        prop_assert!(text.get(found.span).is_some());
    }

    /// What is complete is read the same, whether it is thought to be or not.
    #[test]
    fn the_readable_part_of_a_whole_filter_is_all_of_it(text in "(a|b|!c|state:broken|days<3|\\(a or b\\))( (a|or b|and !c|nla:required)){0,4}") {
        let strict = Filter::parse(&text).unwrap();
        prop_assert_eq!(Filter::readable(&text), strict);
    }

    /// The normal form says the same, and is its own normal form.
    #[test]
    fn the_normal_form_reads_back(root in expressions()) {
        let filter = Filter { root: Some(root) };
        let normal = filter.to_string();
        let again = Filter::parse(&normal);
        prop_assert_eq!(again.as_ref(), Ok(&filter), "{}", normal);
    }

    #[test]
    fn whatever_is_read_reads_back_from_its_normal_form(text in "(a|b|!|not |port!=|days<|state:|broken|3| |or |and |\\(|\\)|\"){0,24}") {
        if let Ok(filter) = Filter::parse(&text) {
            let normal = filter.to_string();
            prop_assert_eq!(Filter::parse(&normal), Ok(filter), "{}", normal);
        }
    }
}
