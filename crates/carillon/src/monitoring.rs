//! Measurements for Prometheus.

use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// From what a cached read takes to what a client gives up on, in seconds.
const REQUEST_SECONDS: [f64; 14] = [
    0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0,
];

/// How often samples are folded into their buckets when nobody asks for them.
const UPKEEP: Duration = Duration::from_secs(5);

/// Begins to measure. Where measuring began before, nothing is measured here.
pub fn start() -> anyhow::Result<PrometheusHandle> {
    let recorder = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &REQUEST_SECONDS)?
        .build_recorder();
    let handle = recorder.handle();
    let _ = metrics::set_global_recorder(recorder);
    metrics::describe_counter!(
        "carillon_requests_total",
        "Requests by action, decision (allowed, denied, unauthenticated, throttled, none) and HTTP status."
    );
    metrics::describe_histogram!("carillon_request_seconds", "Time to answer a request, by action.");
    metrics::describe_histogram!(
        "carillon_storage_seconds",
        "Time that requests wait for storage, by step (begin, conclude) and kind of transaction (read, write)."
    );
    metrics::describe_counter!(
        "carillon_audit_log_dropped_total",
        "Records that the audit log file could not take in time; the audit trail in the database has them."
    );
    metrics::describe_counter!(
        "carillon_stranger_events_dropped_total",
        "Requests with a wrong signature that the audit trail left out, because there were too many of an account."
    );
    metrics::describe_gauge!("carillon_connections", "Open connections.");
    metrics::describe_counter!(
        "carillon_connections_refused_total",
        "Connections that were closed at once because there were too many."
    );
    metrics::describe_gauge!(
        "carillon_requests_answering",
        "Requests that are being answered, whether or not their client still waits."
    );
    metrics::describe_counter!(
        "carillon_requests_refused_total",
        "Requests that were refused because there were too many, or too many of their address."
    );
    Ok(handle)
}

/// Folds samples, for ever: without it they pile up while nobody asks.
pub async fn keep_up(handle: PrometheusHandle) {
    let mut ticks = tokio::time::interval(UPKEEP);
    loop {
        ticks.tick().await;
        handle.run_upkeep();
    }
}
