//! Signatures of tokens: those algorithms that AWS takes, checked by ring.

use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, DecodingKeyKind};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey,
    VerificationAlgorithm,
};
use signature::Verifier;

/// Algorithms that tokens may be signed with: never a shared secret, never none.
///
/// Source: STS API Reference, `AssumeRoleWithWebIdentity`. ES512, which AWS takes too, is not among them.
pub(super) const ALGORITHMS: [Algorithm; 5] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::ES256,
    Algorithm::ES384,
];

/// Makes this the process's way of checking tokens. May be called again and again.
pub(super) fn install() {
    static PROVIDER: CryptoProvider = CryptoProvider {
        signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
        verifier_factory: verifier,
        key_utils: KeyUtils::new_unimplemented(),
    };
    // Only the first one counts, and there is no other.
    let _ = PROVIDER.install_default();
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    Ok(Box::new(match (algorithm, key.kind()) {
        (Algorithm::RS256, kind) => rsa(*algorithm, &RSA_PKCS1_2048_8192_SHA256, kind)?,
        (Algorithm::RS384, kind) => rsa(*algorithm, &RSA_PKCS1_2048_8192_SHA384, kind)?,
        (Algorithm::RS512, kind) => rsa(*algorithm, &RSA_PKCS1_2048_8192_SHA512, kind)?,
        (Algorithm::ES256, DecodingKeyKind::SecretOrDer(point)) => {
            elliptic(*algorithm, &ECDSA_P256_SHA256_FIXED, point)
        }
        (Algorithm::ES384, DecodingKeyKind::SecretOrDer(point)) => {
            elliptic(*algorithm, &ECDSA_P384_SHA384_FIXED, point)
        }
        _ => return Err(ErrorKind::InvalidAlgorithm.into()),
    }))
}

/// A public key with what it is used for.
struct PublicKey {
    algorithm: Algorithm,
    kind: Kind,
}

enum Kind {
    Rsa(&'static RsaParameters, RsaPublicKeyComponents<Vec<u8>>),
    Elliptic(&'static dyn VerificationAlgorithm, Vec<u8>),
}

fn rsa(
    algorithm: Algorithm,
    parameters: &'static RsaParameters,
    kind: &DecodingKeyKind,
) -> Result<PublicKey, Error> {
    let DecodingKeyKind::RsaModulusExponent { n, e } = kind else {
        return Err(ErrorKind::InvalidKeyFormat.into());
    };
    let components = RsaPublicKeyComponents {
        n: n.clone(),
        e: e.clone(),
    };
    Ok(PublicKey {
        algorithm,
        kind: Kind::Rsa(parameters, components),
    })
}

fn elliptic(algorithm: Algorithm, curve: &'static dyn VerificationAlgorithm, point: &[u8]) -> PublicKey {
    PublicKey {
        algorithm,
        kind: Kind::Elliptic(curve, point.to_vec()),
    }
}

impl Verifier<Vec<u8>> for PublicKey {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        match &self.kind {
            Kind::Rsa(parameters, key) => key.verify(parameters, message, signature),
            Kind::Elliptic(curve, point) => UnparsedPublicKey::new(*curve, point).verify(message, signature),
        }
        .map_err(|_| signature::Error::new())
    }
}

impl JwtVerifier for PublicKey {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}
