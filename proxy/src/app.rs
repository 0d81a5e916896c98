//! Puts everything together and runs it until the system says to stop.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use demur_classifiers::observe::{Judged, Ran};
use demur_classifiers::{LoadError, Observer, Options, Provider, Registry, Unavailable};
use demur_policies::diagnostic::Format;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::util::BoxCloneSyncService;

use crate::admin::Admin;
use crate::config::tls::TlsConfig;
use crate::config::{ClassifierConfig, Config, RecordText};
use crate::fresh::{self, Refresh};
use crate::keys::{Keys, KeysError};
use crate::listen;
use crate::live::{Lives, ReloadError};
use crate::masks::Masks;
use crate::metrics::Metrics;
use crate::phase::exchange::Traces;
use crate::phase::helper::Send as SendService;
use crate::record::Records;
use crate::routes::Routes;
use crate::sources::{Folder, Look};
use crate::stack::{Stack, stack};
use crate::tls::ServerTls;
use crate::upstream::{self, TlsError, Upstreams};

/// Why demur does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The classifiers cannot be used.
    #[error(transparent)]
    Classifiers(#[from] LoadError),
    /// The policies cannot be used.
    #[error("{}", .0.text(Format::Plain))]
    Policies(#[from] ReloadError),
    /// TLS to the upstreams cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The decision records cannot be written.
    #[error("cannot write decision records to `{path}`: {source}")]
    Records {
        /// Where to.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The virtual keys cannot be used.
    #[error("keys: {0}")]
    Keys(#[from] KeysError),
    /// The certificates of a listener cannot be used.
    #[error("{key}: {source}")]
    ServerTls {
        /// `tls` or `adminTls`.
        key: &'static str,
        /// Why.
        #[source]
        source: crate::tls::TlsError,
    },
    /// Something that cannot fail did.
    #[error("{0}")]
    System(String),
}

/// A demur that is ready to serve.
pub struct App {
    /// What is in force.
    pub lives: Arc<Lives>,
    /// Where it leaves traces.
    pub traces: Traces,
    /// Everything that runs; shutdown waits for it.
    pub tasks: TaskTracker,
    /// Cancelled when it is time to stop.
    pub drain: CancellationToken,
    config: Arc<Config>,
    keys: Option<Arc<Keys>>,
}

impl App {
    /// Loads the classifiers and the policies.
    ///
    /// # Errors
    /// When either cannot be used.
    pub fn prepare(config: Config) -> Result<Self, StartError> {
        let metrics = Metrics::new().map_err(|error| StartError::System(error.to_string()))?;
        let classifiers =
            Arc::new(open_classifiers(&config.classifiers, Arc::new(Counted(metrics.clone())))?);
        Self::with_classifiers(config, classifiers, metrics)
    }

    /// The same, with classifiers that are loaded already.
    ///
    /// # Errors
    /// When the policies cannot be used, or records not be written.
    pub fn with_classifiers(
        config: Config,
        classifiers: Arc<Registry>,
        metrics: Metrics,
    ) -> Result<Self, StartError> {
        let config = Arc::new(config);
        let dropped = metrics.records_dropped.clone();
        let records = match &config.records.path {
            None => Records::to_log(dropped),
            Some(path) => {
                let masks = match config.records.text {
                    RecordText::Keep => config.records.masks.clone(),
                    RecordText::None | RecordText::Hash => Masks::default(),
                };
                Records::to_path(path, config.records.rotation, masks, dropped)
                    .map_err(|source| StartError::Records { path: path.clone(), source })?
            }
        };
        let lives = Arc::new(Lives::start(Arc::clone(&config), classifiers, metrics.clone())?);
        Ok(Self {
            lives,
            traces: Traces { metrics, records, routes: Routes::default() },
            tasks: TaskTracker::new(),
            drain: CancellationToken::new(),
            keys: config.keys.as_deref().map(Keys::load).transpose()?.map(Arc::new),
            config,
        })
    }

    /// The stack before the configured upstreams.
    ///
    /// # Errors
    /// When TLS to them cannot be set up.
    pub fn stack(&self) -> Result<Stack, StartError> {
        let upstreams = Upstreams::new(&self.config, self.traces.metrics.clone())?;
        Ok(self.stack_before(BoxCloneSyncService::new(upstreams)))
    }

    /// The stack before any other way to send.
    pub fn stack_before(&self, send: SendService) -> Stack {
        stack(Arc::clone(&self.lives), send, self.traces.clone(), self.tasks.clone(), self.keys.clone())
    }

    /// Listens, serves, reloads and drains, until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When an address cannot be listened on.
    pub async fn run(self) -> Result<(), StartError> {
        let traffic = self.bind(self.config.listen).await?;
        let admin = self.bind(self.config.admin).await?;
        self.announce(&traffic, &admin);
        let drain = self.drain.clone();
        self.tasks.spawn(async move {
            until_told().await;
            tracing::info!("draining");
            drain.cancel();
        });
        self.serve(traffic, admin).await
    }

    /// Serves on these listeners until `drain` is cancelled.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub async fn serve(self, traffic: TcpListener, admin: TcpListener) -> Result<(), StartError> {
        let upstreams = Upstreams::new(&self.config, self.traces.metrics.clone())?;
        let mut files = upstreams.identities();
        files.extend(self.keys.iter().map(|keys| Arc::clone(keys) as Arc<dyn Refresh>));
        let secrets = self.config.upstreams.iter().filter_map(|upstream| upstream.api_key.clone());
        files.extend(secrets.map(|secret| Arc::new(secret) as Arc<dyn Refresh>));
        let stack = self.stack_before(BoxCloneSyncService::new(upstreams));
        let tls = server_tls("tls", self.config.tls.as_ref(), &mut files)?;
        let admin_tls = server_tls("adminTls", self.config.admin_tls.as_ref(), &mut files)?;
        let reloads = self.traces.metrics.file_reloads.clone();
        self.tasks.spawn(fresh::watch(files, reloads, self.drain.clone()));
        let limits = &self.config.limits;
        let limit = limits.drain_timeout;
        let manner = listen::Manner {
            head_timeout: limits.head_timeout,
            read_timeout: limits.read_timeout,
            drain_timeout: limit,
            tls,
        };
        self.watch_policies();
        let admin_service = Admin::new(Arc::clone(&self.lives), self.traces.clone(), self.drain.clone());
        // Administration outlives traffic: readiness has to answer "no" while exchanges drain.
        let admin_drain = CancellationToken::new();
        let (admin_tasks, admin_done) = (self.tasks.clone(), admin_drain.clone());
        let second = Duration::from_secs(1);
        let admin_manner = listen::Manner {
            head_timeout: limits.head_timeout,
            read_timeout: limits.read_timeout,
            drain_timeout: second,
            tls: admin_tls,
        };
        self.tasks.spawn(async move {
            listen::serve(admin, admin_service, &admin_tasks, admin_done, admin_manner).await;
        });
        listen::serve(traffic, stack, &self.tasks, self.drain.clone(), manner).await;
        admin_drain.cancel();
        self.tasks.close();
        if tokio::time::timeout(limit, self.tasks.wait()).await.is_err() {
            tracing::warn!("tasks were still running when the time to drain was up");
        }
        Ok(())
    }

    fn watch_policies(&self) {
        let lives = Arc::clone(&self.lives);
        let reload = move || drop(lives.reload());
        let folder = self.lives.folder().clone();
        self.tasks.spawn(watch(folder, self.config.poll, self.drain.clone(), reload));
        if let Some(folder) = self.lives.shadow_folder().cloned() {
            let lives = Arc::clone(&self.lives);
            let reload = move || drop(lives.reload_shadow());
            self.tasks.spawn(watch(folder, self.config.poll, self.drain.clone(), reload));
        }
    }

    async fn bind(&self, address: std::net::SocketAddr) -> Result<TcpListener, StartError> {
        listen::bind(address).await.map_err(|source| StartError::Listen { address, source })
    }

    fn announce(&self, traffic: &TcpListener, admin: &TcpListener) {
        let address = |listener: &TcpListener| {
            listener.local_addr().map(|address| address.to_string()).unwrap_or_default()
        };
        let live = self.lives.load();
        tracing::info!(
            traffic = address(traffic),
            admin = address(admin),
            policies = self.lives.folder().name(),
            revision = live.policies.revision(),
            on_unavailable = ?live.config.classifiers.on_unavailable,
            "demur is listening"
        );
    }
}

/// Reads every certificate and key that the configuration names, as serving does.
///
/// # Errors
/// The first that cannot be used.
pub fn check_files(config: &Config) -> Result<(), StartError> {
    let mut files = Vec::new();
    server_tls("tls", config.tls.as_ref(), &mut files)?;
    server_tls("adminTls", config.admin_tls.as_ref(), &mut files)?;
    config.keys.as_deref().map(Keys::load).transpose()?;
    for upstream in &config.upstreams {
        let identity = upstream::tls::identity(upstream)?;
        upstream::tls::client(upstream, identity.as_ref())?;
    }
    Ok(())
}

/// Reads the certificates of a listener, if it has any, and adds them to the files that are looked at again.
fn server_tls(
    key: &'static str,
    config: Option<&TlsConfig>,
    files: &mut Vec<Arc<dyn Refresh>>,
) -> Result<Option<Arc<ServerTls>>, StartError> {
    let Some(config) = config else { return Ok(None) };
    let tls = ServerTls::load(config).map_err(|source| StartError::ServerTls { key, source })?;
    let tls = Arc::new(tls);
    files.push(Arc::clone(&tls) as _);
    Ok(Some(tls))
}

/// Opens the classifiers as the configuration says.
///
/// # Errors
/// When ONNX Runtime is missing, or a model is.
pub fn open_classifiers(
    config: &ClassifierConfig,
    observer: Arc<dyn Observer>,
) -> Result<Registry, LoadError> {
    let provider = match config.provider {
        crate::config::Provider::Cpu => Provider::Cpu,
        crate::config::Provider::Cuda => Provider::Cuda { device: 0, required: false },
        crate::config::Provider::RequireCuda => Provider::Cuda { device: 0, required: true },
    };
    let defaults = Options::default();
    // A quantised model picks the scale of its activations for a whole batch, so that a score would depend on the
    // texts it happens to share one with. Alone, a text gets the same score each time, and on a processor a batch
    // is no faster (docs/performance.md).
    let batch_rows = if provider == Provider::Cpu { 1 } else { defaults.batch_rows };
    let options = Options {
        threads: config.threads,
        sessions: config.sessions,
        provider,
        observer,
        batch_rows,
        calibrations: config.calibrations.clone(),
        ..defaults
    };
    Registry::open(&config.dirs, &options)
}

/// Looks at the policies again and again, and reloads them when they have settled into something new.
async fn watch(
    folder: Folder,
    poll: Duration,
    drain: CancellationToken,
    reload: impl Fn() + Clone + Send + 'static,
) {
    // Nothing is known yet, so what is there now is looked at again once: between the start and the first look
    // lies time enough for an edit.
    let mut known = None;
    let mut seen = Look::default();
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    loop {
        let asked = tokio::select! {
            () = drain.cancelled() => return,
            _ = hangup.recv() => true,
            () = tokio::time::sleep(poll) => false,
        };
        // A folder that is gone, or half there, looks like nothing: that is a change too, and its reload
        // fails and says so, once.
        let looked = folder.clone();
        // A look may take its time: it waits for a disk, or for a server.
        let look = tokio::task::spawn_blocking(move || looked.look().unwrap_or_default()).await;
        let look = look.unwrap_or_default();
        let settled = known.as_ref() != Some(&look) && (look == seen || folder.is_whole());
        seen = look;
        if settled || asked {
            known = Some(seen.clone());
            // Compiling takes milliseconds of processor time, which belongs to a thread that serves nobody.
            if let Err(error) = tokio::task::spawn_blocking(reload.clone()).await {
                tracing::error!(%error, "a reload was lost");
            }
        }
    }
}

/// Waits for SIGTERM or SIGINT.
async fn until_told() {
    let (Ok(mut term), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        tracing::error!("signals cannot be heard; stop demur with SIGKILL");
        return std::future::pending().await;
    };
    tokio::select! {
        _ = term.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Turns what the classifiers tell into metrics.
struct Counted(Metrics);

impl Observer for Counted {
    fn judged(&self, classifier: &str, seen: Judged) {
        if seen.cached {
            self.0.cache_hits.with_label_values(&[classifier]).inc();
        }
    }

    fn ran(&self, classifier: &str, seen: Ran) {
        self.0.batch_size.with_label_values(&[classifier]).observe(seen.rows as f64);
        self.0.batch_seconds.with_label_values(&[classifier]).observe(seen.elapsed.as_secs_f64());
    }

    fn unavailable(&self, classifier: &str, why: &Unavailable) {
        self.0.unknown_signals.with_label_values(&[classifier, why.as_str()]).inc();
    }
}
