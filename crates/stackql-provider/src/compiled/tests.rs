use proptest::prelude::*;

use super::*;
use crate::{Column, ResourceEntry, Type, TypeRef, Types};

fn sample() -> ProviderSource {
    let mut types = Types::default();
    types.push(Type::String);
    let resource = Resource {
        name: "things".into(),
        columns: vec![Column { name: "id".into(), wire: "id".into(), ty: TypeRef(0), ..Column::default() }],
        types,
        ..Resource::default()
    };
    let entry = |name: &str| ResourceEntry { name: name.into(), page_only: false };
    let service =
        Service { name: "svc".into(), resources: vec![entry("others"), entry("things")], ..Service::default() };
    let other = Resource { name: "others".into(), ..Resource::default() };
    ProviderSource {
        provider: Provider { name: "mock".into(), version: "v1.2.3".into(), ..Provider::default() },
        services: vec![ServiceSource { service, resources: vec![other, resource] }],
    }
}

#[test]
fn what_was_written_is_read_back_piece_by_piece() {
    let source = sample();
    let compiled = CompiledProvider::new(write(&source, Compression::Fast).unwrap()).unwrap();
    assert_eq!(compiled.provider().services[0].name, "svc");
    assert_eq!(compiled.service(0).unwrap(), source.services[0].service);
    assert_eq!(compiled.resource(0, 0).unwrap(), source.services[0].resources[0]);
    assert_eq!(compiled.resource(0, 1).unwrap(), source.services[0].resources[1]);
    assert_eq!(compiled.resource(0, 2), Err(CompiledError::Damaged(0)));
}

proptest! {
    #[test]
    fn damaged_files_are_errors_and_never_panics(at in 0usize..400, byte: u8) {
        let mut bytes = write(&sample(), Compression::Fast).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        if let Ok(compiled) = CompiledProvider::new(bytes) {
            for service in 0..2 {
                let _ = compiled.service(service);
                let _ = compiled.resource(service, 0);
                let _ = compiled.resource(service, 1);
            }
        }
    }
}
