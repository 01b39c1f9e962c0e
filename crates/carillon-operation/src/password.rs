//! Passwords are kept as Argon2id hashes, and hashing is what an attacker must pay for: so it is slow, and
//! only so many run at once.

use std::time::Duration;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use carillon_aws::secret::Secret;

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::Fault;
use crate::environment::Environment;

/// How long a request waits for its turn to hash.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who hashes at present.
#[derive(Debug)]
pub struct Hashing {
    /// Each takes 19 MiB and a core.
    at_once: Semaphore,
    api: Semaphore,
    portal: Semaphore,
}

/// Where a password to hash came from. Those who crowd one entrance leave room for those at the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entrance {
    /// A signed request, or the operator.
    Api,
    /// A page, where anybody may try.
    Portal,
}

impl Hashing {
    /// `at_once`: hashes at the same time, at least one.
    pub fn new(at_once: usize) -> Self {
        let at_once = at_once.max(1);
        // One short of all, so that whoever comes by the other entrance waits for one hash and not for a queue.
        let of_one_entrance = at_once.saturating_sub(1).max(1);
        Self {
            at_once: Semaphore::new(at_once),
            api: Semaphore::new(of_one_entrance),
            portal: Semaphore::new(of_one_entrance),
        }
    }

    /// Waits for a turn.
    async fn turn(&self, entrance: Entrance) -> Result<[SemaphorePermit<'_>; 2], Fault> {
        let lane = match entrance {
            Entrance::Api => &self.api,
            Entrance::Portal => &self.portal,
        };
        let turn = async { Ok([lane.acquire().await?, self.at_once.acquire().await?]) };
        match tokio::time::timeout(PATIENCE, turn).await {
            Ok(turn) => turn.map_err(|closed: tokio::sync::AcquireError| Fault::internal(closed)),
            Err(_) => Err(Fault::refused(
                503,
                "ServiceUnavailable",
                "too many passwords at the same time; try again",
            )),
        }
    }
}

impl Environment {
    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    ///
    /// [`Fault::Refused`] with status 503 when it is not its turn within two seconds.
    pub async fn hash_password(
        &self,
        password: &Secret<String>,
        entrance: Entrance,
    ) -> Result<String, Fault> {
        let password = password.clone();
        self.slowly(entrance, move || {
            Argon2::default()
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Fault::internal(error.to_string()))
        })
        .await?
    }

    /// Whether `hash` is of this password. Without a hash it takes as long and says no, so that the time does
    /// not tell whether there is one.
    ///
    /// # Errors
    ///
    /// As [`Environment::hash_password`].
    pub async fn verify_password(
        &self,
        password: &Secret<String>,
        hash: Option<&str>,
        entrance: Entrance,
    ) -> Result<bool, Fault> {
        // Of a password nobody knows, with the parameters in use.
        const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
                               AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let (password, known) = (password.clone(), hash.is_some());
        let hash = hash.unwrap_or(NOBODYS).to_owned();
        let matches = self
            .slowly(entrance, move || {
                PasswordHash::new(&hash).is_ok_and(|hash| {
                    Argon2::default()
                        .verify_password(password.expose().as_bytes(), &hash)
                        .is_ok()
                })
            })
            .await?;
        Ok(matches && known)
    }

    async fn slowly<T: Send + 'static>(
        &self,
        entrance: Entrance,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        let _turn = self.hashing.turn(entrance).await?;
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_crowd_at_one_entrance_leaves_room_at_the_other() {
        for cores in [2, 3, 8] {
            let hashing = Hashing::new(cores);
            let mut crowd = Vec::new();
            for _ in 1..cores {
                crowd.push(hashing.turn(Entrance::Portal).await.unwrap());
            }
            let _turn = hashing.turn(Entrance::Api).await.unwrap();
        }
    }

    #[tokio::test]
    async fn nobody_waits_for_ever() {
        let hashing = Hashing::new(1);
        let turn = hashing.turn(Entrance::Portal).await.unwrap();
        let refused = hashing.turn(Entrance::Portal).await.unwrap_err();
        assert!(matches!(refused, Fault::Refused { status: 503, .. }));
        drop(turn);
        let _turn = hashing.turn(Entrance::Portal).await.unwrap();
    }
}
