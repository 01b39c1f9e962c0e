//! What one address may have of the server at the same time, so that nobody takes all of it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use carillon_operation::guard::network_of;

/// Connections of one address.
pub const CONNECTIONS: usize = 1_024;
/// Requests of one address that are read or answered, whether or not their client still waits.
pub const REQUESTS: usize = 512;

/// The shares of the addresses that have something.
#[derive(Debug, Default)]
pub struct Shares(Mutex<HashMap<IpAddr, Weak<Share>>>);

/// What one address has.
#[derive(Debug)]
pub struct Share {
    shares: Arc<Shares>,
    address: IpAddr,
    connections: AtomicUsize,
    requests: AtomicUsize,
}

/// A connection of an address, as long as this lives.
#[derive(Debug)]
pub struct Connected(Arc<Share>);

/// A request of an address, as long as this lives.
#[derive(Debug)]
pub struct Requested(Arc<Share>);

impl Shares {
    /// Counts a connection, unless its address has too many.
    pub fn connect(self: &Arc<Self>, address: IpAddr) -> Option<Connected> {
        let share = self.of(network_of(address));
        take(&share.connections, CONNECTIONS).then(|| Connected(share))
    }

    fn of(self: &Arc<Self>, address: IpAddr) -> Arc<Share> {
        let mut shares = self.lock();
        if let Some(share) = shares.get(&address).and_then(Weak::upgrade) {
            return share;
        }
        let share = Arc::new(Share {
            shares: Arc::clone(self),
            address,
            connections: AtomicUsize::new(0),
            requests: AtomicUsize::new(0),
        });
        shares.insert(address, Arc::downgrade(&share));
        share
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<IpAddr, Weak<Share>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut shares = self.shares.lock();
        // The address may have come back in the meantime, and then the entry is another's.
        if shares
            .get(&self.address)
            .is_some_and(|share| share.strong_count() == 0)
        {
            shares.remove(&self.address);
        }
    }
}

impl Connected {
    /// Counts a request of the address, unless it has too many.
    pub fn request(&self) -> Option<Requested> {
        take(&self.0.requests, REQUESTS).then(|| Requested(Arc::clone(&self.0)))
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.connections.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Drop for Requested {
    fn drop(&mut self) {
        self.0.requests.fetch_sub(1, Ordering::Relaxed);
    }
}

fn take(count: &AtomicUsize, most: usize) -> bool {
    count
        .try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < most).then_some(count + 1)
        })
        .is_ok()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::sync::Arc;

    use super::{CONNECTIONS, Connected, REQUESTS, Shares};

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_has_its_share_and_leaves_others_theirs() {
        let shares = Arc::new(Shares::default());
        let connect = |text| shares.connect(address(text));
        let mut had: Vec<Connected> = (0..CONNECTIONS).map(|_| connect("192.0.2.1").unwrap()).collect();
        assert!(connect("192.0.2.1").is_none());
        assert!(connect("::ffff:192.0.2.1").is_none(), "the same, written longer");
        assert!(connect("192.0.2.2").is_some());
        had.pop();
        assert!(connect("192.0.2.1").is_some());
    }

    #[test]
    fn the_addresses_of_one_customer_share() {
        let shares = Arc::new(Shares::default());
        let connect = |text: &str| shares.connect(address(text));
        let _had: Vec<Connected> = (0..CONNECTIONS)
            .map(|number| connect(&format!("2001:db8::{number:x}")).unwrap())
            .collect();
        assert!(connect("2001:db8::ffff:1").is_none());
        assert!(connect("2001:db8:0:1::1").is_some());
    }

    #[test]
    fn requests_are_counted_beyond_the_end_of_their_connection() {
        let shares = Arc::new(Shares::default());
        let first = shares.connect(address("192.0.2.1")).unwrap();
        let mut requests: Vec<_> = (0..REQUESTS).map(|_| first.request().unwrap()).collect();
        drop(first);
        let second = shares.connect(address("192.0.2.1")).unwrap();
        assert!(second.request().is_none());
        requests.pop();
        assert!(second.request().is_some());
    }

    #[test]
    fn who_has_nothing_is_forgotten() {
        let shares = Arc::new(Shares::default());
        let connected = shares.connect(address("192.0.2.1")).unwrap();
        let requested = connected.request();
        drop(connected);
        assert_eq!(shares.lock().len(), 1);
        drop(requested);
        assert_eq!(shares.lock().len(), 0);
    }
}
