use super::*;

fn size(minimum: u32, maximum: u32, ask_maximum: bool) -> PageSize {
    PageSize { minimum, maximum, request_maximum: ask_maximum, ..PageSize::default() }
}

#[test]
fn a_page_holds_what_is_wanted_within_the_limits() {
    let stated = size(5, 1000, true);
    assert_eq!(rows_of(&stated, None), Some(1000));
    assert_eq!(rows_of(&stated, Some(3)), Some(5));
    assert_eq!(rows_of(&stated, Some(7)), Some(7));
    assert_eq!(rows_of(&stated, Some(5000)), Some(1000));
}

#[test]
fn a_guessed_maximum_cuts_no_answer() {
    let guessed = size(5, 100, false);
    assert_eq!(rows_of(&guessed, None), None);
    assert_eq!(rows_of(&guessed, Some(3)), Some(5));
    assert_eq!(rows_of(&guessed, Some(100)), Some(100));
    assert_eq!(rows_of(&guessed, Some(101)), None);
}

#[test]
fn limits_the_wrong_way_round_do_no_harm() {
    assert_eq!(rows_of(&size(10, 5, true), Some(7)), Some(10));
}
