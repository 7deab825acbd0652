//! A real Apache Kafka broker, for tests: one node in KRaft mode, on loopback unless told otherwise.

mod jars;
mod relay;

pub use jars::Jars;
pub use relay::Relay;

use crate::{
    Error,
    process::{Process, Start, free},
};
use std::{
    fmt::Write as _,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const NAME: &str = "broker";
const PROPERTIES: &str = "server.properties";
const DATA: &str = "data";
/// Any id will do; a cluster has one node here.
const CLUSTER: &str = "foreshadow-test-broker";

/// A user that the broker knows, by `PLAIN` and by `SCRAM-SHA-256`.
pub const USER: &str = "mirror";

/// Where a broker stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Site {
    /// On loopback, as all of a test.
    Loopback,
    /// In a network namespace that is there already, at its end of a cable: clients come over that.
    Namespace {
        /// The namespace's name.
        name: String,
        /// Its address at the cable.
        address: Ipv4Addr,
    },
}

impl Site {
    fn address(&self) -> Ipv4Addr {
        match self {
            Self::Loopback => Ipv4Addr::LOCALHOST,
            Self::Namespace { address, .. } => *address,
        }
    }

    /// The command that what runs there is a word of.
    fn within(&self) -> Vec<String> {
        match self {
            Self::Loopback => Vec::new(),
            Self::Namespace { name, .. } => {
                ["ip", "netns", "exec", name].map(ToOwned::to_owned).to_vec()
            }
        }
    }
}

/// Who may come in by [`Broker::secured`], and what the broker shows them.
#[derive(Clone, Debug)]
pub struct Guard {
    /// The password of [`USER`].
    pub password: String,
    /// The broker's certificate for `localhost`, in PEM.
    pub certificate_pem: String,
    /// Its key, PKCS#8 in PEM.
    pub key_pem: String,
}

/// A broker at work.
#[derive(Debug)]
pub struct Broker {
    jars: Jars,
    folder: PathBuf,
    guard: Option<Guard>,
    site: Site,
    ports: Ports,
    relay: Relay,
    process: Process,
}

#[derive(Clone, Copy, Debug)]
struct Ports {
    plain: u16,
    secured: u16,
    controller: u16,
    /// Behind the relay, and the relay's own, which clients are told.
    relayed: u16,
    relay: u16,
}

impl Broker {
    /// Starts a broker that keeps what it has in `folder`, which is its own: it goes with it.
    ///
    /// # Errors
    /// [`Error`] if there is no Java, no port, no room, or the broker does not come up.
    pub fn start(jars: &Jars, folder: &Path, guard: Option<&Guard>) -> Result<Self, Error> {
        Self::start_at(Site::Loopback, jars, folder, guard)
    }

    /// The same elsewhere. [`Broker::relayed`] and [`Broker::secured`] are of loopback alone.
    ///
    /// # Errors
    /// As [`Broker::start`].
    pub fn start_at(
        site: Site,
        jars: &Jars,
        folder: &Path,
        guard: Option<&Guard>,
    ) -> Result<Self, Error> {
        let relayed = free()?;
        let relay = Relay::start(relayed)?;
        let (plain, secured, controller) = (free()?, free()?, free()?);
        let ports = Ports { plain, secured, controller, relayed, relay: relay.port() };
        fs::create_dir_all(folder).map_err(Error::io(format!("make {}", folder.display())))?;
        let properties = folder.join(PROPERTIES);
        fs::write(&properties, settings(folder, (&site, ports), guard))
            .map_err(Error::io(format!("write {}", properties.display())))?;
        format(jars, &properties, guard)?;
        let java = ["java", "-Xmx512m", "-Xshare:auto", "-XX:+UseSerialGC", "-cp"];
        let words = java.map(ToOwned::to_owned).into_iter();
        let properties = properties.display().to_string();
        let words = words.chain([jars.class_path(), "kafka.Kafka".to_owned(), properties]);
        let process = Process::start(Start {
            name: NAME,
            within: site.within(),
            words: words.collect(),
            variables: Vec::new(),
            folder: folder.to_owned(),
            at: (site.address(), plain),
        })?;
        let (jars, folder, guard) = (jars.clone(), folder.to_owned(), guard.cloned());
        Ok(Self { jars, folder, guard, site, ports, relay, process })
    }

    /// Where clients begin, as `HOST:PORT`, without TLS and without a password.
    #[must_use]
    pub fn address(&self) -> String {
        format!("{}:{}", self.site.address(), self.ports.plain)
    }

    /// Where clients begin that come with TLS and a password. Nobody listens without a [`Guard`].
    #[must_use]
    pub fn secured(&self) -> String {
        format!("localhost:{}", self.ports.secured)
    }

    /// Where clients begin whose way goes over [`Broker::relay`], and stays there.
    #[must_use]
    pub fn relayed(&self) -> String {
        format!("127.0.0.1:{}", self.relay.port())
    }

    /// A piece of the network that can be cut.
    #[must_use]
    pub fn relay(&self) -> &Relay {
        &self.relay
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// `kill -9`: what it had not written to its files is gone.
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent.
    pub fn kill(&mut self) -> Result<(), Error> {
        self.process.kill()
    }

    /// Stands still, with its connections open: none of its threads does anything any more.
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent, or a thread goes on.
    pub fn freeze(&self) -> Result<(), Error> {
        self.process.freeze()
    }

    /// Goes on after [`Broker::freeze`].
    ///
    /// # Errors
    /// [`Error`] if the signal cannot be sent.
    pub fn thaw(&self) -> Result<(), Error> {
        self.process.thaw()
    }

    /// Comes up again after [`Broker::kill`], on the same ports and the same disk.
    ///
    /// # Errors
    /// [`Error`] as for [`Broker::start`].
    pub fn restart(&mut self) -> Result<(), Error> {
        self.process.restart()
    }

    /// Comes up again after [`Broker::kill`], on the same ports, as the same cluster, and with an empty
    /// disk: whatever it had is gone.
    ///
    /// # Errors
    /// [`Error`] as for [`Broker::start`].
    pub fn restart_without_disk(&mut self) -> Result<(), Error> {
        let data = self.folder.join(DATA);
        fs::remove_dir_all(&data).map_err(Error::io(format!("remove {}", data.display())))?;
        format(&self.jars, &self.folder.join(PROPERTIES), self.guard.as_ref())?;
        self.restart()
    }
}

fn settings(folder: &Path, (site, ports): (&Site, Ports), guard: Option<&Guard>) -> String {
    let host = site.address();
    let Ports { plain, secured, controller, relayed, relay } = ports;
    let data = folder.join(DATA);
    let data = data.display();
    let more =
        if guard.is_some() { format!(",SASL_SSL://localhost:{secured}") } else { String::new() };
    let mut text = format!(
        "process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller}
controller.listener.names=CONTROLLER
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,RELAYED:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
inter.broker.listener.name=PLAINTEXT
listeners=PLAINTEXT://{host}:{plain},RELAYED://127.0.0.1:{relayed},CONTROLLER://127.0.0.1:{controller}{more}
advertised.listeners=PLAINTEXT://{host}:{plain},RELAYED://127.0.0.1:{relay}{more}
broker.session.timeout.ms=1000
broker.heartbeat.interval.ms=200
log.dirs={data}
offsets.topic.replication.factor=1
offsets.topic.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
log.retention.check.interval.ms=1000
log.cleaner.enable=false
"
    );
    if let Some(guard) = guard {
        let pem = |pem: &str| pem.trim().replace('\r', "").replace('\n', "\\n");
        let _ = write!(
            text,
            "ssl.keystore.type=PEM
ssl.keystore.certificate.chain={}
ssl.keystore.key={}
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_{USER}=\"{}\";
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=org.apache.kafka.common.security.scram.ScramLoginModule required;
",
            pem(&guard.certificate_pem),
            pem(&guard.key_pem),
            guard.password,
        );
    }
    text
}

fn format(jars: &Jars, properties: &Path, guard: Option<&Guard>) -> Result<(), Error> {
    let mut tool = Command::new("java");
    tool.args(["-Xshare:auto", "-XX:TieredStopAtLevel=1", "-cp", &jars.class_path()]);
    tool.args(["kafka.tools.StorageTool", "format", "--cluster-id", CLUSTER, "--config"]);
    tool.arg(properties);
    if let Some(guard) = guard {
        tool.arg("--add-scram");
        tool.arg(format!("SCRAM-SHA-256=[name={USER},password={}]", guard.password));
    }
    let done = tool.stdin(Stdio::null()).output();
    let done =
        done.map_err(Error::io("run java, which a broker needs: install default-jre-headless"))?;
    match done.status.success() {
        true => Ok(()),
        false => Err(Error::Server {
            name: NAME,
            why: format!(
                "its storage cannot be formatted: {}",
                String::from_utf8_lossy(&done.stderr).trim()
            ),
        }),
    }
}
