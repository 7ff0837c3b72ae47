//! The cases that hold for every store, whatever keeps it. In SQLite each is a test; in PostgreSQL, of which a server takes
//! seconds to start, all are one.

mod names;
mod shared;
mod tables;
pub(crate) mod types;
mod writing;

use super::Place;

macro_rules! cases {
    ($($module:ident { $($case:ident)+ })+) => {
        $(mod $module {
            $(#[tokio::test]
            async fn $case() {
                for place in [super::Place::Memory, super::Place::File] {
                    super::super::$module::$case(&place).await;
                }
            })+
        })+

        /// All cases, each in an empty place.
        pub(crate) async fn all(place: &super::Place) {
            $($(Box::pin(super::$module::$case(place)).await;)+)+
        }
    };
}

pub(crate) mod cases {
    use super::Place;

    cases! {
        names {
            anything_can_be_a_name
            names_are_found_in_any_case_and_kept_as_written
            names_of_the_stores_own_are_refused
            names_are_shared_by_all_kinds
        }
        shared {
            nothing_is_made_before_there_is_something_to_keep
            what_is_kept_is_there_for_the_next_process
            others_see_the_old_rows_until_the_new_are_there
            what_was_made_anew_meanwhile_is_left
            many_may_make_one_place_at_once
            writers_at_once_do_not_meet
        }
        tables {
            constraints_hold_and_are_told_in_one_line
            columns_that_are_left_out_have_their_default
            values_take_the_type_of_their_column_or_are_refused
            a_table_of_a_query_has_its_rows
            null_is_told_from_nothing
            rows_are_changed_whatever_letters_names_are_in
            a_key_that_is_left_out_counts
        }
        types {
            every_type_comes_back_as_it_was
            a_number_that_is_none_is_not_null
            marks_of_columns_and_what_must_be_there_are_kept
            what_could_not_be_read_back_is_refused
            columns_are_given_in_the_order_they_are_asked_for
            text_that_is_marked_as_json_comes_back_as_it_was
        }
        writing {
            rows_are_replaced
            rows_that_do_not_come_change_nothing
            rows_of_other_columns_change_nothing
            nobody_is_asked_for_rows_that_have_no_place
            a_dropped_refresh_leaves_the_old_rows
            who_began_to_read_sees_what_was_there
        }
    }
}
