use stackql_provider::{BodyStyle, Parameter, RequestShape, ResponseShape};

use super::*;

fn method(operation: &str, path: &str, is_list: bool) -> Method {
    let parameter = |name: &str| Parameter {
        name: name.to_owned(),
        wire: name.to_owned(),
        location: Location::Path,
        ..Parameter::default()
    };
    Method {
        operation: operation.to_owned(),
        request: RequestShape {
            path: path.to_owned(),
            body: BodyStyle::Json { base: None, wrap: None },
            ..RequestShape::default()
        },
        response: ResponseShape { is_list, ..ResponseShape::default() },
        parameters: vec![parameter("folder"), parameter("file")],
        ..Method::default()
    }
}

#[test]
fn a_list_in_a_thing_is_not_the_thing() {
    assert!(asks_for_one(&method("GetFolder", "/{folder}", false)));
    // A description of one thing that is loose.
    assert!(asks_for_one(&method("GetFolder", "/folders/{folder}", true)));
    assert!(!asks_for_one(&method("ReadFolder", "/{folder}?list-type=2", true)));
    assert!(asks_for_one(&method("GetFolderPolicy", "/{folder}?policy", false)));
    for operation in ["ListFiles", "GET_ListFiles", "files/list-all", "list_files"] {
        assert!(!asks_for_one(&method(operation, "/{folder}", false)), "{operation}");
    }
    assert!(asks_for_one(&method("GetFileList", "/{folder}", false)));
}

#[test]
fn a_code_that_names_what_a_thing_is_in_says_nothing_of_the_thing() {
    let method = method("GetFile", "/{folder}/{file}", false);
    assert!(is_of_a_parent(&method, "NoSuchFolder") && is_of_a_parent(&method, "FolderNotFound"));
    for code in ["NoSuchFile", "FileNotFound", "NotFound", "404", ""] {
        assert!(!is_of_a_parent(&method, code), "{code}");
    }
}
