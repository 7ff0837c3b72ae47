//! Compiles service models of AWS to a provider; derives resources from operations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use stackql_provider::{
    Acceptor, Auth, BodyStyle, ClassicPage, Column, Endpoints, ErrorRules, ErrorShape, FormStyle, Hint, Location,
    Method, NextPage, Outcome, PageSize, Paging, Parameter, Permissions, Provider, ProviderSource, RequestShape,
    Resource, ResourceEntry, ResponseLocation, ResponseShape, Service, ServiceSource, Verb, Waiter,
};

use crate::model::{self, Model};
use crate::overlay::{Overlays, ServiceChoices};
use crate::shapes::{ShapeCompiler, request_wire, text, time, wire};
use crate::{Error, endpoints, manifest, naming, predicates, rows, secrets};

/// Page sizes for operations whose model states none.
const MIN_RESULTS: u32 = 5;
const MAX_RESULTS: u32 = 100;

/// Compiles the models below `models`, laid out as `<service>/<version>/service-2.json`. An empty `services` selects
/// all services whose protocol is `ec2` or `query`. `overlays` are the manual choices; `facts_only` omits descriptions.
///
/// # Errors
///
/// A file cannot be read or parsed, a named service does not exist, or its protocol is not supported.
pub fn aws<'a>(
    models: &Path,
    services: &[String],
    overlays: impl Into<Overlays<'a>>,
    facts_only: bool,
) -> Result<ProviderSource, Error> {
    let (choices, overlay) = overlays.into().read()?;
    let scope = choices.scopes.first().map(|s| s.name.as_str());
    let places = model::read(models, "endpoints.json")?.unwrap_or(Value::Null);
    let names = match services {
        [] => model::services(models)?,
        wanted => model::service_folders(models, wanted)?,
    };
    let none = ServiceChoices::default();
    let mut out = Vec::new();
    for name in names {
        let model = model::model(models, &name)?;
        if matches!(text(&model.service["metadata"]["protocol"]), "ec2" | "query") {
            let hosts = endpoints::endpoints(&places, &model.service["metadata"], scope);
            let own = overlay.services.get(&name).unwrap_or(&none);
            out.push(service(&model, hosts, own, &choices.permission, facts_only));
        } else if !services.is_empty() {
            let reason = "its protocol is neither ec2 nor query".to_owned();
            return Err(Error::Invalid { path: models.join(&name).display().to_string(), reason });
        }
    }
    out.sort_by(|a, b| a.service.name.cmp(&b.service.name));
    let e = overlay.errors;
    let provider = Provider {
        name: "aws".into(),
        version: manifest::version_of(models)?,
        title: choices.title,
        scopes: choices.scopes,
        errors: ErrorRules {
            not_found: e.not_found,
            throttled: e.throttled,
            clock_skew: e.clock_skew,
            unauthorized: e.unauthorized,
            dry_run: e.rehearsed,
            hints: e.hints.into_iter().map(|(code, text)| Hint { code, text }).collect(),
        },
        ..Provider::default()
    };
    Ok(ProviderSource { provider, services: out })
}

fn service(
    model: &Model,
    endpoints: Endpoints,
    choices: &ServiceChoices,
    permission: &str,
    facts_only: bool,
) -> ServiceSource {
    let metadata = &model.service["metadata"];
    let operations: Vec<(&String, &Value)> = model.service["operations"].as_object().into_iter().flatten().collect();
    let nouns: BTreeSet<&str> = operations.iter().map(|(n, _)| naming::split(n).1).collect();
    let mut groups: BTreeMap<String, Vec<(&str, &Value)>> = BTreeMap::new();
    for (name, operation) in &operations {
        let noun = naming::split(name).1;
        let plural = format!("{noun}s");
        let resource = naming::snake(if nouns.contains(plural.as_str()) { &plural } else { noun });
        groups.entry(resource).or_default().push((name.as_str(), *operation));
    }
    let build = |(name, group): (String, Vec<(&str, &Value)>)| {
        Build { model, choices, permission, facts_only }.resource(name, &group)
    };
    let mut resources: Vec<Resource> = groups.into_iter().map(build).collect();
    resources.extend(choices.page_only.iter().map(|n| Resource { name: n.clone(), ..Resource::default() }));
    resources.sort_by(|a, b| a.name.cmp(&b.name));
    let entry = |r: &Resource| ResourceEntry { name: r.name.clone(), page_only: choices.page_only.contains(&r.name) };
    let prefix = text(&metadata["endpointPrefix"]);
    let signing = metadata["signingName"].as_str().unwrap_or(prefix);
    let service = Service {
        name: model.name.clone(),
        version: model.version.clone(),
        title: text(&metadata["serviceFullName"]).to_owned(),
        description: prose(&model.service["documentation"], facts_only),
        endpoints,
        auth: Auth { scheme: "aws_signing_v4".into(), signing_name: Some(signing.to_owned()), context: None },
        resources: resources.iter().map(entry).collect(),
    };
    ServiceSource { service, resources }
}

struct Build<'a> {
    model: &'a Model,
    choices: &'a ServiceChoices,
    /// Pattern for the name of an operation's permission.
    permission: &'a str,
    facts_only: bool,
}

impl Build<'_> {
    /// The permission that an operation requires.
    fn permissions(&self, operation: &str) -> Permissions {
        let metadata = &self.model.service["metadata"];
        let signing = metadata["signingName"].as_str().unwrap_or(text(&metadata["endpointPrefix"]));
        let service = self.choices.permitted_as.as_deref().unwrap_or(signing);
        let name = self.permission.replace("{service}", service).replace("{operation}", operation);
        Permissions { names: Some(name).filter(|n| !n.is_empty()).into_iter().collect(), any: false }
    }

    fn resource(&self, name: String, group: &[(&str, &Value)]) -> Resource {
        let query = text(&self.model.service["metadata"]["protocol"]) == "query";
        let mut shapes = ShapeCompiler::new(&self.model.service, query);
        let mut out = Resource { name, ..Resource::default() };
        for (operation, facts) in group {
            self.method(&mut out, &mut shapes, operation, facts);
        }
        let order = |m: &Method| (m.verb, m.name.clone());
        out.methods.sort_by_key(order);
        out.waiters = self.waiters(group);
        out.types = shapes.types;
        out
    }

    fn method(&self, resource: &mut Resource, shapes: &mut ShapeCompiler<'_>, operation: &str, facts: &Value) {
        let model = &self.model.service;
        let (word, noun) = naming::split(operation);
        let name = format!("{}_{word}", naming::snake(noun));
        let verb = if self.choices.updates.contains(&name) { Verb::Update } else { naming::verb(word) };
        let input = &model["shapes"][text(&facts["input"]["shape"])];
        let output = text(&facts["output"]["shape"]);
        let (parameters, filters) = self.parameters(shapes, input);
        let item_name = if shapes.query { "member" } else { "item" };
        let found = if verb == Verb::Select {
            let choice = self.choices.rows.get(&resource.name).map(String::as_str);
            rows::select(model, output, &resource.name, choice, item_name)
        } else {
            rows::change(model, output, item_name)
        };
        let row = (!output.is_empty()).then(|| shapes.add(&found.shape));
        let mut narrowings = Vec::new();
        if verb == Verb::Select {
            let columns = match &found.scalar {
                Some(name) => {
                    let ty = shapes.add(&found.shape);
                    vec![Column { name: name.clone(), ty, ..Column::default() }]
                }
                None => self.columns(shapes, &found.shape),
            };
            let unlike = self.choices.unlike_filters.get(&resource.name).map_or(&[][..], Vec::as_slice);
            narrowings = predicates::predicate_pushdowns(&columns, &parameters, &filters, unlike, &shapes.types);
            if resource.columns.is_empty() {
                resource.columns = columns;
                let classic = found.classic.as_ref();
                resource.classic = classic.map(|s| ClassicPage { columns: self.columns(shapes, s) });
            }
        }
        let wrapper = facts["output"]["resultWrapper"].as_str().map(str::to_owned);
        let below = |path: Vec<String>| wrapper.iter().cloned().chain(path).collect::<Vec<_>>();
        resource.methods.push(Method {
            name,
            operation: operation.to_owned(),
            verb,
            description: prose(&facts["documentation"], self.facts_only),
            permissions: self.permissions(operation),
            paging: self.paging(operation, input, output, &parameters, &below),
            parameters,
            request: RequestShape {
                http_method: facts["http"]["method"].as_str().unwrap_or("POST").to_owned(),
                path: facts["http"]["requestUri"].as_str().unwrap_or("/").to_owned(),
                media_type: "application/x-www-form-urlencoded".into(),
                fixed: vec![
                    ("Action".into(), operation.to_owned()),
                    ("Version".into(), text(&model["metadata"]["apiVersion"]).to_owned()),
                ],
                body: BodyStyle::Form(if shapes.query { FormStyle::IndexedMember } else { FormStyle::Indexed }),
                ..RequestShape::default()
            },
            response: ResponseShape {
                media_type: "text/xml".into(),
                outermost: format!("{operation}Response"),
                rows: below(found.path),
                row,
                error: error_shape(shapes.query),
                ..ResponseShape::default()
            },
            predicate_pushdowns: narrowings,
            secrets: secrets::shape_secrets(model, shapes.query, text(&facts["input"]["shape"]), output),
            ..Method::default()
        });
    }

    fn columns(&self, shapes: &mut ShapeCompiler<'_>, shape: &str) -> Vec<Column> {
        let model = &self.model.service;
        let mut out = Vec::new();
        for (name, member) in model["shapes"][shape]["members"].as_object().into_iter().flatten() {
            let wire = wire(name, member);
            let of_shape = prose(&model["shapes"][text(&member["shape"])]["documentation"], self.facts_only);
            let mut description =
                if of_shape.is_empty() { prose(&member["documentation"], self.facts_only) } else { of_shape };
            description.push_str(&prose(&member["deprecatedMessage"], self.facts_only));
            out.push(Column {
                name: wire.clone(),
                wire,
                ty: shapes.add(text(&member["shape"])),
                description,
                ..Column::default()
            });
        }
        out
    }

    fn parameters(&self, shapes: &mut ShapeCompiler<'_>, input: &Value) -> (Vec<Parameter>, Vec<String>) {
        let required: Vec<&str> =
            input["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        let (mut out, mut filters) = (Vec::new(), Vec::new());
        for (member_name, member) in input["members"].as_object().into_iter().flatten() {
            let shape = text(&member["shape"]);
            let limits = &self.model.service["shapes"][shape];
            let source = member["queryName"].as_str().map_or_else(|| wire(member_name, member), str::to_owned);
            let name = naming::capital(&source);
            if name == "Filter" {
                filters = predicates::filter_names(member);
            }
            out.push(Parameter {
                aliases: if *member_name == name { Vec::new() } else { vec![member_name.clone()] },
                name,
                wire: request_wire(member_name, member, shapes.query),
                location: Location::Body,
                ty: shapes.add(shape),
                required: required.contains(&member_name.as_str()),
                idempotency_token: member["idempotencyToken"] == true,
                minimum: limits["min"].as_i64(),
                maximum: limits["max"].as_i64(),
                time_format: time(member),
                description: prose(&member["documentation"], self.facts_only),
                ..Parameter::default()
            });
        }
        (out, filters)
    }

    fn paging(
        &self,
        operation: &str,
        input: &Value,
        output: &str,
        parameters: &[Parameter],
        below: &dyn Fn(Vec<String>) -> Vec<String>,
    ) -> Option<Paging> {
        let shapes = &self.model.service["shapes"];
        let rule = &self.model.paginators["pagination"][operation];
        let token_in = rule["input_token"].as_str().unwrap_or("NextToken");
        let token_out = rule["output_token"].as_str().unwrap_or("NextToken");
        let limit = rule["limit_key"].as_str().unwrap_or("MaxResults");
        let answer = &shapes[output]["members"][token_out];
        let named =
            |member: &str| parameters.iter().find(|p| p.name == member || p.aliases.iter().any(|a| a == member));
        let parameter = named(token_in)?.name.clone();
        if !answer.is_object() {
            return None;
        }
        let lists = |p: &&Parameter| {
            p.aliases.first().is_some_and(|a| a.ends_with("Ids"))
                && text(&shapes[text(&input["members"][&p.aliases[0]]["shape"])]["type"]) == "list"
        };
        let size = named(limit).map(|p| {
            let stated = |limit: Option<i64>| limit.and_then(|l| u32::try_from(l).ok());
            let minimum = stated(p.minimum);
            let maximum = stated(p.maximum).unwrap_or(MAX_RESULTS).max(minimum.unwrap_or(1)).max(1);
            PageSize {
                parameter: p.name.clone(),
                minimum: minimum.unwrap_or(MIN_RESULTS).min(maximum),
                maximum,
                request_maximum: p.maximum.is_some() || p.required,
                excludes: parameters.iter().filter(lists).map(|p| p.name.clone()).collect(),
            }
        });
        let answer = ResponseLocation::Body(below(vec![wire(token_out, answer)]));
        Some(Paging { next: NextPage::Token { parameter, answer }, size })
    }

    fn waiters(&self, group: &[(&str, &Value)]) -> Vec<Waiter> {
        let mut out = Vec::new();
        for (name, waiter) in self.model.waiters["waiters"].as_object().into_iter().flatten() {
            let operation = text(&waiter["operation"]);
            if !group.iter().any(|(o, _)| *o == operation) {
                continue;
            }
            let acceptor = |a: &Value| Acceptor {
                outcome: match text(&a["state"]) {
                    "success" => Outcome::Success,
                    "failure" => Outcome::Failure,
                    _ => Outcome::Retry,
                },
                matcher: text(&a["matcher"]).to_owned(),
                argument: a["argument"].as_str().map(str::to_owned),
                expected: a["expected"].to_string(),
            };
            let count = |v: &Value| v.as_u64().and_then(|n| u32::try_from(n).ok()).unwrap_or_default();
            out.push(Waiter {
                name: name.clone(),
                operation: operation.to_owned(),
                delay_seconds: count(&waiter["delay"]),
                attempts: count(&waiter["maxAttempts"]),
                acceptors: waiter["acceptors"].as_array().into_iter().flatten().map(acceptor).collect(),
            });
        }
        out
    }
}

fn error_shape(query: bool) -> ErrorShape {
    let path = |steps: &[&str]| steps.iter().map(|s| (*s).to_owned()).collect();
    if query {
        ErrorShape {
            code: path(&["Error", "Code"]),
            message: path(&["Error", "Message"]),
            request_id: path(&["RequestId"]),
            success_request_id: path(&["ResponseMetadata", "RequestId"]),
            request_id_header: None,
        }
    } else {
        ErrorShape {
            code: path(&["Errors", "Error", "Code"]),
            message: path(&["Errors", "Error", "Message"]),
            request_id: path(&["RequestID"]),
            success_request_id: path(&["requestId"]),
            request_id_header: None,
        }
    }
}

fn prose(value: &Value, facts_only: bool) -> String {
    if facts_only { String::new() } else { text(value).to_owned() }
}
