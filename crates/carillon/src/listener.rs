//! The socket: accepts connections, within bounds, until told to stop.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;

use crate::connection::{self, Busy, Patient};
use crate::door::{Door, HEADER_COUNT, HEADER_SIZE, Peer};
use crate::share::{Connected, Shares};
use crate::tls;

/// Open connections. More are closed at once.
pub const CONNECTIONS: usize = 4_096;
/// Requests of one HTTP/2 connection at the same time.
pub const STREAMS: u32 = 100;
/// How long requests that are being answered may take after the server was told to stop.
pub const DRAIN: Duration = Duration::from_secs(20);

/// How long to wait when the system gives out no more sockets.
const PAUSE: Duration = Duration::from_millis(100);

const TOO_MANY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// A bound socket.
pub struct Listener {
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    pub async fn bind(address: SocketAddr, tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, tls })
    }

    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` resolves, then lets requests that are being answered finish, for [`DRAIN`] at most.
    pub async fn serve(self, door: Arc<Door>, stop: impl Future<Output = ()>) {
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS));
        let shares = Arc::new(Shares::default());
        let http = http();
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                accepted = self.socket.accept() => accepted,
                () = &mut stop => break,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // The client left already, or there are no more descriptors: neither ends the server.
                    tracing::debug!(%error, "a connection was not accepted");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            let ip = address.ip();
            let place = Arc::clone(&places).try_acquire_owned().ok();
            let share = if door.is_proxy(ip) {
                Some(None)
            } else {
                shares.connect(ip).map(Some)
            };
            let (Some(place), Some(share)) = (place, share) else {
                metrics::counter!("carillon_connections_refused_total").increment(1);
                if self.tls.is_none() {
                    let _ = stream.try_write(TOO_MANY);
                }
                continue;
            };
            let _ = stream.set_nodelay(true);
            let connection = Connection {
                door: Arc::clone(&door),
                http: http.clone(),
                ip,
                share,
                watcher: graceful.watcher(),
                _place: place,
            };
            match &self.tls {
                None => tokio::spawn(connection.serve(stream, None)),
                Some(tls) => tokio::spawn(connection.secure(stream, tls.clone())),
            };
        }
        drop(self.socket);
        let finished = async {
            graceful.shutdown().await;
            door.finish().await;
        };
        if tokio::time::timeout(DRAIN, finished).await.is_err() {
            tracing::warn!(
                seconds = DRAIN.as_secs(),
                "some requests were not finished in time"
            );
        }
    }
}

fn http() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // Head and body in one piece, rather than in a list of pieces: answers are small.
        .writev(false)
        // `Patient` keeps the time.
        .header_read_timeout(None)
        // More than allowed, so that the answer can be one that AWS clients understand.
        .max_headers(HEADER_COUNT * 2)
        .max_buf_size(HEADER_SIZE * 2)
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .max_header_list_size(u32::try_from(HEADER_SIZE).unwrap_or(u32::MAX))
        .keep_alive_interval(connection::IDLE / 3)
        .keep_alive_timeout(connection::HEAD);
    builder
}

struct Connection {
    door: Arc<Door>,
    http: auto::Builder<TokioExecutor>,
    ip: IpAddr,
    share: Option<Connected>,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
}

impl Connection {
    async fn secure(self, stream: TcpStream, acceptor: TlsAcceptor) {
        match tokio::time::timeout(connection::HEAD, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => {
                let details = tls::details(stream.get_ref().1);
                self.serve(stream, Some(details)).await;
            }
            Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
            Err(_) => tracing::debug!("a TLS handshake took too long"),
        }
    }

    async fn serve<S>(self, stream: S, tls: Option<(String, String)>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let gauge = metrics::gauge!("carillon_connections");
        gauge.increment(1);
        let busy = Busy::default();
        let stream = TokioIo::new(Patient::new(stream, busy.clone()));
        let peer = Arc::new(Peer {
            ip: self.ip,
            tls,
            share: self.share,
        });
        let door = self.door;
        let service = service_fn(move |request| {
            let (door, peer, working) = (Arc::clone(&door), Arc::clone(&peer), busy.begin());
            async move {
                let answer = door.answer(request, &peer).await;
                let answer = answer.map(|body| body.with(working));
                Ok::<_, std::convert::Infallible>(answer)
            }
        });
        let connection = self.http.serve_connection(stream, service).into_owned();
        if let Err(error) = self.watcher.watch(connection).await {
            tracing::debug!(error, "a connection ended early");
        }
        gauge.decrement(1);
    }
}
