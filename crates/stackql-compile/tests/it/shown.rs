//! A compiled service as text: what is not as usual, a line a thing.

use std::fmt::Write as _;

use stackql_provider::{
    AnswerFormat, BodyStyle, Carrier, FormStyle, Location, Medium, Method, NarrowingVia, NextPage, Parameter, Resource,
    ServiceSource, Type, TypeRef, Types, ValueStyle,
};

pub(crate) fn shown(source: &ServiceSource) -> String {
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
        let _ = writeln!(out, "  view [{}] {}", view.predicate, view.body);
    }
    let types = &resource.types;
    for column in &resource.columns {
        let also = match column.aliases.is_empty() {
            true => String::new(),
            false => format!(" also {}", column.aliases.join(", ")),
        };
        let _ = writeln!(out, "  column {} ({}) {}{also}", column.name, column.wire, ty(types, column.ty, 0));
    }
    for method in &resource.methods {
        self::method(method, types, out);
    }
}

fn method(method: &Method, types: &Types, out: &mut String) {
    let request = &method.request;
    let carried = match &request.medium {
        Medium::Http => format!("{} {}", request.http_method, request.path),
        Medium::Command { program, arguments } => format!("command {program} {arguments:?}"),
        Medium::Table { schema, name, filters } => format!("table {schema}.{name} by {filters}"),
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
            BodyStyle::Markup { root, attributes, declaration } => format!("xml {root} [{attributes}] [{declaration}]"),
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
        AnswerFormat::Markup => "Xml",
        AnswerFormat::Json => "Json",
    };
    let _ = writeln!(out, "    answer {format} {} rows {}", response.media_type, response.rows.join("/"));
    if let Some(template) = &response.transform {
        let _ = writeln!(out, "    answer by {} {:?}", template.kind, template.body);
    }
    for narrowing in &method.narrowings {
        if let NarrowingVia::Filter { parameter, name, maximum } = &narrowing.via {
            let _ = writeln!(out, "    {} narrows by {parameter} {name}, {maximum} at most", narrowing.column);
        }
    }
    if let Some(paging) = &method.paging {
        let next = match &paging.next {
            NextPage::Token { parameter, answer } => format!("token {parameter} <- {}", carrier(answer)),
            NextPage::Address { answer } => format!("address {}", carrier(answer)),
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
            let always = if size.ask_maximum { " always" } else { "" };
            let _ = writeln!(out, "    size {} to {}{always}", size.parameter, size.maximum);
        }
    }
}

fn carrier(carrier: &Carrier) -> String {
    match carrier {
        Carrier::Body(path) => format!("body {}", path.join("/")),
        Carrier::Header(name) => format!("header {name}"),
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
