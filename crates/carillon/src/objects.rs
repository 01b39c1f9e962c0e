//! Where objects are: a folder of this machine, or a bucket that speaks S3.

pub mod check;
mod connector;

use std::fs;
use std::ops::Range;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail, ensure};
use bytes::Bytes;
use carillon_aws::time::Timestamp;
use carillon_operation::{BoxFuture, Chunks, Environment, Label, Link, ObjectError, Objects};
use futures_util::{StreamExt, TryStreamExt};
use http::Method;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::signer::Signer;
use object_store::{
    Attribute, Attributes, BackoffConfig, Error, GetOptions, ObjectStore, ObjectStoreExt, RetryConfig,
};
use tokio::io::AsyncWriteExt;

use self::connector::Connector;
use crate::options::ObjectOptions;

/// What the paths of our own links begin with.
pub const LINKS: &str = "/objects/";
/// Bytes of an object that are held while it is written. S3 takes no smaller parts.
const HELD: usize = 5 << 20;
/// How long a request to a bucket is tried again.
const PATIENCE: Duration = Duration::from_secs(30);
const TRIES: usize = 3;

/// The object store of a deployment.
pub struct ObjectStorage {
    store: Arc<dyn ObjectStore>,
    /// What every key begins with; empty, or it ends with `/`.
    prefix: String,
    place: Place,
}

/// Who serves links.
enum Place {
    /// We do.
    Folder(Arc<Environment>),
    /// The bucket does.
    Bucket(Arc<AmazonS3>),
}

/// What `--objects` says.
#[derive(Debug, PartialEq, Eq)]
enum Address {
    Folder(PathBuf),
    Bucket { name: String, prefix: String },
}

impl ObjectStorage {
    /// Opens the store. A bucket is not asked anything yet.
    pub fn open(options: &ObjectOptions, environment: &Arc<Environment>) -> anyhow::Result<Self> {
        match address(options)? {
            Address::Folder(folder) => {
                fs::DirBuilder::new()
                    .recursive(true)
                    .mode(0o700)
                    .create(&folder)
                    .with_context(|| format!("the folder of objects {}", folder.display()))?;
                let store = LocalFileSystem::new_with_prefix(&folder)
                    .with_context(|| format!("the folder of objects {}", folder.display()))?
                    .with_automatic_cleanup(true)
                    .with_fsync(true);
                Ok(Self {
                    store: Arc::new(store),
                    prefix: String::new(),
                    place: Place::Folder(Arc::clone(environment)),
                })
            }
            Address::Bucket { name, prefix } => {
                let bucket = Arc::new(bucket(options, &name)?);
                Ok(Self {
                    store: Arc::clone(&bucket) as Arc<dyn ObjectStore>,
                    prefix,
                    place: Place::Bucket(bucket),
                })
            }
        }
    }

    /// Whether links to objects lead to this server.
    pub fn serves_links(&self) -> bool {
        matches!(self.place, Place::Folder(_))
    }

    fn path(&self, key: &str) -> Result<Path, ObjectError> {
        Path::parse(format!("{}{key}", self.prefix))
            .map_err(|error| ObjectError::Unavailable(error.to_string()))
    }

    /// Where the content is written. A bucket keeps beside it what links offer it as.
    fn writer(&self, path: Path, label: Label<'_>) -> BufWriter {
        let writer = BufWriter::with_capacity(Arc::clone(&self.store), path, HELD).with_max_concurrency(1);
        match self.place {
            Place::Folder(_) => writer,
            Place::Bucket(_) => writer.with_attributes(Attributes::from_iter([
                (Attribute::ContentType, label.content_type.to_owned()),
                (Attribute::ContentDisposition, disposition(label.file_name)),
            ])),
        }
    }
}

impl Objects for ObjectStorage {
    fn put<'a>(
        &'a self,
        key: &'a str,
        label: Label<'a>,
        content: &'a mut dyn Chunks,
    ) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            let mut writer = self.writer(self.path(key)?, label);
            loop {
                match content.next().await {
                    Ok(Some(piece)) => {
                        if let Err(error) = writer.put(piece).await {
                            let _ = writer.abort().await;
                            return Err(unavailable(error));
                        }
                    }
                    Ok(None) => break,
                    Err(error) => {
                        let _ = writer.abort().await;
                        return Err(error);
                    }
                }
            }
            writer
                .shutdown()
                .await
                .map_err(|error| ObjectError::Unavailable(error.to_string()))
        })
    }

    fn get<'a>(
        &'a self,
        key: &'a str,
        range: Option<Range<u64>>,
    ) -> BoxFuture<'a, Result<Box<dyn Chunks>, ObjectError>> {
        Box::pin(async move {
            let options = GetOptions {
                range: range.map(Into::into),
                ..GetOptions::default()
            };
            let found = self.store.get_opts(&self.path(key)?, options).await;
            let stream = found.map_err(unavailable)?.into_stream();
            Ok(Box::new(Pieces(stream)) as Box<dyn Chunks>)
        })
    }

    fn size<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<Option<u64>, ObjectError>> {
        Box::pin(async move {
            match self.store.head(&self.path(key)?).await {
                Ok(found) => Ok(Some(found.size)),
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(unavailable(error)),
            }
        })
    }

    fn link<'a>(
        &'a self,
        key: &'a str,
        label: Label<'a>,
        now: Timestamp,
        lifetime: Duration,
    ) -> BoxFuture<'a, Result<String, ObjectError>> {
        Box::pin(async move {
            match &self.place {
                Place::Folder(environment) => {
                    let link = Link {
                        path: &format!("{LINKS}{key}"),
                        file_name: label.file_name,
                        expires_at: now + lifetime,
                    };
                    Ok(link.url(&environment.vault, &environment.settings.public_url))
                }
                Place::Bucket(bucket) => {
                    let signed = bucket.signed_url(Method::GET, &self.path(key)?, lifetime).await;
                    Ok(signed.map_err(unavailable)?.to_string())
                }
            }
        })
    }

    fn delete<'a>(&'a self, key: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            match self.store.delete(&self.path(key)?).await {
                Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
                Err(error) => Err(unavailable(error)),
            }
        })
    }

    fn delete_all<'a>(&'a self, prefix: &'a str) -> BoxFuture<'a, Result<(), ObjectError>> {
        Box::pin(async move {
            let found = self.store.list(Some(&self.path(prefix)?));
            let paths = found.map_ok(|found| found.location).boxed();
            let mut deleted = self.store.delete_stream(paths);
            while let Some(outcome) = deleted.next().await {
                match outcome {
                    Ok(_) | Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(unavailable(error)),
                }
            }
            Ok(())
        })
    }
}

/// The content of an object as it comes from the store.
struct Pieces(futures_util::stream::BoxStream<'static, object_store::Result<Bytes>>);

impl Chunks for Pieces {
    fn next(&mut self) -> BoxFuture<'_, Result<Option<Bytes>, ObjectError>> {
        Box::pin(async move { self.0.try_next().await.map_err(unavailable) })
    }
}

fn unavailable(error: Error) -> ObjectError {
    match error {
        Error::NotFound { .. } => ObjectError::Absent,
        // Its text has the path, and neither credentials nor signatures.
        error => ObjectError::Unavailable(error.to_string()),
    }
}

/// A header that makes browsers keep a file instead of showing it, under its name.
///
/// Source: RFC 6266, section 4.3.
pub fn disposition(file_name: &str) -> String {
    let plain: String = file_name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '%' => '_',
            c if c.is_ascii_graphic() || c == ' ' => c,
            _ => '_',
        })
        .collect();
    let exact = percent_encoding::utf8_percent_encode(file_name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{exact}")
}

fn address(options: &ObjectOptions) -> anyhow::Result<Address> {
    let Some(url) = &options.objects else {
        return Ok(Address::Folder(options.default_folder.clone()));
    };
    if let Some(folder) = url.strip_prefix("file:") {
        let folder = folder.strip_prefix("//").unwrap_or(folder);
        ensure!(
            !folder.is_empty(),
            "--objects: `file:` needs the path of a folder"
        );
        return Ok(Address::Folder(folder.into()));
    }
    let Some(rest) = url.strip_prefix("s3://") else {
        bail!("--objects must be like file:/srv/objects or s3://bucket/prefix");
    };
    let (name, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    ensure!(
        !name.is_empty() && name.bytes().all(is_name),
        "--objects: `{name}` is no name of a bucket"
    );
    let prefix = Path::parse(prefix).context("--objects: the prefix")?;
    let prefix = match prefix.as_ref() {
        "" => String::new(),
        prefix => format!("{prefix}/"),
    };
    Ok(Address::Bucket {
        name: name.to_owned(),
        prefix,
    })
}

/// What the options leave open comes from the variables that AWS's own tools read.
fn bucket(options: &ObjectOptions, name: &str) -> anyhow::Result<AmazonS3> {
    let mut builder = AmazonS3Builder::from_env()
        .with_bucket_name(name)
        .with_http_connector(Connector)
        .with_retry(RetryConfig {
            backoff: BackoffConfig::default(),
            max_retries: TRIES,
            retry_timeout: PATIENCE,
        });
    if let Some(region) = &options.objects_region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &options.objects_endpoint {
        ensure!(
            endpoint.starts_with("https://") || endpoint.starts_with("http://"),
            "--objects-endpoint must be like https://s3.example.com"
        );
        // Whoever writes `http` means it: a store on the same machine, or behind the same walls.
        builder = builder
            .with_endpoint(endpoint.trim_end_matches('/'))
            .with_allow_http(endpoint.starts_with("http://"));
    }
    match (&options.objects_access_key_id, &options.objects_secret_access_key) {
        (Some(id), Some(secret)) => {
            builder = builder
                .with_access_key_id(id)
                .with_secret_access_key(secret.expose());
        }
        (None, None) => {}
        _ => bail!("an access key has two parts: --objects-access-key-id and --objects-secret-access-key"),
    }
    builder.build().context("the bucket of objects")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(url: &str) -> ObjectOptions {
        ObjectOptions {
            objects: Some(url.to_owned()),
            ..ObjectOptions::default()
        }
    }

    #[test]
    fn an_address_is_a_folder_or_a_bucket() {
        let folder = |path: &str| Address::Folder(path.into());
        let bucket = |name: &str, prefix: &str| Address::Bucket {
            name: name.to_owned(),
            prefix: prefix.to_owned(),
        };
        for (url, expected) in [
            ("file:/srv/objects", folder("/srv/objects")),
            ("file:///srv/objects", folder("/srv/objects")),
            ("file:objects", folder("objects")),
            ("s3://chime", bucket("chime", "")),
            ("s3://chime/", bucket("chime", "")),
            ("s3://chime/a/b/", bucket("chime", "a/b/")),
        ] {
            assert_eq!(address(&options(url)).unwrap(), expected, "{url}");
        }
        for url in [
            "",
            "file:",
            "s3://",
            "s3:///a",
            "s3://a b/",
            "/srv/objects",
            "gs://a",
        ] {
            assert!(address(&options(url)).is_err(), "{url}");
        }
    }

    #[test]
    fn a_file_name_stays_in_its_header() {
        assert_eq!(
            disposition("a\"b\\c\r\nSet-Cookie: x=é.pdf"),
            "attachment; filename=\"a_b_c__Set-Cookie: x=_.pdf\"; \
             filename*=UTF-8''a%22b%5Cc%0D%0ASet%2DCookie%3A%20x%3D%C3%A9%2Epdf"
        );
    }
}
