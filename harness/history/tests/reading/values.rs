//! How values map: one row for each kind of value of each format.

use crate::strictly;

/// The value that a piece of EDN becomes, in words.
fn of_edn(value: &str) -> Result<String, String> {
    let text = format!("{{:type :invoke :f :write :process 0 :value {value}}}\n");
    of(&text)
}

fn of_json(value: &str) -> Result<String, String> {
    let text = format!("{{\"type\":\"invoke\",\"f\":\"write\",\"process\":0,\"value\":{value}}}\n");
    of(&text)
}

fn of(text: &str) -> Result<String, String> {
    let parsed = strictly(text.as_bytes()).map_err(|error| error.to_string())?;
    let event = parsed.history.events()[0];
    Ok(parsed.history.values().show(event.value))
}

#[test]
fn edn_values() {
    for (written, value) in [
        ("nil", "nil"),
        ("-17", "-17"),
        ("+4", "4"),
        ("42N", "42"),
        ("9223372036854775808", "\"9223372036854775808\""),
        ("9223372036854775808N", "\"9223372036854775808\""),
        ("-1.5e3", "\"-1.5e3\""),
        ("1.5M", "\"1.5M\""),
        ("2/3", "\"2/3\""),
        ("##Inf", "\"##Inf\""),
        ("true", "\"true\""),
        (":a/b", "\"a/b\""),
        ("sym", "\"sym\""),
        ("-", "\"-\""),
        ("\"a\\n\\u00e9\\101\"", "\"a\\néA\""),
        ("\"two\nlines\"", "\"two\\nlines\""),
        ("\\a", "\"a\""),
        ("\\newline", "\"\\n\""),
        ("\\u0041", "\"A\""),
        ("\\(", "\"(\""),
        ("\\é", "\"é\""),
        ("[]", "[]"),
        ("(1, 2 , [3])", "[1 2 [3]]"),
        ("#{3 1}", "[3 1]"),
        ("{:b 1, \"0\" [2]}", "[[\"b\" 1] [\"0\" [2]]]"),
        ("#inst \"2020-01-01T00:00:00Z\"", "\"2020-01-01T00:00:00Z\""),
        ("#jepsen.Tuple[1 2]", "[1 2]"),
        ("#object[java.lang.Object 0]", "[\"java.lang.Object\" 0]"),
        ("#:user{:a 1}", "[[\"a\" 1]]"),
        ("[1 #_ 2 #_ #_ 3 4 5]", "[1 5]"),
        ("#_1 ^{:m 1} 3", "3"),
        ("[1;2\n3]", "[1 3]"),
    ] {
        assert_eq!(of_edn(written).as_deref(), Ok(value), "{written}");
    }
}

#[test]
fn json_values() {
    for (written, value) in [
        ("null", "nil"),
        ("-17", "-17"),
        ("9223372036854775807", "9223372036854775807"),
        ("9223372036854775808", "\"9223372036854775808\""),
        ("1.50", "\"1.50\""),
        ("1e3", "\"1e3\""),
        ("true", "\"true\""),
        ("\"a\\u00e9\\ud83d\\ude00\\/\"", "\"aé😀/\""),
        ("[1, [2]]", "[1 [2]]"),
        ("{\"0\":1,\"-3\":[2],\"x\":{}}", "[[0 1] [-3 [2]] [\"x\" []]]"),
        ("{\"007\":1,\"1.0\":2}", "[[\"007\" 1] [\"1.0\" 2]]"),
        ("[\"0\",{\"1\":\"2\"}]", "[\"0\" [[1 \"2\"]]]"),
    ] {
        assert_eq!(of_json(written).as_deref(), Ok(value), "{written}");
    }
}

#[test]
fn what_is_no_value_is_refused() {
    for written in
        ["1x", "007", "1e", "\\nonsense", "\"\\q\"", "#", ":", "{:a}", "[1)", "\"\\ud800\""]
    {
        assert!(of_edn(written).is_err(), "{written}");
    }
    for written in [
        "01",
        "+1",
        "1.",
        ".5",
        "nul",
        "'a'",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{\"a\"}",
        "{\"a\" 1}",
        "{1:2}",
        "{\"a\":1,}",
        "\"\\x\"",
        "\"\\101\"",
        "\"\\ud800\"",
        "\"\t\"",
        "[1}",
        "]",
        "",
    ] {
        assert!(of_json(written).is_err(), "{written}");
    }
}

#[test]
fn lists_in_lists_have_a_limit_and_no_stack() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(of_edn(&nested(64)).is_ok() && of_json(&nested(64)).is_ok());
    for depth in [65, 200_000] {
        let error = of_edn(&nested(depth)).unwrap_err();
        assert!(error.ends_with("lists within lists, more than 64 deep"), "{error}");
        assert!(of_json(&nested(depth)).is_err());
    }
    // What is passed over may be deeper.
    let text = format!("{{:type :invoke :f :read :process 0 :x {}}}", nested(200_000));
    assert!(strictly(text.as_bytes()).is_ok());
    let many = format!("{}{} 7", "#_".repeat(100_000), " 1".repeat(100_000));
    assert_eq!(of_edn(&many).as_deref(), Ok("7"));
}
