//! Looks up what owners of domains say in the DNS: within bounds of time and size, and afresh each time.

mod check;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use carillon_aws::id::AwsAccountId;
use carillon_operation::{BoxFuture, NoAnswer, TxtRecords};
use hickory_resolver::TokioResolver;
use hickory_resolver::config::{
    ConnectionConfig, NameServerConfig, ResolveHosts, ResolverConfig, ResolverOpts,
};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::{Name, RData, Record, RecordType};

pub use check::{Command, run};

/// The longest that a server may take for one answer.
const STEP: Duration = Duration::from_secs(2);
/// How often a server is asked that did not answer.
const TRIES: usize = 2;
/// The longest that a look-up may take, with all servers and aliases.
const WHOLE: Duration = Duration::from_secs(8);
/// Look-ups at the same time. It is less than the jobs that run at the same time, so that slow name servers do not
/// keep mail from being sent.
const AT_ONCE: usize = 4;
/// Of these, for one AWS account: whoever claims many domains of slow name servers keeps nobody else waiting.
const SHARE: usize = 2;
/// Aliases between a name and its records.
const ALIASES: usize = 8;
/// TXT records of one name, strings in all of them, and their bytes.
const RECORDS: usize = 100;
const STRINGS: usize = 500;
const SIZE: usize = 16 << 10;

/// Asks name servers.
pub struct Dns {
    /// The system's, if there are none.
    servers: Vec<SocketAddr>,
    turns: Turns,
}

/// How many look-ups there are at present, for whom.
#[derive(Default)]
struct Turns(Mutex<HashMap<AwsAccountId, usize>>);

/// One of them, as long as it lives.
struct Turn<'a> {
    turns: &'a Turns,
    asker: AwsAccountId,
}

impl Turns {
    fn take(&self, asker: AwsAccountId) -> Option<Turn<'_>> {
        let mut taken = self.lock();
        let all: usize = taken.values().sum();
        let own = taken.get(&asker).copied().unwrap_or(0);
        if all >= AT_ONCE || own >= SHARE {
            return None;
        }
        taken.insert(asker, own + 1);
        Some(Turn { turns: self, asker })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AwsAccountId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let mut taken = self.turns.lock();
        match taken.get_mut(&self.asker) {
            Some(own) if *own > 1 => *own -= 1,
            _ => {
                taken.remove(&self.asker);
            }
        }
    }
}

impl Dns {
    pub fn new(servers: Vec<SocketAddr>) -> Self {
        Self {
            servers,
            turns: Turns::default(),
        }
    }

    /// A resolver that knows nothing yet. The system's servers may be others than the last time.
    fn resolver(&self) -> Result<TokioResolver, NetError> {
        let mut builder = if self.servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = self.servers.iter().map(|server| {
                let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
                    connection.port = server.port();
                    connection
                });
                NameServerConfig::new(server.ip(), true, connections.into())
            });
            let config = ResolverConfig::from_parts(None, Vec::new(), servers.collect());
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options: &mut ResolverOpts = builder.options_mut();
        options.timeout = STEP;
        options.attempts = TRIES;
        options.cache_size = 0;
        options.use_hosts_file = ResolveHosts::Never;
        options.preserve_intermediates = true;
        builder.build()
    }

    /// Looks a name up whatever else is being looked up.
    pub async fn look_up_now(&self, name: &str) -> Result<Vec<Vec<u8>>, NoAnswer> {
        match tokio::time::timeout(WHOLE, self.ask(name)).await {
            Ok(outcome) => outcome.map_err(NoAnswer::Failed),
            Err(_) => Err(NoAnswer::Failed("the name servers took too long".to_owned())),
        }
    }

    async fn ask(&self, name: &str) -> Result<Vec<Vec<u8>>, String> {
        let mut name = Name::from_ascii(name).map_err(|error| error.to_string())?;
        // Nothing of the system's search list is put behind it.
        name.set_fqdn(true);
        let resolver = self.resolver().map_err(|error| error.to_string())?;
        match resolver.lookup(name, RecordType::TXT).await {
            Ok(answer) => texts(answer.answers()).map_err(str::to_owned),
            Err(NetError::Dns(DnsError::NoRecordsFound(none)))
                if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
            {
                Ok(Vec::new())
            }
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The texts of TXT records, the strings of each joined.
fn texts(answers: &[Record]) -> Result<Vec<Vec<u8>>, &'static str> {
    let (mut aliases, mut strings, mut size) = (0, 0, 0);
    let mut texts = Vec::new();
    for record in answers {
        match &record.data {
            RData::CNAME(_) => aliases += 1,
            RData::TXT(txt) => {
                strings += txt.txt_data.len();
                let text = txt.txt_data.concat();
                size += text.len();
                texts.push(text);
            }
            _ => {}
        }
    }
    if aliases > ALIASES {
        return Err("the name leads through too many aliases");
    }
    if texts.len() > RECORDS || strings > STRINGS || size > SIZE {
        return Err("there is too much in the TXT records of the name");
    }
    Ok(texts)
}

impl TxtRecords for Dns {
    fn look_up<'a>(
        &'a self,
        name: &'a str,
        asker: AwsAccountId,
    ) -> BoxFuture<'a, Result<Vec<Vec<u8>>, NoAnswer>> {
        Box::pin(async move {
            let _turn = self.turns.take(asker).ok_or(NoAnswer::Busy)?;
            self.look_up_now(name).await
        })
    }
}

/// A name server: an address, with a port if it is not 53.
pub fn server(text: &str) -> Result<SocketAddr, &'static str> {
    match text.parse::<IpAddr>() {
        Ok(address) => Ok(SocketAddr::new(address, 53)),
        Err(_) => text
            .parse()
            .map_err(|_| "must be an address, with a port if it is not 53: 192.0.2.1, 192.0.2.1:5353, [2001:db8::1]:5353"),
    }
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::rdata::{A, CNAME, TXT};

    use super::*;

    fn record(data: RData) -> Record {
        Record::from_rdata(Name::from_ascii("a.example.com.").unwrap(), 60, data)
    }

    fn txt(strings: &[&str]) -> Record {
        record(RData::TXT(TXT::new(
            strings.iter().map(|text| (*text).to_owned()).collect(),
        )))
    }

    fn alias() -> Record {
        record(RData::CNAME(CNAME(Name::from_ascii("b.example.com.").unwrap())))
    }

    #[test]
    fn strings_of_one_record_are_joined_and_records_are_not() {
        let answers = [
            alias(),
            txt(&["carillon-", "domain", "", "-verification"]),
            record(RData::A(A::new(192, 0, 2, 1))),
            txt(&["other"]),
        ];
        assert_eq!(
            texts(&answers).unwrap(),
            [b"carillon-domain-verification".to_vec(), b"other".to_vec()]
        );
        assert_eq!(texts(&[]).unwrap(), Vec::<Vec<u8>>::new());
    }

    #[test]
    fn answers_are_bounded() {
        let full = "x".repeat(255);
        assert!(texts(&vec![alias(); ALIASES]).is_ok());
        assert!(texts(&vec![alias(); ALIASES + 1]).is_err());
        assert!(texts(&vec![txt(&[""]); RECORDS]).is_ok());
        assert!(texts(&vec![txt(&[""]); RECORDS + 1]).is_err());
        assert!(texts(&[txt(&vec![""; STRINGS + 1])]).is_err());
        assert!(texts(&[txt(&vec![full.as_str(); SIZE / 255])]).is_ok());
        assert!(texts(&[txt(&vec![full.as_str(); SIZE / 255 + 1])]).is_err());
    }

    #[test]
    fn name_servers_have_a_port_of_their_own() {
        for (text, address) in [
            ("192.0.2.1", "192.0.2.1:53"),
            ("192.0.2.1:5353", "192.0.2.1:5353"),
            ("2001:db8::1", "[2001:db8::1]:53"),
            ("[2001:db8::1]:5353", "[2001:db8::1]:5353"),
        ] {
            assert_eq!(server(text), Ok(address.parse().unwrap()));
        }
        for text in ["", "dns.example.com", "192.0.2", "192.0.2.1:", "192.0.2.1:70000"] {
            assert!(server(text).is_err(), "{text}");
        }
    }

    #[tokio::test]
    async fn no_more_is_asked_at_the_same_time_than_may_be() {
        let dns = Dns::new(vec!["127.0.0.1:9".parse().unwrap()]);
        let asker = |number: usize| -> AwsAccountId { format!("11112222333{number}").parse().unwrap() };
        let look_up = async |number| dns.look_up("example.com", asker(number)).await;
        let mut taken: Vec<Turn<'_>> = (0..SHARE).filter_map(|_| dns.turns.take(asker(1))).collect();
        assert_eq!(taken.len(), SHARE);
        assert!(
            matches!(look_up(1).await, Err(NoAnswer::Busy)),
            "it has its share"
        );
        assert!(
            matches!(look_up(2).await, Err(NoAnswer::Failed(_))),
            "others have theirs"
        );
        taken.extend((SHARE..AT_ONCE).filter_map(|number| dns.turns.take(asker(number))));
        assert!(matches!(look_up(9).await, Err(NoAnswer::Busy)), "all are taken");
        taken.clear();
        assert!(matches!(look_up(1).await, Err(NoAnswer::Failed(_))));
        assert!(dns.turns.lock().is_empty());
    }
}
