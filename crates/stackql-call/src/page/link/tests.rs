use proptest::prelude::*;

use super::*;

fn check(value: &str, expected: Option<&str>) {
    assert_eq!(next([value].into_iter()), expected, "{value}");
}

#[test]
fn the_next_of_many_is_found() {
    check(
        "<https://api.example.com/r?page=1>; rel=\"prev\", <https://api.example.com/r?page=3>; rel=\"next\"",
        Some("https://api.example.com/r?page=3"),
    );
    check("<https://x/?page=9>; rel=\"last\"", None);
    check("", None);
    assert_eq!(next(["</a>; rel=self", "</b>; rel=next"].into_iter()), Some("/b"));
}

#[test]
fn relations_are_quoted_or_not_and_may_be_several() {
    check("</a>; rel=next", Some("/a"));
    check("</a>;rel=\"prev NEXT\"", Some("/a"));
    check("</a>; title=\"a; rel=next, b\"; rel=prev", None);
    check("</a>; REL = \"next\" ; title=\"x\"", Some("/a"));
    check("</a>; rel=nextish", None);
    check("</a>; rel=prev; rel=next", None);
}

#[test]
fn commas_and_semicolons_may_stand_in_addresses() {
    check("</a?f=x,y;z>; rel=self, </b?f=x,y;z>; rel=next", Some("/b?f=x,y;z"));
}

#[test]
fn what_is_broken_leads_nowhere() {
    for broken in ["</a", "/a>; rel=next", "<", "</a>; rel", "</a> rel=next", "</a>; rel=\"next", ",,;;<>"] {
        let _ = next([broken].into_iter());
    }
    check("</a> rel=next", None);
}

proptest! {
    #[test]
    fn texts_never_panic(value in "[<>;,=\"\\\\ a-zé]{0,30}") {
        let _ = next([value.as_str()].into_iter());
    }
}
