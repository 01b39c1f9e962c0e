//! Passwords are kept as Argon2id hashes, and hashing is what an attacker must pay for: so it is slow, and
//! only so many run at once.

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use carillon_aws::secret::Secret;

use crate::Fault;
use crate::environment::Environment;

impl Environment {
    /// The hash of a password, as a PHC string.
    pub async fn hash_password(&self, password: &Secret<String>) -> Result<String, Fault> {
        let password = password.clone();
        self.slowly(move || {
            Argon2::default()
                .hash_password(password.expose().as_bytes())
                .map(|hash| hash.to_string())
                .map_err(|error| Fault::internal(error.to_string()))
        })
        .await?
    }

    /// Whether `hash` is of this password. Without a hash it takes as long and says no, so that the time does
    /// not tell whether there is one.
    pub async fn verify_password(
        &self,
        password: &Secret<String>,
        hash: Option<&str>,
    ) -> Result<bool, Fault> {
        // Of a password nobody knows, with the parameters in use.
        const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHRzYWx0c2FsdA$\
                               AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
        let (password, known) = (password.clone(), hash.is_some());
        let hash = hash.unwrap_or(NOBODYS).to_owned();
        let matches = self
            .slowly(move || {
                PasswordHash::new(&hash).is_ok_and(|hash| {
                    Argon2::default()
                        .verify_password(password.expose().as_bytes(), &hash)
                        .is_ok()
                })
            })
            .await?;
        Ok(matches && known)
    }

    async fn slowly<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Fault> {
        let _permit = self.hashing.acquire().await.map_err(Fault::internal)?;
        tokio::task::spawn_blocking(work).await.map_err(Fault::internal)
    }
}
