use arrow::array::StringArray;
use arrow::datatypes::DataType;

use super::*;

fn names(statement: &str, columns: &[&str]) -> Vec<String> {
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let rows = RecordBatch::new_empty(Arc::new(Schema::new(fields)));
    let arrangement = ResultLayout::for_statement(statement);
    let arranged = arrangement.rows(rows.clone()).unwrap();
    assert_eq!(arrangement.schema(rows.schema()), arranged.schema());
    arranged.schema().fields().iter().map(|field| field.name().clone()).collect()
}

#[test]
fn functions_are_called_as_their_columns() {
    let cases = [
        ("SELECT upper(name) FROM a.b.c", "upper(name)", "name"),
        ("SELECT split_part(rings.name, '/', -1) FROM a.b.rings", "x", "name"),
        ("SELECT lower(trim(name)) FROM a.b.c", "x", "name"),
        ("SELECT count(*) FROM a.b.c", "count(*)", "count(*)"),
        ("SELECT upper(name) AS n FROM a.b.c", "n", "n"),
        ("SELECT upper('x')", "upper('x')", "upper('x')"),
        ("not SQL", "x", "x"),
    ];
    for (statement, column, expect) in cases {
        assert_eq!(names(statement, &[column]), [expect], "{statement}");
    }
}

#[test]
fn a_description_begins_with_what_names_the_thing() {
    let values = StringArray::from(vec!["zone", "name", "Arn", "description", "id"]);
    let rows = RecordBatch::try_from_iter([("name", Arc::new(values) as _)]).unwrap();
    let arranged = ResultLayout::for_statement("DESCRIBE a.b.c").rows(rows).unwrap();
    let found: Vec<&str> = arranged.column(0).as_string::<i32>().iter().flatten().collect();
    assert_eq!(found, ["id", "name", "description", "Arn", "zone"]);
}
