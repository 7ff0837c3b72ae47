//! Formats: what each makes of the same results, and what scripts of the Go program read.

use std::fs;

use arrow::array::{Array, AsArray};
use insta::assert_snapshot;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::endpoint::Endpoint;
use crate::{run, stackql};

const FORMATS: [&str; 8] = ["table", "csv", "text", "pptext", "json", "jsonl", "markdown", "ndjson"];

/// What all formats, or all with a flag, make of a script.
fn output(script: &str, flags: &[&str]) -> String {
    FORMATS.map(|format| shown_as(format, script, flags)).concat()
}

fn shown_as(format: &str, script: &str, flags: &[&str]) -> String {
    let output = run(&[&["exec", script, "-o", format], flags].concat());
    assert!(output.stderr.is_empty() && output.status.success(), "{output:?}");
    format!("-- {format}\n{}\n", String::from_utf8(output.stdout).unwrap())
}

/// What all formats make of rows of a provider.
fn provided(select: &str, flags: &[&str]) -> String {
    let home = tempfile::tempdir().unwrap();
    let endpoint = Endpoint::of_xml(
        "<DescribeVpcsResponse><vpcSet>\
         <item><vpcId>vpc-1</vpcId><cidrBlock>10.0.0.0/16</cidrBlock><isDefault>true</isDefault>\
         <tagSet><item><key>Name</key><value>a,\"b\"</value></item></tagSet></item>\
         <item><vpcId>vpc-2</vpcId><isDefault>false</isDefault><tagSet/></item>\
         </vpcSet></DescribeVpcsResponse>",
    );
    let shown = FORMATS.map(|format| {
        let mut query = stackql(&["exec", select, "-o", format, "--endpoint-url", &endpoint.url]);
        query.args(flags).env("AWS_ACCESS_KEY_ID", "test").env("AWS_SECRET_ACCESS_KEY", "test");
        let output = query.env("HOME", home.path()).current_dir(home.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        format!("-- {format}\n{}\n", String::from_utf8(output.stdout).unwrap())
    });
    shown.concat()
}

#[test]
fn values_look_as_their_kinds_do() {
    let script = "SELECT 7 AS i, 48.0 AS f, 0.07143 AS small, true AS yes, 'a,\"b\"' AS t, NULL AS n";
    assert_snapshot!(output(script, &[]));
}

#[test]
fn rows_of_a_provider_look_as_their_kinds_do() {
    assert_snapshot!(provided("SELECT vpcId, cidrBlock, isDefault, tagSet FROM aws.ec2.vpcs", &[]));
}

#[test]
fn the_go_programs_json_is_strings() {
    let select = "SELECT vpcId, cidrBlock, isDefault, tagSet FROM aws.ec2.vpcs";
    assert_snapshot!(provided(select, &["--compat=stackql"]));
}

#[test]
fn empty_results_have_their_shape() {
    let script = "SELECT 1 AS a, 'x' AS b WHERE false";
    assert_snapshot!(output(script, &[]));
    assert_eq!(shown_as("json", script, &["--compat=stackql"]), "-- json\nnull\n");
}

#[test]
fn results_of_several_statements_follow_one_another() {
    assert_snapshot!(output("SELECT 1 AS a; SELECT 'x' AS b, 2 AS c;", &[]));
}

#[test]
fn what_has_no_rows_prints_nothing() {
    for format in FORMATS {
        for flags in [&[][..], &["--compat=stackql"]] {
            let output = run(&[&["exec", "USE aws", "-o", format], flags].concat());
            assert_eq!(output.stdout, b"", "{format}");
            assert_eq!(output.stderr, b"OK\n", "{format}");
        }
    }
}

#[test]
fn headers_are_hidden_where_lines_are_rows() {
    assert_snapshot!(output("SELECT 1 AS a, 2 AS b", &["-H"]));
}

#[test]
fn the_first_character_of_the_delimiter_counts() {
    let csv = |delimiter: &str| {
        let output = run(&["exec", "SELECT 1 AS a, 'x|y' AS b", "-o", "csv", "-d", delimiter]);
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(csv("|;"), "a|b\n1|\"x|y\"\n");
    assert_eq!(csv("\t"), "a\tb\n1\tx|y\n");
}

#[test]
fn the_go_programs_columns_are_named_and_ordered_its_way() {
    let table = |script: &str| {
        let output = run(&["exec", script, "-o", "csv", "--compat=stackql"]);
        String::from_utf8(output.stdout).unwrap().lines().next().unwrap().to_owned()
    };
    assert_eq!(table("SELECT * FROM (SELECT 1 AS name, 2 AS \"Zone\", 3 AS id)"), "name,Zone,id");
    assert_eq!(table("SELECT upper(t.name), count(*) FROM (SELECT 'x' AS name) t GROUP BY name"), "name,count(*)");
    let output = run(&["exec", "DESCRIBE aws.ec2.volumes", "-o", "csv", "-H", "--compat=stackql"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let names: Vec<&str> = text.lines().map(|line| line.split(',').next().unwrap()).collect();
    assert!(names.len() > 10 && names.is_sorted(), "{names:?}");
}

#[test]
fn arrow_goes_into_files_and_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.arrow");
    let piped = run(&["exec", "SELECT 1 AS a, 'x' AS b", "-o", "arrow"]).stdout;
    let filed = run(&["exec", "SELECT 1 AS a, 'x' AS b", "-o", "arrow", "-f", path.to_str().unwrap()]);
    assert!(filed.stdout.is_empty() && filed.status.success(), "{filed:?}");
    assert_eq!(fs::read(path).unwrap(), piped);
    // A stream of messages, each behind its mark, and its end.
    assert!(piped.starts_with(&[0xff; 4]) && piped.ends_with(&[0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]), "{piped:?}");
}

#[test]
fn a_parquet_file_holds_one_result() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.parquet");
    let write = |script: &str| run(&["exec", script, "-o", "parquet", "-f", path.to_str().unwrap()]);
    let one = "SELECT * FROM (VALUES (1, 'x', true), (NULL, 'y', false)) AS t(a, b, c)";
    assert!(write(one).status.success());
    let bytes = fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"PAR1") && bytes.ends_with(b"PAR1"), "{bytes:?}");
    let reader = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&path).unwrap()).unwrap().build().unwrap();
    let rows: Vec<_> = reader.map(Result::unwrap).collect();
    let fields: Vec<String> =
        rows[0].schema().fields().iter().map(|f| format!("{} {}", f.name(), f.data_type())).collect();
    assert_eq!(fields, ["a Int64", "b Utf8", "c Boolean"]);
    let texts = rows[0].column(1).as_string::<i32>();
    assert_eq!((rows[0].num_rows(), rows[0].column(0).null_count(), texts.value(1)), (2, 1, "y"));

    let refused = write("SELECT 1 AS a; SELECT 2 AS a");
    assert_eq!(refused.status.code(), Some(1));
    let told = "error: a parquet file holds one result, and this is another; write it by a run of its own\n";
    assert_eq!(String::from_utf8(refused.stderr).unwrap(), told);
}
