//! One operation out of a small document whose shapes are those of a service model.

use std::collections::HashMap;
use std::sync::Arc;

use serde_json::{Value as Json, json};
use stackql_call::Operation;
use stackql_provider::{
    BodyFormat, BodyStyle, ClausePushdown, Column, CountRequest, Endpoints, ErrorRules, ErrorShape, FormStyle, Hint,
    Location, LroPattern, LroRules, Member, Method, NextPage, PageSize, Paging, Parameter, Protocol, Provider,
    RequestShape, Resource, ResponseLocation, ResponseShape, Service, Template, TimeFormat, Type, TypeRef, Types,
    ValueStyle, Verb,
};

/// The operation that `document` describes, and the columns of its rows.
pub(crate) fn operation(document: &Json) -> (Arc<Operation>, Vec<Column>) {
    let query = document["form"] == "indexed member";
    let plain = document["body"].is_object();
    let times = if document["times"] == "unixTimestamp" { TimeFormat::EpochSeconds } else { TimeFormat::Rfc3339 };
    let mut shapes =
        Shapes { model: &document["shapes"], query, plain, times, types: Types::default(), seen: HashMap::new() };
    let completion = document["completion"].is_array().then(|| completion(document, &mut shapes));
    let mut parameters = shapes.parameters(&shapes.model[text(&document["input"])].clone());
    parameters.extend(shapes.parameters(&json!({"members": document["parameters"]})));
    let row = document["row"].as_str().or(document["output"].as_str());
    let read = document["made"].as_str().or(row);
    let columns = read.map(|r| shapes.columns(r)).unwrap_or_default();
    let verb = match text(&document["verb"]) {
        "INSERT" => Verb::Insert,
        "DELETE" => Verb::Delete,
        "UPDATE" => Verb::Update,
        "EXEC" => Verb::Exec,
        _ => Verb::Select,
    };
    let name = text(&document["operation"]).to_owned();
    let method = Method {
        name: name.clone(),
        operation: name.clone(),
        verb,
        description: String::new(),
        parameters,
        request: RequestShape {
            protocol: medium(&document["medium"]),
            http_method: document["method"].as_str().unwrap_or("POST").to_owned(),
            path: document["path"].as_str().unwrap_or("/").to_owned(),
            media_type: document["media_type"].as_str().unwrap_or("application/x-www-form-urlencoded").to_owned(),
            fixed: match document["fixed"].as_object() {
                Some(fixed) => fixed.iter().map(|(n, v)| (n.clone(), text(v).to_owned())).collect(),
                None if document["body"].is_object() => Vec::new(),
                None => {
                    vec![("Action".to_owned(), name), ("Version".to_owned(), text(&document["version"]).to_owned())]
                }
            },
            accept: text(&document["accept"]).to_owned(),
            body: body(&document["body"], query),
            url: document["url"].as_str().map(str::to_owned),
            transform: template(&document["request_template"]),
        },
        response: ResponseShape {
            media_type: "text/xml".to_owned(),
            format: if document["format"] == "json" { BodyFormat::Json } else { BodyFormat::Xml },
            transform: template(&document["template"]),
            siblings: texts(&document["siblings"]),
            outermost: text(&document["outermost"]).to_owned(),
            rows: texts(&document["rows"]),
            row: row.map(|r| shapes.add(r)),
            is_list: document["is_list"].as_bool().unwrap_or_default(),
            error: match document["error"].as_object() {
                Some(_) => ErrorShape {
                    code: texts(&document["error"]["code"]),
                    message: texts(&document["error"]["message"]),
                    request_id: texts(&document["error"]["request_id"]),
                    success_request_id: Vec::new(),
                    request_id_header: document["error"]["request_id_header"].as_str().map(str::to_owned),
                },
                None => ErrorShape {
                    code: path("Errors.Error.Code"),
                    message: path("Errors.Error.Message"),
                    request_id: path("RequestID"),
                    success_request_id: path("requestId"),
                    request_id_header: Some("x-request-id".to_owned()),
                },
            },
        },
        paging: paging(&document["paging"]),
        clause_pushdown: pushdown(&document["count"]),
        lro: completion,
        ..Method::default()
    };
    let name = method.name.clone();
    let resource = Resource {
        name: document["resource"].as_str().unwrap_or("things").to_owned(),
        columns: columns.clone(),
        methods: vec![method],
        types: shapes.types,
        ..Resource::default()
    };
    let endpoints = Endpoints { scope: document["scope"].as_str().map(str::to_owned), ..Endpoints::default() };
    let service = Service { name: "compute".to_owned(), endpoints, ..Service::default() };
    let hint = |(code, text): (&String, &Json)| Hint { code: code.clone(), text: self::text(text).to_owned() };
    let codes = |all: &[&str]| all.iter().map(|code| (*code).to_owned()).collect();
    let errors = ErrorRules {
        not_found: codes(&["*.NotFound"]),
        throttled: codes(&["RequestLimitExceeded", "Throttling*"]),
        clock_skew: codes(&["RequestExpired"]),
        unauthorized: codes(&["AuthFailure", "UnauthorizedOperation"]),
        dry_run: codes(&["DryRunOperation"]),
        hints: document["hints"].as_object().into_iter().flatten().map(hint).collect(),
    };
    let provider = Provider { name: "mock".to_owned(), errors, ..Provider::default() };
    let made = Operation::new(Arc::new(provider), Arc::new(service), Arc::new(resource), &name);
    (Arc::new(made.unwrap()), columns)
}

/// The ways by which what goes on is followed, and the row of what it makes, `made`.
fn completion(document: &Json, shapes: &mut Shapes<'_>) -> LroRules {
    fn part<T: serde::de::DeserializeOwned>(of: &Json) -> T {
        serde_json::from_value(of.clone()).unwrap()
    }
    let way = |way: &Json| LroPattern {
        poll: part(&way["poll"]),
        done: part(&way["done"]),
        failed: part(&way["failed"]),
        error: ErrorShape {
            code: texts(&way["error"]["code"]),
            message: texts(&way["error"]["message"]),
            ..ErrorShape::default()
        },
        label: part(&way["label"]),
        result: part(&way["made"]),
    };
    let made = document["made"].as_str().map(|row| ResponseShape {
        format: BodyFormat::Json,
        row: Some(shapes.add(row)),
        ..ResponseShape::default()
    });
    LroRules { patterns: document["completion"].as_array().into_iter().flatten().map(way).collect(), result: made }
}

/// Rows are counted, and an answer has their number under this name.
fn pushdown(count: &Json) -> Option<ClausePushdown> {
    let answer = vec![count.as_str()?.to_owned()];
    let (parameter, value) = ("$count".to_owned(), "true".to_owned());
    Some(ClausePushdown {
        count: Some(CountRequest { parameter, value, response_path: answer }),
        ..ClausePushdown::default()
    })
}

fn medium(document: &Json) -> Protocol {
    let (command, table) = (&document["command"], &document["table"]);
    if let [program, arguments @ ..] = texts(command).as_slice() {
        let chosen = None;
        return Protocol::Command { program: program.clone(), chosen, arguments: arguments.to_vec() };
    }
    if table.is_object() {
        let part = |name: &str| text(&table[name]).to_owned();
        return Protocol::Table { schema: part("schema"), name: part("name"), filters: part("filters") };
    }
    Protocol::Http
}

fn body(document: &Json, query: bool) -> BodyStyle {
    let own = |value: &Json| value.as_str().map(str::to_owned);
    let (json, xml, graphql) = (&document["json"], &document["xml"], &document["graphql"]);
    if graphql.is_object() {
        let part = |name: &str| text(&graphql[name]).to_owned();
        return BodyStyle::GraphQl { query: part("query"), cursor: part("cursor") };
    }
    if json.is_object() {
        return BodyStyle::Json { base: own(&json["base"]), wrap: own(&json["wrap"]) };
    }
    if xml.is_object() {
        let part = |name: &str| text(&xml[name]).to_owned();
        return BodyStyle::Xml { root: part("root"), attributes: part("attributes"), declaration: part("declaration") };
    }
    BodyStyle::Form(if query { FormStyle::IndexedMember } else { FormStyle::Indexed })
}

fn template(document: &Json) -> Option<Template> {
    let body = document["body"].as_str()?.to_owned();
    Some(Template { kind: text(&document["kind"]).to_owned(), body })
}

fn paging(document: &Json) -> Option<Paging> {
    if !document.is_object() {
        return None;
    }
    let parameter = text(&document["parameter"]).to_owned();
    let number = |v: &Json| u32::try_from(v.as_u64().unwrap()).unwrap();
    let size = document["size"].is_object().then(|| PageSize {
        parameter: text(&document["size"]["parameter"]).to_owned(),
        minimum: number(&document["size"]["minimum"]),
        maximum: number(&document["size"]["maximum"]),
        request_maximum: document["size"]["ask_maximum"] == true,
        excludes: texts(&document["size"]["excludes"]),
    });
    let carrier = |of: &Json| match of.as_str() {
        Some(header) => ResponseLocation::Header(header.to_owned()),
        None => ResponseLocation::Body(texts(of)),
    };
    let answer = &document["answer"];
    let next = match text(&document["by"]) {
        "address" => NextPage::Address { answer: carrier(answer), guessed: false },
        "number" => {
            let last = (!document["last"].is_null()).then(|| carrier(&document["last"]));
            NextPage::Number {
                parameter,
                first: document["first"].as_u64().map_or(1, |n| u32::try_from(n).unwrap()),
                last,
            }
        }
        "offset" => NextPage::Offset { parameter },
        "cursor" => NextPage::Cursor {
            answer: carrier(answer),
            more: (!document["more"].is_null()).then(|| carrier(&document["more"])),
            full: document["full"].as_u64().map(|n| u32::try_from(n).unwrap()),
        },
        _ => NextPage::Token { parameter, answer: carrier(answer) },
    };
    Some(Paging { next, size })
}

fn style(name: &str) -> ValueStyle {
    match name {
        "joined" => ValueStyle::Joined,
        "deep" => ValueStyle::Deep,
        "indexed" => ValueStyle::Indexed,
        "slashed" => ValueStyle::Slashed,
        _ => ValueStyle::Exploded,
    }
}

struct Shapes<'a> {
    model: &'a Json,
    query: bool,
    /// Names in requests are those on the wire.
    plain: bool,
    /// How times are written that do not say it.
    times: TimeFormat,
    types: Types,
    seen: HashMap<String, TypeRef>,
}

impl Shapes<'_> {
    fn add(&mut self, name: &str) -> TypeRef {
        if let Some(known) = self.seen.get(name) {
            return *known;
        }
        let at = self.types.push(Type::Any);
        self.seen.insert(name.to_owned(), at);
        let shape = &self.model[name];
        let ty = match text(&shape["type"]) {
            "string" => Type::String,
            "integer" | "long" => Type::Integer,
            "float" | "double" => Type::Number,
            "boolean" => Type::Boolean,
            "timestamp" => Type::Timestamp(time(shape).unwrap_or(self.times)),
            "blob" => Type::Blob,
            "list" => {
                let item = self.add(text(&shape["member"]["shape"]));
                let item_wire = shape["member"]["locationName"].as_str().unwrap_or("member");
                Type::List { item, item_wire: Some(item_wire.to_owned()), flattened: shape["flattened"] == true }
            }
            "map" => Type::Map { value: self.add(text(&shape["value"]["shape"])) },
            "structure" if shape["document"] == true => Type::Any,
            "structure" => {
                let mut members = Vec::new();
                for (name, member) in shape["members"].as_object().into_iter().flatten() {
                    members.push(Member {
                        name: name.clone(),
                        wire: wire(name, member),
                        request_wire: self.request_wire(name, member),
                        ty: self.member(member),
                        required: texts(&shape["required"]).contains(name),
                        idempotency_token: member["idempotencyToken"] == true,
                        time_format: time(member),
                        ..Member::default()
                    });
                }
                Type::Structure { members }
            }
            _ => Type::Any,
        };
        self.types.set(at, ty);
        at
    }

    /// The shape of a member; where the member itself says that a list is flattened, a shape of its own.
    fn member(&mut self, member: &Json) -> TypeRef {
        let ty = self.add(text(&member["shape"]));
        match self.types.get(ty).clone() {
            Type::List { item, item_wire, .. } if member["flattened"] == true => {
                self.types.push(Type::List { item, item_wire, flattened: true })
            }
            _ => ty,
        }
    }

    fn request_wire(&self, name: &str, member: &Json) -> String {
        let wire = wire(name, member);
        match member["queryName"].as_str() {
            Some(name) => name.to_owned(),
            None if self.query => wire,
            None if self.plain => wire,
            None => wire[..1].to_uppercase() + &wire[1..],
        }
    }

    fn parameters(&mut self, shape: &Json) -> Vec<Parameter> {
        let required = texts(&shape["required"]);
        let mut out = Vec::new();
        for (name, member) in shape["members"].as_object().into_iter().flatten() {
            let limits = &self.model[text(&member["shape"])];
            let location = match text(&member["location"]) {
                "uri" => Location::Path,
                "querystring" => Location::Query,
                "header" => Location::Header,
                "server" => Location::Server,
                _ => Location::Body,
            };
            let in_body = location == Location::Body;
            out.push(Parameter {
                name: name.clone(),
                wire: if in_body { self.request_wire(name, member) } else { wire(name, member) },
                location,
                ty: self.member(member),
                required: required.contains(name),
                idempotency_token: member["idempotencyToken"] == true,
                minimum: limits["min"].as_i64(),
                maximum: limits["max"].as_i64(),
                time_format: time(member),
                style: style(text(&member["style"])),
                default: member["default"].as_str().map(str::to_owned),
                ..Parameter::default()
            });
        }
        out
    }

    fn columns(&mut self, row: &str) -> Vec<Column> {
        if self.model[row]["type"] != "structure" {
            let ty = self.add(row);
            return vec![Column { name: "value".to_owned(), ty, ..Column::default() }];
        }
        let members = self.model[row]["members"].as_object().into_iter().flatten();
        let column = |(name, member): (&String, &Json)| Column {
            name: name.clone(),
            wire: wire(name, member),
            ty: self.member(member),
            ..Column::default()
        };
        members.map(column).collect()
    }
}

fn wire(name: &str, member: &Json) -> String {
    member["locationName"].as_str().unwrap_or(name).to_owned()
}

fn time(of: &Json) -> Option<TimeFormat> {
    match of["timestampFormat"].as_str()? {
        "rfc822" => Some(TimeFormat::HttpDate),
        "unixTimestamp" => Some(TimeFormat::EpochSeconds),
        _ => Some(TimeFormat::Rfc3339),
    }
}

fn path(dotted: &str) -> Vec<String> {
    dotted.split('.').map(str::to_owned).collect()
}

pub(crate) fn text(value: &Json) -> &str {
    value.as_str().unwrap_or_default()
}

fn texts(value: &Json) -> Vec<String> {
    value.as_array().into_iter().flatten().map(|v| text(v).to_owned()).collect()
}
