//! The exact bytes of each format.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float64Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Schema};
use arrow::record_batch::RecordBatch;

use super::terminal_table::TerminalTable;
use super::{Format, OutputOptions, RowWriter};

fn style(format: Format) -> OutputOptions {
    OutputOptions { format, hide_headers: false, delimiter: ',', compat: false, terminal: false }
}

fn rows() -> RecordBatch {
    let json = Field::new("tagSet", DataType::Utf8, true)
        .with_metadata(HashMap::from([("stackql.format".to_owned(), "json".to_owned())]));
    let schema = Schema::new(vec![
        Field::new("name", DataType::Utf8, true),
        Field::new("count", DataType::Int64, true),
        Field::new("price", DataType::Float64, true),
        Field::new("on", DataType::Boolean, true),
        json,
    ]);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from(vec![Some("a,\"b\""), None])),
        Arc::new(Int64Array::from(vec![Some(7), None])),
        Arc::new(Float64Array::from(vec![Some(48.0), Some(0.07143)])),
        Arc::new(BooleanArray::from(vec![Some(true), Some(false)])),
        Arc::new(StringArray::from(vec![Some(r#"[{"key":"k"}]"#), Some("[]")])),
    ];
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn text_rows(name: &str, values: &[&str]) -> RecordBatch {
    let schema = Schema::new(vec![Field::new(name, DataType::Utf8, true)]);
    let values: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    RecordBatch::try_new(Arc::new(schema), vec![values]).unwrap()
}

fn json_rows(values: &[&str]) -> RecordBatch {
    let field = Field::new("j", DataType::Utf8, true)
        .with_metadata(HashMap::from([("stackql.format".to_owned(), "json".to_owned())]));
    let values: ArrayRef = Arc::new(StringArray::from(values.to_vec()));
    RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![values]).unwrap()
}

/// What a person sees on a terminal of this width, without the escapes of bold and dim.
fn seen(width: u16, batch: &RecordBatch) -> String {
    let mut out = Vec::new();
    let mut table = TerminalTable::new(batch.schema(), Some(width));
    table.batch(batch, &mut out).unwrap();
    table.finish(&mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    ["\u{1b}[1m", "\u{1b}[2m", "\u{1b}[0m"].iter().fold(text, |text, escape| text.replace(escape, ""))
}

fn written(style: &OutputOptions, batches: &[RecordBatch]) -> String {
    let mut out = Vec::new();
    let mut writer = style.writer(batches[0].schema());
    for batch in batches {
        writer.batch(batch, &mut out).unwrap();
    }
    writer.finish(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn table_is_framed_between_all_rows() {
    let expect = "\
|-------|-------|---------|-------|---------------|
| name  | count |  price  |  on   |    tagSet     |
|-------|-------|---------|-------|---------------|
| a,\"b\" |     7 |      48 | true  | [{\"key\":\"k\"}] |
|-------|-------|---------|-------|---------------|
| null  | null  | 0.07143 | false | []            |
|-------|-------|---------|-------|---------------|
";
    assert_eq!(written(&style(Format::Table), &[rows()]), expect);
}

#[test]
fn an_empty_table_is_its_framed_header_and_no_columns_are_nothing() {
    let expect = "|------|\n| name |\n|------|\n";
    assert_eq!(written(&style(Format::Table), &[text_rows("name", &[])]), expect);
    assert_eq!(written(&style(Format::Table), &[RecordBatch::new_empty(Arc::new(Schema::empty()))]), "");
}

#[test]
fn long_cells_wrap_evenly_at_blanks_and_long_words_stay_whole() {
    let text = "The ID of the Traffic Mirror filter that applies here";
    let word = "a-word-that-is-longer-than-thirty-characters and";
    let expect = "\
|----------------------------------------------|
|                     name                     |
|----------------------------------------------|
| The ID of the Traffic Mirror                 |
| filter that applies here                     |
|----------------------------------------------|
| a-word-that-is-longer-than-thirty-characters |
| and                                          |
|----------------------------------------------|
";
    assert_eq!(written(&style(Format::Table), &[text_rows("name", &[text, word])]), expect);
}

#[test]
fn cells_are_set_to_the_width_that_their_column_has_so_far() {
    let versions = "v0.1.0, v0.1.1-alpha01, v0.1.2, v0.2.1";
    let expect = "\
|--------------------------------|
|            versions            |
|--------------------------------|
| v0.1.0, v0.1.1-alpha01,        |
| v0.1.2, v0.2.1                 |
|--------------------------------|
| a b                            |
|--------------------------------|
";
    assert_eq!(written(&style(Format::Table), &[text_rows("versions", &[versions, "a\nb"])]), expect);
    let (text, word) =
        ("The ID of the Traffic Mirror filter that applies here", "a-word-that-is-longer-than-thirty-characters");
    let expect = "\
|----------------------------------------------|
|                     name                     |
|----------------------------------------------|
| a-word-that-is-longer-than-thirty-characters |
|----------------------------------------------|
| The ID of the Traffic Mirror filter that     |
| applies here                                 |
|----------------------------------------------|
| thirty-one and a few more are it             |
|----------------------------------------------|
";
    // Also where they come in several batches.
    let batches = [text_rows("name", &[word]), text_rows("name", &[text, "thirty-one and a few more are it"])];
    assert_eq!(written(&style(Format::Table), &batches), expect);
    let header = "|---------------------------------|\n| a-header-as-wide-as-thirty-one- |\n|---------------------------------|\n| as wide as that header with its |\n| words                           |\n|---------------------------------|\n";
    assert_eq!(
        written(
            &style(Format::Table),
            &[text_rows("a-header-as-wide-as-thirty-one-", &["as wide as that header with its words"])]
        ),
        header
    );
}

#[test]
fn csv_quotes_what_needs_it() {
    let expect = "name,count,price,on,tagSet\n\"a,\"\"b\"\"\",7,48,true,\"[{\"\"key\"\":\"\"k\"\"}]\"\nnull,null,0.07143,false,[]\n";
    assert_eq!(written(&style(Format::Csv), &[rows()]), expect);
    let bare = OutputOptions { hide_headers: true, delimiter: ';', ..style(Format::Csv) };
    assert_eq!(written(&bare, &[text_rows("n", &["a,b", "a;b"])]), "a,b\n\"a;b\"\n");
}

#[test]
fn text_joins_values_as_they_are() {
    let expect = "name,count,price,on,tagSet\na,\"b\",7,48,true,[{\"key\":\"k\"}]\nnull,null,0.07143,false,[]\n";
    assert_eq!(written(&style(Format::Text), &[rows()]), expect);
}

#[test]
fn pptext_spreads_json() {
    let rows = text_rows("t", &[r#"{"a":[1]}"#, "plain"]);
    assert_eq!(written(&style(Format::Pptext), &[rows]), "t\n{\n  \"a\": [\n    1\n  ]\n}\nplain\n");
}

#[test]
fn json_is_typed_nested_and_ends_without_a_newline() {
    let expect = concat!(
        r#"[{"name":"a,\"b\"","count":7,"price":48,"on":true,"tagSet":[{"key":"k"}]},"#,
        r#"{"name":null,"count":null,"price":0.07143,"on":false,"tagSet":[]}]"#
    );
    assert_eq!(written(&style(Format::Json), &[rows()]), expect);
    assert_eq!(written(&style(Format::Json), &[text_rows("n", &[])]), "[]");
}

#[test]
fn json_of_the_go_program_has_strings_and_sorted_keys() {
    let compat = OutputOptions { compat: true, ..style(Format::Json) };
    let expect = concat!(
        r#"[{"count":"7","name":"a,\"b\"","on":"true","price":"48.0","tagSet":"[{\"key\":\"k\"}]"},"#,
        r#"{"count":"null","name":"null","on":"false","price":"0.07143","tagSet":"[]"}]"#
    );
    assert_eq!(written(&compat, &[rows()]), expect);
    assert_eq!(written(&compat, &[text_rows("n", &[])]), "null");
}

#[test]
fn jsonl_is_an_object_a_line_over_all_batches() {
    let batches = [text_rows("n", &["a", "line\nbreak"]), text_rows("n", &["c"])];
    assert_eq!(written(&style(Format::Jsonl), &batches), "{\"n\":\"a\"}\n{\"n\":\"line\\nbreak\"}\n{\"n\":\"c\"}\n");
}

#[test]
fn a_terminal_never_gets_escapes_from_values() {
    let value = "\u{1b}[31mred\u{7} \u{9b}2J \u{202e}txt";
    for format in [Format::Table, Format::Csv, Format::Text, Format::Pptext] {
        let terminal = OutputOptions { terminal: true, ..style(format) };
        let out = written(&terminal, &[text_rows("n", &[value])]);
        assert!(out.contains("\\x1b[31mred\\x07 \\x9b2J \\u202etxt"), "{out}");
    }
    for format in [Format::Json, Format::Jsonl] {
        let terminal = OutputOptions { terminal: true, ..style(format) };
        let out = written(&terminal, &[text_rows("n", &[value])]);
        assert_eq!(out.trim_matches(['[', ']', '\n']), r#"{"n":"\u001b[31mred\u0007 \u009b2J \u202etxt"}"#);
        let nested = json_rows(&["{\"a\":\"\u{9b}2J\"}", "{\r\"a\":\t1}"]);
        assert!(written(&terminal, &[nested]).contains(r#"{"a":"\u009b2J"}"#));
    }
    let piped = written(&style(Format::Csv), &[text_rows("n", &["\u{1b}[31m"])]);
    assert_eq!(piped, "n\n\u{1b}[31m\n");
}

#[test]
fn columns_of_one_name_keep_their_values() {
    let schema = Schema::new(vec![Field::new("id", DataType::Int64, true), Field::new("id", DataType::Int64, true)]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![1])), Arc::new(Int64Array::from(vec![2]))];
    let rows = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    assert_eq!(written(&style(Format::Json), &[rows]), r#"[{"id":1,"id_2":2}]"#);
}

#[test]
fn formats_have_their_names() {
    assert_eq!(Format::parse("ndjson"), Some(Format::Jsonl));
    assert!(Format::names().all(|name| Format::parse(name).is_some()));
    assert_eq!(Format::parse("xml"), None);
}

#[test]
fn a_terminal_shows_columns_side_by_side_where_they_fit() {
    insta::assert_snapshot!(seen(80, &rows()));
    insta::assert_snapshot!(seen(
        60,
        &text_rows("日本", &["wide 日本語", "tab\there", "two\nlines", &"long ".repeat(20)])
    ));
    insta::assert_snapshot!(seen(80, &RecordBatch::new_empty(rows().schema())));
}

#[test]
fn a_terminal_shows_records_where_columns_do_not_fit() {
    insta::assert_snapshot!(seen(40, &rows()));
    insta::assert_snapshot!(seen(15, &text_rows("a name", &["two\nlines"])));
}

#[test]
fn markdown_is_read_not_rendered() {
    let expect = "| name | count | price | on | tagSet |\n|---|---:|---:|---|---|\n"
        .replace("|---|---:|---:|---|---|", "| --- | ---: | ---: | --- | --- |")
        + "| a,\"b\" | 7 | 48 | true | [{\"key\":\"k\"}] |\n| null | null | 0.07143 | false | [] |\n\n";
    assert_eq!(written(&style(Format::Markdown), &[rows()]), expect);
    let expect = "| a\\|b |\n| --- |\n| &lt;b> &amp; \\*x\\*<br>y |\n\n";
    assert_eq!(written(&style(Format::Markdown), &[text_rows("a|b", &["<b> & *x*\ny"])]), expect);
    assert_eq!(written(&style(Format::Markdown), &[RecordBatch::new_empty(Arc::new(Schema::empty()))]), "");
}

#[test]
fn arrow_reads_back() {
    let style = style(Format::Arrow);
    let mut out = Vec::new();
    for batches in [vec![rows(), rows()], vec![text_rows("n", &[])]] {
        let mut writer = style.writer(batches[0].schema());
        for batch in &batches {
            writer.batch(batch, &mut out).unwrap();
        }
        writer.finish(&mut out).unwrap();
    }
    let mut input = out.as_slice();
    let first: Vec<RecordBatch> =
        arrow_ipc::reader::StreamReader::try_new(&mut input, None).unwrap().map(Result::unwrap).collect();
    assert_eq!(first, [rows(), rows()]);
    let second = arrow_ipc::reader::StreamReader::try_new(&mut input, None).unwrap();
    assert_eq!(second.schema(), text_rows("n", &[]).schema());
    assert_eq!(second.map(|batch| batch.unwrap().num_rows()).sum::<usize>(), 0);
    assert!(input.is_empty());
}

#[test]
fn numbers_are_short() {
    let numbers = [48.0, -0.5, 0.07143, 1e20, 1e21, 1.5e300, 2.5e-7, 0.0, f64::NAN];
    let schema = Schema::new(vec![Field::new("n", DataType::Float64, true)]);
    let columns: Vec<ArrayRef> = vec![Arc::new(Float64Array::from(numbers.to_vec()))];
    let rows = RecordBatch::try_new(Arc::new(schema), columns).unwrap();
    let bare = OutputOptions { hide_headers: true, ..style(Format::Csv) };
    let expect = "48\n-0.5\n0.07143\n100000000000000000000\n1e+21\n1.5e+300\n2.5e-07\n0\nNaN\n";
    assert_eq!(written(&bare, std::slice::from_ref(&rows)), expect);
    let typed = written(&style(Format::Json), std::slice::from_ref(&rows));
    assert!(typed.starts_with(r#"[{"n":48},{"n":-0.5}"#) && typed.ends_with(r#"{"n":2.5e-07},{"n":0},{"n":"NaN"}]"#));
    let compat = written(&OutputOptions { compat: true, ..style(Format::Json) }, &[rows]);
    assert!(compat.starts_with(r#"[{"n":"48.0"},{"n":"-0.5"}"#), "{compat}");
}

#[test]
fn a_literal_null_is_nothing_where_there_are_no_types() {
    let schema = Schema::new(vec![Field::new("n", DataType::Null, true)]);
    let rows =
        RecordBatch::try_new(Arc::new(schema), vec![Arc::new(arrow::array::NullArray::new(1)) as ArrayRef]).unwrap();
    assert_eq!(written(&style(Format::Csv), std::slice::from_ref(&rows)), "n\n\n");
    assert_eq!(written(&style(Format::Json), std::slice::from_ref(&rows)), r#"[{"n":null}]"#);
    assert_eq!(written(&OutputOptions { compat: true, ..style(Format::Json) }, &[rows]), r#"[{"n":"null"}]"#);
}
