use super::{is_incomplete, split};

fn texts(script: &str) -> Vec<&str> {
    split(script).into_iter().map(|p| p.text).collect()
}

#[test]
fn semicolons_outside_quotes_and_comments_end_statements() {
    assert_eq!(texts("SELECT 1; SELECT 2;\n"), ["SELECT 1", "SELECT 2"]);
    assert_eq!(texts("SELECT 'a;b', \"c;d\", `e;f`; x"), ["SELECT 'a;b', \"c;d\", `e;f`", "x"]);
    assert_eq!(texts("SELECT 'it''s; here'; y"), ["SELECT 'it''s; here'", "y"]);
    assert_eq!(texts("SELECT E'\\';'; y"), ["SELECT E'\\';'", "y"]);
    assert_eq!(texts("SELECT $$;$$, $a$;$$;$a$; y"), ["SELECT $$;$$, $a$;$$;$a$", "y"]);
    assert_eq!(texts("SELECT 1 -- one; two\n+ 2 /* ; */; y"), ["SELECT 1 -- one; two\n+ 2 /* ; */", "y"]);
}

#[test]
fn comments_in_front_and_empty_statements_are_left_out() {
    assert_eq!(texts(";; -- nothing\n /* here */ ; "), [""; 0]);
    assert_eq!(texts("-- first\n/* second */ SELECT 1"), ["SELECT 1"]);
    assert_eq!(texts("/*+ AWAIT */ DELETE FROM t"), ["/*+ AWAIT */ DELETE FROM t"]);
}

#[test]
fn only_a_semicolon_ends_a_statement() {
    let ended = |script| split(script).iter().map(|p| p.is_complete).collect::<Vec<_>>();
    assert_eq!(ended("SELECT 1; SELECT 2"), [true, false]);
    assert_eq!(ended("SELECT 'open;"), [false]);
    assert_eq!(ended("SELECT /* open;"), [false]);
    assert_eq!(split("a;  b")[1].start, 4);
}

#[test]
fn an_open_statement_quote_or_comment_has_more_to_come() {
    for open in ["SELECT 1", "SELECT 1; SELECT", "SELECT 'a;", "/* one", "SELECT 1; /* ;", "/*+ AWAIT"] {
        assert!(is_incomplete(open), "{open}");
    }
    for whole in ["", "SELECT 1;", "SELECT 1; -- more", "-- only;", "/* one */", "/* one\n*/ SELECT 1;"] {
        assert!(!is_incomplete(whole), "{whole}");
    }
}
