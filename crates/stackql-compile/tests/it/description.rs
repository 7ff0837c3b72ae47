//! A compiled service as text: what is not as usual, a line a thing.

use std::fmt::Write as _;

use stackql_provider::{
    BodyFormat, BodyStyle, Clause, ClausePushdown, CountRequest, FormStyle, Inverse, Location, LroRules, Method,
    NextPage, Parameter, Permissions, Poll, PredicateEncoding, Protocol, Resource, ResponseLocation, ResultLocation,
    Retry, RowLimit, ServiceSource, StatusCondition, Type, TypeRef, Types, ValueStyle,
};

pub(crate) fn describe_source(source: &ServiceSource) -> String {
    let mut out = String::new();
    let service = &source.service;
    let _ = writeln!(out, "service {} ({})", service.name, service.title);
    for partition in &service.endpoints.partitions {
        let urls: Vec<&str> = partition.templates.iter().map(|(_, url)| url.as_str()).collect();
        let _ = writeln!(out, "  at {} {}", urls.join(" "), partition.members.join(" "));
    }
    let auth = &service.auth;
    let context = auth.context.as_deref().unwrap_or("-");
    let _ = writeln!(out, "  auth {} {} {context}", auth.scheme, auth.signing_name.as_deref().unwrap_or("-"));
    for resource in &source.resources {
        self::resource(resource, &mut out);
    }
    out.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

fn resource(resource: &Resource, out: &mut String) {
    let _ = writeln!(out, "resource {}", resource.name);
    for view in &resource.views {
        let dialect = view.dialect.map_or_else(|| "any".to_owned(), |dialect| format!("{dialect:?}"));
        let _ = writeln!(out, "  view [{dialect}: {}] {}", view.required.join(", "), view.body);
    }
    let types = &resource.types;
    for column in &resource.columns {
        let also = match column.aliases.is_empty() {
            true => String::new(),
            false => format!(" also {}", column.aliases.join(", ")),
        };
        let said = column.stated.as_ref().map(|stated| format!(" said to be '{stated}'")).unwrap_or_default();
        let _ = writeln!(out, "  column {} ({}) {}{also}{said}", column.name, column.wire, ty(types, column.ty, 0));
    }
    for method in &resource.methods {
        self::method(method, types, out);
    }
}

fn method(method: &Method, types: &Types, out: &mut String) {
    let request = &method.request;
    let carried = match &request.protocol {
        Protocol::Http => format!("{} {}", request.http_method, request.path),
        Protocol::Command { program, chosen: None, arguments } => format!("command {program} {arguments:?}"),
        Protocol::Command { program, chosen: Some(chosen), arguments } => {
            format!("command {program} or {chosen} {arguments:?}")
        }
        Protocol::Table { schema, name, filters } => format!("table {schema}.{name} by {filters}"),
    };
    let _ = writeln!(out, "  {} {} <- {carried}", method.verb.keyword(), method.name);
    let _ = writeln!(out, "    requires {}", method.required().join(", "));
    if let Some(url) = &request.url {
        let _ = writeln!(out, "    at {url}");
    }
    for (name, value) in &request.fixed {
        let _ = writeln!(out, "    fixed {name}={value}");
    }
    if !request.media_type.is_empty() {
        let body = match &request.body {
            BodyStyle::Form(FormStyle::Indexed) => "form".to_owned(),
            BodyStyle::Form(FormStyle::IndexedMember) => "form with members".to_owned(),
            BodyStyle::Json { base, wrap } => {
                format!("json base {} wrap {}", base.as_deref().unwrap_or("-"), wrap.as_deref().unwrap_or("-"))
            }
            BodyStyle::GraphQl { query, cursor } => format!("graphql {query:?} cursor {cursor:?}"),
            BodyStyle::Xml { root, attributes, declaration } => format!("xml {root} [{attributes}] [{declaration}]"),
        };
        let _ = writeln!(out, "    body {} {body}", request.media_type);
    }
    if let Some(template) = &request.transform {
        let _ = writeln!(out, "    body by {} {:?}", template.kind, template.body);
    }
    for parameter in &method.parameters {
        self::parameter(parameter, types, out);
    }
    let response = &method.response;
    let format = match response.format {
        BodyFormat::Xml => "Xml",
        BodyFormat::Json => "Json",
    };
    let _ = writeln!(out, "    answer {format} {} rows {}", response.media_type, response.rows.join("/"));
    if let Some(template) = &response.transform {
        let _ = writeln!(out, "    answer by {} {:?}", template.kind, template.body);
    }
    for narrowing in &method.predicate_pushdowns {
        if let PredicateEncoding::Filter { parameter, name, maximum } = &narrowing.encoding {
            let _ = writeln!(out, "    {} narrows by {parameter} {name}, {maximum} at most", narrowing.column);
        }
    }
    if let Some(paging) = &method.paging {
        let next = match &paging.next {
            NextPage::Token { parameter, answer } => format!("token {parameter} <- {}", carrier(answer)),
            NextPage::Address { answer, guessed } => {
                format!("address {}{}", carrier(answer), if *guessed { ", as is usual" } else { "" })
            }
            NextPage::Number { parameter, first, last } => {
                format!("number {parameter} from {first} to {}", last.as_ref().map(carrier).unwrap_or_default())
            }
            NextPage::Offset { parameter } => format!("offset {parameter}"),
            NextPage::Cursor { answer, more, full } => {
                let more = more.as_ref().map(|more| format!(" while {}", carrier(more))).unwrap_or_default();
                let full = full.map(|full| format!(" pages of {full}")).unwrap_or_default();
                format!("cursor {}{more}{full}", carrier(answer))
            }
        };
        let _ = writeln!(out, "    next {next}");
        if let (Some(size), NextPage::Cursor { .. } | NextPage::Offset { .. }) = (&paging.size, &paging.next) {
            let always = if size.request_maximum { " always" } else { "" };
            let _ = writeln!(out, "    size {} to {}{always}", size.parameter, size.maximum);
        }
    }
    if let Some(pushdown) = &method.clause_pushdown {
        self::pushdown(pushdown, out);
    }
    if let Some(completion) = &method.lro {
        self::completion(completion, types, out);
    }
    if let Some(Inverse { resource, method, tokens }) = &method.inverse {
        let token = |(name, at): &(String, ResponseLocation)| format!(" {name} <- {}", carrier(at));
        let _ = writeln!(out, "    undone by {resource}.{method}{}", tokens.iter().map(token).collect::<String>());
    }
    if let Some(Retry { attempts, first_wait, factor, longest_wait, jitter, http_methods, statuses }) = &method.retry {
        let (methods, statuses) = (http_methods.join(" "), statuses.iter().map(u16::to_string).collect::<Vec<_>>());
        let waits = format!("{first_wait} ms by {factor} to {longest_wait} ms, jitter {jitter}");
        let _ = writeln!(out, "    sent {attempts} times, {waits}: {methods} behind {}", statuses.join(" "));
    }
    for secret in &method.secrets {
        let parent = secret.parent.as_ref().map(|parent| format!(" in {parent}")).unwrap_or_default();
        let _ = writeln!(out, "    secret {}{parent}", secret.name);
    }
    let Permissions { names, any } = &method.permissions;
    if !names.is_empty() {
        let _ = writeln!(out, "    allowed {}{}", if *any { "any of " } else { "" }, names.join(" "));
    }
}

fn pushdown(pushdown: &ClausePushdown, out: &mut String) {
    let ClausePushdown { select, filter, order, top, skip, count } = pushdown;
    for (what, clause) in [("select", select), ("filter", filter), ("order", order)] {
        let Some(Clause { parameter, columns, operators }) = clause else { continue };
        let all = |names: &Option<Vec<String>>| names.as_ref().map_or("any".to_owned(), |names| names.join(" "));
        let _ = writeln!(out, "    {what} by {parameter} columns {} operators {}", all(columns), all(operators));
    }
    for (what, bound) in [("top", top), ("skip", skip)] {
        let Some(RowLimit { parameter, maximum, per_page: of_page }) = bound else { continue };
        let maximum = maximum.map(|most| format!(" to {most}")).unwrap_or_default();
        let _ = writeln!(out, "    {what} by {parameter}{maximum}{}", if *of_page { " of a page" } else { "" });
    }
    if let Some(CountRequest { parameter, value, response_path: answer }) = count {
        let _ = writeln!(out, "    count by {parameter}={value} <- {}", answer.join("/"));
    }
}

fn completion(completion: &LroRules, types: &Types, out: &mut String) {
    let path = |path: &[String]| path.join("/");
    for way in &completion.patterns {
        let poll = match &way.poll {
            Poll::Link(link) => format!("link {}", path(link)),
            Poll::Name { name, below } => format!("name {} below {}", path(name), below.as_deref().unwrap_or("-")),
            Poll::Operation { path: at, headers, token: (member, token) } => {
                let headers: Vec<String> = headers.iter().map(|(name, value)| format!("{name}={value}")).collect();
                format!("{at} {} {member}={}", headers.join(" "), path(token))
            }
            Poll::Header(name) => format!("header {name}"),
            Poll::Accepted(name) => format!("header {name} while accepted"),
        };
        let made = match &way.result {
            ResultLocation::None => "nothing".to_owned(),
            ResultLocation::Response => "the answer".to_owned(),
            ResultLocation::Member(member) => format!("member {}", path(member)),
            ResultLocation::Link(link) => format!("link {}", path(link)),
            ResultLocation::Same => "where it was written".to_owned(),
            ResultLocation::Header(name) => format!("header {name}"),
        };
        let _ = writeln!(out, "    awaits {poll}, made {made}");
        // What follows from a header is always the same.
        let is_by_header = matches!(way.poll, Poll::Header(_) | Poll::Accepted(_));
        if !is_by_header {
            let (done, failed) = (condition(&way.done), condition(&way.failed));
            let _ = writeln!(out, "      done {done} failed {failed}");
        }
    }
    if let Some(made) = &completion.result {
        let row = made.row.map_or("as the table's rows".to_owned(), |row| ty(types, row, 0));
        let _ = writeln!(out, "      made {} {row}", made.media_type);
    }
}

fn condition(of: &StatusCondition) -> String {
    let joined =
        |parts: &[StatusCondition], by: &str| format!("({})", parts.iter().map(condition).collect::<Vec<_>>().join(by));
    let value = |value: &Option<String>| value.as_ref().map_or("null".to_owned(), |value| format!("'{value}'"));
    match of {
        StatusCondition::Is(path, is) => format!("{} == {}", path.join("/"), value(is)),
        StatusCondition::IsNot(path, is) => format!("{} != {}", path.join("/"), value(is)),
        StatusCondition::Answered => "answered".to_owned(),
        StatusCondition::All(parts) => joined(parts, " && "),
        StatusCondition::Any(parts) => joined(parts, " || "),
    }
}

fn carrier(carrier: &ResponseLocation) -> String {
    match carrier {
        ResponseLocation::Body(path) => format!("body {}", path.join("/")),
        ResponseLocation::Header(name) => format!("header {name}"),
    }
}

fn parameter(parameter: &Parameter, types: &Types, out: &mut String) {
    let place = match parameter.location {
        Location::Body => "body",
        Location::Query => "query",
        Location::Path => "path",
        Location::Header => "header",
        Location::Server => "server",
    };
    let usual = match parameter.location {
        Location::Path => ValueStyle::Slashed,
        Location::Header => ValueStyle::Joined,
        _ => ValueStyle::Exploded,
    };
    let mut line = format!("    {place} {} ({}) {}", parameter.name, parameter.wire, ty(types, parameter.ty, 0));
    if !parameter.aliases.is_empty() {
        let _ = write!(line, " also {}", parameter.aliases.join(", "));
    }
    if parameter.implied {
        line.push_str(" implied");
    }
    if parameter.is_exact {
        line.push_str(" in this spelling");
    }
    if parameter.style != usual {
        let _ = write!(line, " {:?}", parameter.style);
    }
    for (what, value) in [("default", &parameter.default), ("from", &parameter.environment)] {
        if let Some(value) = value {
            let _ = write!(line, " {what} {value}");
        }
    }
    let _ = writeln!(out, "{line}");
}

fn ty(types: &Types, at: TypeRef, depth: usize) -> String {
    if depth > 4 {
        return "…".to_owned();
    }
    match types.get(at) {
        Type::List { item, item_wire, flattened } => {
            let wire = item_wire.as_deref().map(|w| format!(" <{w}>")).unwrap_or_default();
            format!("[{}{wire}{}]", ty(types, *item, depth + 1), if *flattened { " flat" } else { "" })
        }
        Type::Map { value } => format!("map of {}", ty(types, *value, depth + 1)),
        Type::Structure { members } => {
            let member = |m: &stackql_provider::Member| format!("{}: {}", m.wire, ty(types, m.ty, depth + 1));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(", "))
        }
        Type::Any => "any".to_owned(),
        Type::Timestamp(_) => "time".to_owned(),
        plain => plain.label().to_owned(),
    }
}
