use super::*;

#[test]
fn numbers_compare_by_value() {
    for (left, right, expected) in [
        ("7", "7.0", Ordering::Equal),
        ("7.50", "7.5", Ordering::Equal),
        ("-0", "0.0", Ordering::Equal),
        ("+3", "003", Ordering::Equal),
        (".5", "0.50", Ordering::Equal),
        ("5.", "5", Ordering::Equal),
        ("10", "9", Ordering::Greater),
        ("-10", "-9", Ordering::Less),
        ("-1", "1", Ordering::Less),
        ("0.25", "0.3", Ordering::Less),
        ("-0.25", "-0.3", Ordering::Greater),
        (
            "123456789012345678901234567890.1",
            "123456789012345678901234567890.11",
            Ordering::Less,
        ),
    ] {
        let compared = Decimal::parse(left)
            .unwrap()
            .compare(&Decimal::parse(right).unwrap());
        assert_eq!(compared, expected, "{left} against {right}");
    }
    for text in ["", "-", ".", "1e3", "0x1", "1 ", " 1", "1.2.3", "--1", "NaN", "१"] {
        assert_eq!(Decimal::parse(text), None, "{text}");
    }
}

#[test]
fn dates_are_points_in_time() {
    for (text, seconds) in [
        ("1970", 0_i64),
        ("1970-01", 0),
        ("1970-01-01", 0),
        ("1970-01-01T00:00", 0),
        ("1970-01-01T00:00Z", 0),
        ("0", 0),
        ("-1", -1),
        ("1969-12-31T23:59:59Z", -1),
        ("2000-02-29", 951_782_400),
        ("2026-11-24T06:31:20Z", 1_795_501_880),
        ("2026-11-24T08:31:20+02:00", 1_795_501_880),
        ("2026-11-24T00:31:20-06", 1_795_501_880),
        ("1795501880", 1_795_501_880),
        ("2026", 1_767_225_600),
        ("02026", 2026),
        ("999", 999),
        ("10000-01-01", 253_402_300_800),
    ] {
        assert_eq!(instant(text), Some(i128::from(seconds) * 1_000_000_000), "{text}");
    }
    assert_eq!(instant("1970-01-01T00:00:00.25Z"), Some(250_000_000));
    assert_eq!(instant("0.25"), Some(250_000_000));
    assert_eq!(instant("-0.25"), Some(-250_000_000));
    assert_eq!(
        instant("9223372036854775.807"),
        Some(9_223_372_036_854_775_807_000_000)
    );
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "now",
        "2026-13",
        "2026-00",
        "2026-02-29",
        "2026-1-1",
        "2026-01-01T24:00",
        "2026-01-01T10",
        "2026-01-01T10:60",
        "2026-01-01T10:00:60",
        "2026-01T10:00",
        "2026-01-01Z",
        "2026-01-01T10:00+24:00",
        "2026-01-01T10:00:00.",
        "2026-01-01T10:00:00.1234567890",
        "9223372036854776",
        "1.",
        "--1",
        "+1",
        "2026-01-01 10:00",
        "2026-01-01T10:00ZZ",
        "26-01-01",
    ] {
        assert_eq!(instant(text), None, "{text}");
    }
}

#[test]
fn networks_contain_their_family_only() {
    for (network, address, expected) in [
        ("203.0.113.9/24", "203.0.113.200", true),
        ("203.0.113.9/24", "203.0.114.200", false),
        ("203.0.113.9", "203.0.113.9", true),
        ("203.0.113.9", "203.0.113.8", false),
        ("0.0.0.0/0", "255.1.2.3", true),
        ("0.0.0.0/0", "2001:db8::1", false),
        ("::/0", "2001:db8::1", true),
        ("::/0", "10.0.0.1", false),
        ("2001:DB8::1", "2001:0db8:0:0:0:0:0:1", true),
        ("2001:db8::/33", "2001:db8:8000::", false),
        ("10.0.0.0/32", "10.0.0.0", true),
    ] {
        let network = Network::parse(network).unwrap();
        assert_eq!(
            network.contains(address_bits(address).unwrap()),
            expected,
            "{network:?} {address}"
        );
    }
    for text in [
        "",
        "10.0.0.0/33",
        "::/129",
        "10.0.0/8",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "010.0.0.1",
        "1.2.3.4/8/8",
    ] {
        assert_eq!(Network::parse(text), None, "{text}");
    }
}

#[test]
fn base64_is_bytes_whatever_its_padding() {
    assert_eq!(binary("QQ=="), Some(b"A".to_vec()));
    assert_eq!(binary("QQ"), Some(b"A".to_vec()));
    assert_eq!(binary("Q"), None);
    assert_eq!(binary("*"), None);
}
