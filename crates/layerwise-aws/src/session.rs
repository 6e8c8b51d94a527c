//! Who we are for AWS and how long we wait: region, login, connections, and the async runtime. All of it is made when the
//! first question is asked. Never waits for a metadata service that is not there.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::imds::{self, region::ImdsRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use layerwise::process::Env;
use tokio::runtime::Runtime;

use crate::problem::Problem;

/// For a connection; AWS answers in a fraction of it from anywhere.
const CONNECT: Duration = Duration::from_secs(4);
/// For one try of a request.
const TRY: Duration = Duration::from_secs(15);
pub(crate) const TRIES: u32 = 3;
/// Between the first try and the second, at most; twice as long each time.
const PAUSE: Duration = Duration::from_millis(300);
/// The metadata service is on the machine's own network, or nowhere.
const METADATA: Duration = Duration::from_millis(500);

/// Connections to AWS in the name of one user.
pub(crate) struct Session {
    env: Env,
    /// Where AWS is asked, when the one who asks knows that better than the user's settings.
    region: Option<String>,
    runtime: OnceLock<Result<Runtime, Problem>>,
    config: OnceLock<Result<SdkConfig, Problem>>,
}

impl Session {
    /// With the login that `env` and the user's own files give; in `region`, unless the user's own is meant.
    pub(crate) fn new(env: Env, region: Option<String>) -> Self {
        Self { env, region, runtime: OnceLock::new(), config: OnceLock::new() }
    }

    /// What clients are made of.
    pub(crate) fn config(&self) -> Result<&SdkConfig, Problem> {
        let load = || self.wait(config(&self.env, self.region.as_deref())).and_then(|config| config);
        self.config.get_or_init(load).as_ref().map_err(Clone::clone)
    }

    /// Waits for `future` on the calling thread; any number of threads may do so at once.
    pub(crate) fn wait<T>(&self, future: impl Future<Output = T>) -> Result<T, Problem> {
        Ok(self.runtime()?.block_on(future))
    }

    fn runtime(&self) -> Result<&Runtime, Problem> {
        let start = || {
            // One thread drives all sockets.
            let mut builder = tokio::runtime::Builder::new_multi_thread();
            let runtime = builder.worker_threads(1).thread_name("layerwise-aws").enable_all().build();
            runtime.map_err(|error| Problem::of_our_own(&error))
        };
        self.runtime.get_or_init(start).as_ref().map_err(Clone::clone)
    }
}

async fn config(env: &Env, region: Option<&str>) -> Result<SdkConfig, Problem> {
    let endpoint = env.get("AWS_ENDPOINT_URL");
    let http = http_client(endpoint);
    let plain = ProviderConfig::without_region().with_http_client(http.clone());
    let metadata = imds::Client::builder()
        .configure(&ProviderConfig::without_region().with_http_client(Builder::new().build_http()))
        .max_attempts(1)
        .connect_timeout(METADATA)
        .read_timeout(METADATA)
        .build();
    let said = region.or_else(|| env.get("AWS_REGION")).or_else(|| env.get("AWS_DEFAULT_REGION"));
    let region = match said {
        Some(region) => Region::new(region.to_owned()),
        None => {
            let metadata =
                ImdsRegionProvider::builder().configure(&plain).imds_client(metadata.clone()).build();
            let own = ProfileFileRegionProvider::builder().configure(&plain).build();
            let found = match own.region().await {
                Some(region) => Some(region),
                None => metadata.region().await,
            };
            found.ok_or_else(Problem::no_region)?
        }
    };
    let login = match of_env(env) {
        Some(credentials) => SharedCredentialsProvider::new(credentials),
        None => {
            let chain = DefaultCredentialsChain::builder()
                .configure(plain.with_region(Some(region.clone())))
                .region(region.clone())
                .imds_client(metadata);
            SharedCredentialsProvider::new(chain.build().await)
        }
    };
    let patience = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(TRY);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .region(region)
        .credentials_provider(login)
        .timeout_config(patience.build())
        .retry_config(RetryConfig::standard().with_max_attempts(TRIES).with_initial_backoff(PAUSE));
    if let Some(endpoint) = endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    Ok(loader.load().await)
}

/// The login in the environment that we were given; it is not always the one of this process.
fn of_env(env: &Env) -> Option<Credentials> {
    let (key, secret) = (env.get("AWS_ACCESS_KEY_ID")?, env.get("AWS_SECRET_ACCESS_KEY")?);
    let token = env.get("AWS_SESSION_TOKEN").map(str::to_owned);
    Some(Credentials::new(key, secret, token, None, "environment"))
}

/// Certificates are read, and proxies asked, only where there is encryption: the rest is on this machine.
fn http_client(endpoint: Option<&str>) -> SharedHttpClient {
    match endpoint {
        Some(endpoint) if endpoint.starts_with("http:") => Builder::new().build_http(),
        // The SDK's own way to a client takes no proxy.
        _ => Builder::new().build_with_connector_fn(|settings, components| {
            let connector = Connector::builder().proxy_config(ProxyConfig::from_env());
            let mut connector = connector.tls_provider(Provider::Rustls(CryptoMode::Ring));
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            connector.build()
        }),
    }
}
