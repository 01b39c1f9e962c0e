//! `carillon serve`: puts the parts together, and takes them apart again.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::NonZeroU32;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use carillon_aws::time::{Clock, SystemClock};
use carillon_iam::{IamIdentities, note_served_actions};
use carillon_operation::{JobRunner, MailRelay, Objects, Outside, Pipeline, Settings, prune};
use carillon_store::Store;
use metrics_exporter_prometheus::PrometheusHandle;
use rustix::process::{Resource, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

use crate::audit_log::{self, AuditLog};
use crate::dns::Dns;
use crate::documents::WebDocuments;
use crate::door::Door;
use crate::files::Files;
use crate::listener::Listener;
use crate::mail::SmtpRelay;
use crate::objects::ObjectStorage;
use crate::options::Serve;
use crate::output::say;
use crate::web::WebDelivery;
use crate::{deployment, first_start, logging, monitoring, tls};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// How often old events are looked for.
const PRUNED_EVERY: Duration = Duration::from_secs(60 * 60);

pub fn run(options: &Serve) -> anyhow::Result<ExitCode> {
    logging::start(options.log_format, &options.log_level)?;
    raise_file_limit();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let metrics = monitoring::start()?;
        // First of all: whoever reads that it serves may stop it at once, and must not kill it.
        let stop = told_to_stop()?;
        let server = Server::start(options, metrics).await?;
        if let Some(welcome) = &server.welcome {
            say(welcome)?;
        }
        tracing::info!(
            address = %server.address,
            url = server.public_url,
            database = server.database,
            version = env!("CARGO_PKG_VERSION"),
            "serving"
        );
        server.run(stop).await;
        tracing::info!("stopped");
        Ok(ExitCode::SUCCESS)
    })
}

/// Allows as many open files as the system lets us: each connection is one.
fn raise_file_limit() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files stays as it is");
    }
}

/// Resolves when the process is asked to end.
fn told_to_stop() -> anyhow::Result<impl Future<Output = ()>> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    // It means "open your log files again", also to a server that has none, and must not end it.
    let _ = signal(SignalKind::hangup())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping");
    })
}

/// A server that is about to serve: what it needs is open, and its socket is bound.
pub struct Server {
    pub address: SocketAddr,
    pub public_url: String,
    pub database: &'static str,
    /// What a first start has to say.
    pub welcome: Option<String>,
    listener: Listener,
    door: Arc<Door>,
    jobs: Arc<JobRunner>,
    metrics: PrometheusHandle,
    audit_log: Option<AuditLog>,
    store: Store,
    audit_retention: Duration,
    activity_retention: Duration,
}

impl Server {
    pub async fn start(options: &Serve, metrics: PrometheusHandle) -> anyhow::Result<Self> {
        let acceptor = match (&options.tls_certificate, &options.tls_key) {
            (Some(certificate), Some(key)) => Some(tls::acceptor(certificate, key)?),
            (None, None) => None,
            // Checked here and not by the parser of flags, because one of the two may come from the file.
            _ => bail!(
                "a certificate needs its key, and a key its certificate: --tls-certificate and --tls-key"
            ),
        };
        let scheme = if acceptor.is_some() { "https" } else { "http" };
        let listener = Listener::bind(options.listen, acceptor)
            .await
            .with_context(|| format!("listening on {}", options.listen))?;
        let address = listener.address()?;
        let public_url = options
            .public_url
            .clone()
            .unwrap_or_else(|| format!("{scheme}://{}", reachable(address)));

        let (store, vault) = deployment::open(&options.storage).await?;
        let database = store.engine();
        let mail_from = options
            .mail_from
            .clone()
            .unwrap_or_else(|| format!("Amazon Chime <no-reply@{}>", host_of(&public_url)));
        let relay = options
            .smtp_url
            .as_ref()
            .map(|url| SmtpRelay::new(url.expose(), options.smtp_ca.as_deref(), &mail_from))
            .transpose()?;
        let audit_log = match &options.audit_log {
            Some(path) => Some(audit_log::open(path).await?),
            None => None,
        };
        let settings = Settings {
            public_url: public_url.clone(),
            mail: relay.is_some(),
            support_address: options.support_address.clone(),
            mail_providers: options
                .mail_providers
                .as_deref()
                .map(mail_providers)
                .transpose()?,
            self_registration: options.self_registration,
            account_quota: NonZeroU32::new(options.account_quota),
        };
        let environment =
            deployment::environment(vault, settings, audit_log.as_ref().map(|log| log.sender.clone()));
        deployment::change(&store, async |tx| {
            note_served_actions(tx, &environment.registry, SystemClock.now()).await?;
            Ok(())
        })
        .await?;
        let created = first_start::create_account(&store, &environment, &options.first_start).await?;
        let welcome =
            created.map(|created| first_start::welcome(&created, &public_url, &options.first_start));
        let objects = Arc::new(ObjectStorage::open(
            &options.objects.of(&options.storage),
            &environment,
        )?);
        let files = Files::new(
            store.clone(),
            Arc::clone(&environment),
            Arc::clone(&objects),
            options.uploads,
        );
        let outside = Outside {
            mail: relay.map(|relay| Arc::new(relay) as Arc<dyn MailRelay>),
            documents: Some(Arc::new(WebDocuments::new(options.provider_network.clone()))),
            objects: Some(objects as Arc<dyn Objects>),
            delivery: Some(Arc::new(WebDelivery::new(options.delivery_network.clone()))),
            txt: Some(Arc::new(Dns::new(options.resolvers.dns_resolver.clone()))),
        };
        let kinds = [carillon_iam::JOBS, carillon_chime::JOBS].concat();
        let jobs = JobRunner::new(store.clone(), Arc::clone(&environment), outside.clone(), &kinds);
        let identities = Arc::new(IamIdentities::new(store.clone(), Arc::clone(&environment)));
        let pipeline = Pipeline::new(store.clone(), identities, environment)
            .with_outside(outside)
            .with_rate_limit(NonZeroU32::new(options.rate_limit));
        Ok(Self {
            address,
            public_url,
            database,
            welcome,
            listener,
            door: Arc::new(Door::new(
                Arc::new(pipeline),
                files,
                metrics.clone(),
                options.trusted_proxy.clone(),
            )),
            jobs: Arc::new(jobs),
            metrics,
            audit_log,
            store,
            audit_retention: DAY * options.audit_retention_days,
            activity_retention: DAY * options.activity_retention_days,
        })
    }

    /// Serves until `stop` resolves and what was begun is done.
    pub async fn run(self, stop: impl Future<Output = ()>) {
        let jobs = tokio::spawn(self.jobs.run());
        let upkeep = tokio::spawn(monitoring::keep_up(self.metrics));
        let retention = tokio::spawn(forget(self.store, self.audit_retention, self.activity_retention));
        self.listener.serve(self.door, stop).await;
        // A job that is cut off here is done again when its lease ends, by whoever runs then.
        jobs.abort();
        upkeep.abort();
        retention.abort();
        if let Some(log) = self.audit_log {
            log.close().await;
        }
    }
}

/// The operator's list of domains that nobody can claim.
fn mail_providers(path: &Path) -> anyhow::Result<Arc<HashSet<String>>> {
    let text =
        std::fs::read_to_string(path).with_context(|| format!("the mail providers in {}", path.display()))?;
    Ok(Arc::new(carillon_chime::read_mail_providers(&text)))
}

/// Deletes what is too old from the trails and of the activity of people, until it is stopped.
async fn forget(store: Store, trail: Duration, activity: Duration) {
    let mut turns = tokio::time::interval(PRUNED_EVERY);
    // The first one comes at once, and a server that starts has better things to do.
    turns.tick().await;
    loop {
        turns.tick().await;
        if let Err(error) = prune(&store, SystemClock.now(), trail).await {
            tracing::warn!(%error, "old events could not be deleted; tried again later");
        }
        if let Err(error) = carillon_chime::activity::prune(&store, SystemClock.now(), activity).await {
            tracing::warn!(%error, "old activity could not be deleted; tried again later");
        }
    }
}

/// The address under which a client on this machine reaches a socket.
fn reachable(mut address: SocketAddr) -> SocketAddr {
    match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => address.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => address.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    address
}

fn host_of(url: &str) -> String {
    let host = url
        .parse::<http::Uri>()
        .ok()
        .and_then(|url| url.host().map(str::to_owned));
    match host {
        // A bare address is no domain of mail.
        Some(host) if host.parse::<std::net::IpAddr>().is_err() && !host.starts_with('[') => host,
        _ => "localhost".to_owned(),
    }
}
