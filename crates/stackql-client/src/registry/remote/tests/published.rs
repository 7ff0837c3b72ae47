//! Archives as they were really published, where the machine has some.

use super::*;
use crate::registry::config;

#[tokio::test(flavor = "multi_thread")]
async fn every_published_archive_is_installed() {
    let dist = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/registry/providers/dist");
    let Ok(index) = fs::read(dist.join("providers.yaml")) else {
        #[expect(clippy::print_stderr, reason = "says why the test did nothing")]
        {
            eprintln!("skipped: no shared data");
        }
        return;
    };
    let world = World::new().await;
    world.served.put("providers.yaml", index);
    let registry = world.registry("");
    let pulls = registry.list().await.expect("listed").into_iter().map(|published| {
        let (world, registry, dist) = (&world, &registry, &dist);
        async move {
            let directories = config::directories().expect("names");
            let directory = directories.get(&published.provider).unwrap_or(&published.provider);
            for version in &published.versions {
                let path = format!("{directory}/{version}.tgz");
                world.served.put(&path, fs::read(dist.join(&path)).expect("published"));
                let installed = registry.pull(&published.provider, Some(version), &DownloadProgress::default()).await;
                assert_eq!(&installed.expect("pulled").version, version);
                let folder = world.root.path().join("src").join(directory);
                assert!(folder.join(version).join("provider.yaml").exists(), "{path}");
                assert!(fs::read_dir(folder.join(version).join("services")).expect("there").count() > 0, "{path}");
                assert_eq!(fs::read_dir(folder).expect("there").count(), 2, "{path}");
            }
            published.versions.len()
        }
    });
    let pulled: usize = futures::future::join_all(pulls).await.into_iter().sum();
    assert!(pulled > 10, "{pulled}");
}
