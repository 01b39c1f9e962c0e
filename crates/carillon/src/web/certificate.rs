//! Whom we believe to be the server that we ask: who has a certificate of an authority that the system trusts, or one
//! under a certificate whose thumbprint an administrator has named.
//!
//! Source: IAM User Guide, "Obtain the thumbprint for an OpenID Connect identity provider".

use std::sync::{Arc, LazyLock};

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use sha1::{Digest, Sha1};

/// Authorities that the system trusts.
static SYSTEM: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
    let mut roots = RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(%error, "authorities of the system could not be read");
    }
    roots.add_parsable_certificates(found.certs);
    Arc::new(roots)
});

/// TLS with a server whose certificate is good, or under one with one of the thumbprints.
pub(super) fn client(thumbprints: &[String]) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Verifier {
        provider: Arc::clone(&provider),
        thumbprints: thumbprints.iter().map(|digest| digest.to_lowercase()).collect(),
    };
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Verifier {
    provider: Arc<CryptoProvider>,
    /// In lower case.
    thumbprints: Vec<String>,
}

impl Verifier {
    fn under(&self, roots: Arc<RootCertStore>) -> Result<Arc<WebPkiServerVerifier>, Error> {
        WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&self.provider))
            .build()
            .map_err(|error| Error::General(error.to_string()))
    }

    /// The last certificate of the chain as an authority, if its thumbprint is one that is known.
    fn named(&self, last: &CertificateDer<'_>) -> Option<Arc<RootCertStore>> {
        let digest = hex::encode(Sha1::digest(last));
        let mut roots = RootCertStore::empty();
        (self.thumbprints.contains(&digest) && roots.add(last.clone().into_owned()).is_ok())
            .then(|| Arc::new(roots))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let check = |roots| {
            self.under(roots)?
                .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        let by_system = if SYSTEM.is_empty() {
            Err(Error::General("the system trusts no authority".to_owned()))
        } else {
            check(Arc::clone(&SYSTEM))
        };
        match (by_system, self.named(intermediates.last().unwrap_or(end_entity))) {
            (Err(_), Some(roots)) => check(roots),
            (by_system, _) => by_system,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}
