use std::time::{Duration, Instant};

use super::Bucket;

fn taken(bucket: &mut Bucket, tries: usize, now: Instant) -> usize {
    (0..tries).filter(|_| bucket.take(now).is_ok()).count()
}

#[test]
fn what_it_holds_is_given_at_once_and_then_as_it_comes_back() {
    let start = Instant::now();
    let mut bucket = Bucket::new(4.0, 2.0);
    assert_eq!(taken(&mut bucket, 10, start), 4);
    assert_eq!(bucket.take(start), Err(Duration::from_millis(500)));
    assert_eq!(bucket.take(start + Duration::from_millis(250)), Err(Duration::from_millis(250)));
    assert_eq!(taken(&mut bucket, 10, start + Duration::from_millis(1500)), 3);
}

#[test]
fn it_never_holds_more_than_it_can() {
    let start = Instant::now();
    let mut bucket = Bucket::new(4.0, 2.0);
    assert_eq!(bucket.take(start), Ok(()));
    assert_eq!(taken(&mut bucket, 10, start + Duration::from_secs(60)), 4);
}
