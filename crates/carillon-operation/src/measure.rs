//! What is measured of every request. The handles are kept: finding one by its labels costs more than using it.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use http::StatusCode;
use metrics::{Counter, Histogram};

use crate::spec::AccessLevel;

/// The handles of one operation.
#[derive(Default)]
pub(crate) struct Measures {
    /// Of requests that were allowed and went well, which are nearly all.
    succeeded: OnceLock<Counter>,
    seconds: OnceLock<Histogram>,
}

impl Measures {
    pub fn record(&self, action: &'static str, decision: &'static str, status: StatusCode, took: Duration) {
        if decision == "allowed" && status.is_success() {
            self.succeeded
                .get_or_init(|| requests(action, decision, status))
                .increment(1);
        } else {
            requests(action, decision, status).increment(1);
        }
        self.seconds
            .get_or_init(|| metrics::histogram!("carillon_request_seconds", "action" => action))
            .record(took.as_secs_f64());
    }
}

fn requests(action: &'static str, decision: &'static str, status: StatusCode) -> Counter {
    metrics::counter!(
        "carillon_requests_total",
        "action" => action, "decision" => decision, "status" => status.as_u16().to_string()
    )
}

/// A wait of a request for storage, measured when it ends.
pub(crate) struct Waiting {
    histogram: &'static Histogram,
    since: Instant,
}

impl Waiting {
    /// For the transaction to begin.
    pub fn to_begin(level: AccessLevel) -> Self {
        static READ: OnceLock<Histogram> = OnceLock::new();
        static WRITE: OnceLock<Histogram> = OnceLock::new();
        Self::on("begin", level, &READ, &WRITE)
    }

    /// For the effect and its event to be durable.
    pub fn to_conclude(level: AccessLevel) -> Self {
        static READ: OnceLock<Histogram> = OnceLock::new();
        static WRITE: OnceLock<Histogram> = OnceLock::new();
        Self::on("conclude", level, &READ, &WRITE)
    }

    fn on(
        step: &'static str,
        level: AccessLevel,
        read: &'static OnceLock<Histogram>,
        write: &'static OnceLock<Histogram>,
    ) -> Self {
        let (kept, kind) = if level.reads_only() {
            (read, "read")
        } else {
            (write, "write")
        };
        let histogram = kept
            .get_or_init(|| metrics::histogram!("carillon_storage_seconds", "step" => step, "kind" => kind));
        Self {
            histogram,
            since: Instant::now(),
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.histogram.record(self.since.elapsed().as_secs_f64());
    }
}
