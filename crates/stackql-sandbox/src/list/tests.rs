use super::filter::{Filter, filters_from_form, values};
use super::*;

fn row(xml: &str) -> Element {
    Element::parse(xml).unwrap()
}

fn filter(name: &str, values: &[&str]) -> Filter {
    Filter { name: name.to_owned(), values: values.iter().map(|v| (*v).to_owned()).collect() }
}

#[test]
fn filters_are_read() {
    let form = Form::read(["Filter.1.Name=vpc-id&Filter.1.Value.1=a&Filter.1.Value.2=b&Filter.2.Name=x"]);
    assert_eq!(filters_from_form(&form), [filter("vpc-id", &["a", "b"]), filter("x", &[])]);
}

#[test]
fn the_services_see_exact_states_alone() {
    let texts = ["Action=A&MaxResults=5&NextToken=x&Filter.1.Name=state&Filter.1.Value.1=a*&Filter.2.Name=x"];
    assert_eq!(whole(&Form::read(texts)), Form::read(["Action=A"]));
    let texts = ["Action=A&Filter.1.Name=x&Filter.1.Value.1=y&Filter.2.Name=state&Filter.2.Value.1=a"];
    assert_eq!(whole(&Form::read(texts)), Form::read(["Action=A&Filter.1.Name=state&Filter.1.Value.1=a"]));
}

#[test]
fn rows_pass_by_paths_tags_and_patterns() {
    let row = row(
        "<item><vpcId>v-1</vpcId><attachment><instanceId>i-1</instanceId></attachment><groupSet><item><groupId>g-1</groupId></item><item><groupId>g-2</groupId></item></groupSet><cidrBlock>10.0.0.0/8</cidrBlock><tagSet><item><key>env</key><value>a*b</value></item></tagSet><instancesSet><item><instanceState><name>on</name></instanceState></item></instancesSet></item>",
    );
    let passing = [
        ("vpc-id", "v-1"),
        ("vpc-id", "v-*"),
        ("vpc-id", "?-1"),
        ("vpcId", "*1*"),
        ("attachment.instance-id", "i-1"),
        ("group.group-id", "g-2"),
        ("group-id", "g-1"),
        ("cidr", "10.*"),
        ("instance-state-name", "on"),
        ("tag:env", "a*b"),
        ("tag:env", r"a\*b"),
        ("tag-key", "env"),
    ];
    for (name, value) in passing {
        assert!(filter(name, &["no", value]).passes(&row), "{name}={value}");
    }
    let failing = [("vpc-id", "v-"), ("vpc-id", "?v-1"), ("tag:env", r"a\?b"), ("tag:other", "a*b"), ("nosuch", "*")];
    for (name, value) in failing {
        assert!(!filter(name, &[value]).passes(&row), "{name}={value}");
    }
    assert_eq!(values(&row, "group.group-id"), ["g-1", "g-2"]);
}

#[test]
fn filters_are_joined_by_and() {
    let rows = || {
        row(
            "<r><vpcSet><item><vpcId>a</vpcId><state>x</state></item><item><vpcId>b</vpcId><state>x</state></item></vpcSet></r>",
        )
    };
    let left = |form: &str| {
        let mut answer = rows();
        narrow("DescribeOthers", &Form::read([form]), &mut answer).unwrap();
        answer.children[0].children.iter().map(|r| r.text_of("vpcId").to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(left("Filter.1.Name=state&Filter.1.Value.1=x&Filter.2.Name=vpc-id&Filter.2.Value.1=b"), ["b"]);
    assert_eq!(left("Filter.1.Name=state&Filter.1.Value.1=y&Filter.1.Value.2=x"), ["a", "b"]);
    assert_eq!(left("Filter.1.Name=state"), [""; 0]);
}

#[test]
fn ids_and_filters_must_be_known() {
    let answer = "<r><vpcSet><item><vpcId>a</vpcId></item></vpcSet></r>";
    let code = |form: &str| narrow("DescribeVpcs", &Form::read([form]), &mut row(answer)).map_err(|e| e.code);
    assert_eq!(code("VpcId.1=a"), Ok(()));
    assert_eq!(code("VpcId.1=a&VpcId.2=b"), Err("InvalidVpcID.NotFound".to_owned()));
    let code =
        |kind, name: &str| check(kind, &Form::read([format!("Filter.1.Name={name}").as_str()])).map_err(|e| e.code);
    assert_eq!(code(&resource_kind::SESSION, "session-number"), Ok(()));
    assert_eq!(code(&resource_kind::SESSION, "tag:x"), Ok(()));
    assert_eq!(code(&resource_kind::SESSION, "sessionNumber"), Err("InvalidParameterValue".to_owned()));
    assert_eq!(code(&resource_kind::VPC, "anything"), Ok(()));
}

fn list(numbers: impl Iterator<Item = u32>) -> Element {
    let item = |n: u32| Element::with_children("item", [Element::leaf("vpcId", format!("vpc-{n:08x}"))]);
    Element::with_children("r", [Element::with_children("vpcSet", numbers.map(item))])
}

/// The ids of a page, and the token of the next.
fn page(mut answer: Element, size: usize, token: Option<&str>) -> (Vec<String>, Option<String>) {
    let form = Form::default().with("MaxResults", size.to_string());
    let form = token.into_iter().fold(form, |form, token| form.with("NextToken", token));
    narrow("DescribeVpcs", &form, &mut answer).unwrap();
    let ids = answer.child("vpcSet").unwrap().children.iter().map(|row| row.text_of("vpcId").to_owned()).collect();
    (ids, answer.child("nextToken").map(|token| token.text.clone()))
}

#[test]
fn pages_are_the_list_in_order() {
    let all: Vec<String> = (10..23).map(|n| format!("vpc-{n:08x}")).collect();
    for size in [5, 6, 12, 13, 14, 1000] {
        let mut seen = Vec::new();
        let mut next = None;
        loop {
            let (ids, token) = page(list((10..23).rev()), size, next.as_deref());
            assert!(ids.len() <= size);
            seen.extend(ids);
            next = token;
            if next.is_none() {
                break;
            }
        }
        assert_eq!(seen, all, "in pages of {size}");
    }
}

#[test]
fn rows_deleted_between_pages_move_no_others() {
    let (first, token) = page(list(0..12), 5, None);
    let (second, _) = page(list(5..12), 5, token.as_deref());
    assert_eq!((first[4].as_str(), second[0].as_str()), ("vpc-00000004", "vpc-00000005"));
}

#[test]
fn what_asks_for_no_page_is_refused() {
    let code = |text: &str| narrow("DescribeVpcs", &Form::read([text]), &mut list(0..9)).unwrap_err().code;
    for size in ["0", "4", "1001", "many", "-1"] {
        assert_eq!(code(&format!("MaxResults={size}")), "InvalidParameterValue");
    }
    let other = token_after("DescribeSubnets", &mut list(0..3));
    for token in ["", "page-5", "0000000000", "ü", other.as_str()] {
        assert_eq!(code(&format!("NextToken={token}")), "InvalidNextToken", "{token}");
    }
    let (_, token) = page(list(0..9), 5, Some(&token_after("DescribeVpcs", &mut list(0..3))));
    assert!(token.is_some());
}
