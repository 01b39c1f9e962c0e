//! A batch of events of any bytes: read within its bounds, or refused with a reason.
#![no_main]

use carillon_aws::time::Timestamp;
use carillon_chime::activity::{BATCH, read_events};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| {
    let now = Timestamp::from_seconds(1_700_000_000);
    match read_events(body, now) {
        Ok(events) => assert!(events.len() <= BATCH),
        Err(malformed) => assert!(!malformed.to_string().is_empty()),
    }
});
