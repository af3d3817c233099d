//! Every setting of the process: name, default, meaning. The one home of the environment.

/// The settings as they were given: flags first, then the environment, then the defaults.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Given {
    /// Where the keys are kept: `sqlite://PATH` (the folder is made when it is missing) or `postgres://USER:PASSWORD@HOST/NAME`.
    /// [default: `sqlite://data/claviger.db` in the present folder]
    #[arg(
        long,
        global = true,
        env = "DATABASE_URL",
        hide_env_values = true,
        value_name = "URL",
        help_heading = "Settings"
    )]
    pub database_url: Option<String>,
    /// A file that holds the database's password, for a `DATABASE_URL` without one.
    #[arg(
        long,
        global = true,
        env = "DATABASE_PASSWORD_FILE",
        hide_env_values = true,
        value_name = "PATH",
        help_heading = "Settings"
    )]
    pub database_password_file: Option<String>,
    /// The address and port to listen on. [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "CLAVIGER_LISTEN", value_name = "ADDRESS:PORT", help_heading = "Settings")]
    pub listen: Option<String>,
    /// The address that people and programs use, such as `https://keys.example.org`. [default: http:// and the listening address]
    #[arg(long, global = true, env = "CLAVIGER_PUBLIC_URL", value_name = "URL", help_heading = "Settings")]
    pub public_url: Option<String>,
    /// Other host names under which this server is asked, separated by commas, such as `claviger.svc.cluster.local`; `*.` before a
    /// name is all below it, `*` is any. Addresses and names without a dot need none. [default: that of the public address]
    #[arg(long, global = true, env = "CLAVIGER_HOSTS", value_name = "NAMES", help_heading = "Settings")]
    pub hosts: Option<String>,
    /// Reverse proxies whose `X-Forwarded-For` is believed: addresses or networks, separated by commas. [default: none]
    #[arg(long, global = true, env = "CLAVIGER_TRUSTED_PROXIES", value_name = "NETWORKS", help_heading = "Settings")]
    pub trusted_proxies: Option<String>,
    /// Who may ask `/verify`: addresses or networks, separated by commas. [default: loopback and private networks]
    #[arg(long, global = true, env = "CLAVIGER_GATEWAY_NETWORKS", value_name = "NETWORKS", help_heading = "Settings")]
    pub gateway_networks: Option<String>,
    /// What keys start with; several are accepted, separated by commas, the first makes new keys. [default: clv]
    #[arg(long, global = true, env = "CLAVIGER_KEY_PREFIX", value_name = "PREFIXES", help_heading = "Settings")]
    pub key_prefix: Option<String>,
    /// How long to go on after SIGTERM before the server ends, in seconds, so that a load balancer sees that it is not ready.
    /// [default: 0]
    #[arg(long, global = true, env = "CLAVIGER_SHUTDOWN_DELAY", value_name = "SECONDS", help_heading = "Settings")]
    pub shutdown_delay: Option<String>,
    /// Connections that one address may have at a time; trusted proxies may have any number. [default: 256]
    #[arg(
        long,
        global = true,
        env = "CLAVIGER_CONNECTIONS_PER_ADDRESS",
        value_name = "NUMBER",
        help_heading = "Settings"
    )]
    pub connections_per_address: Option<String>,
    /// How many keys are remembered, so that the database need not be asked for each use; about 300 bytes each. 0: none.
    /// [default: 1000000]
    #[arg(long, global = true, env = "CLAVIGER_CACHE_KEYS", value_name = "NUMBER", help_heading = "Settings")]
    pub cache_keys: Option<String>,
    /// After how many milliseconds, at most, what one server changes counts on all others. One that cannot know asks the database
    /// for each use. [default: 1000]
    #[arg(
        long,
        global = true,
        env = "CLAVIGER_REVOCATION_BOUND_MS",
        value_name = "MILLISECONDS",
        help_heading = "Settings"
    )]
    pub revocation_bound: Option<String>,
    /// What stands between this server and Postgres: `none`, or `transaction`, a pooler that gives each transaction another
    /// session (PgBouncer's transaction mode). [default: none]
    #[arg(long, global = true, env = "CLAVIGER_DATABASE_POOLER", value_name = "KIND", help_heading = "Settings")]
    pub database_pooler: Option<String>,
    /// What is logged, as a tracing filter such as `info` or `claviger=debug,warn`. [default: info, without the HTTP server's own lines]
    #[arg(long, global = true, env = "CLAVIGER_LOG", value_name = "FILTER", help_heading = "Settings")]
    pub log: Option<String>,
    /// How it is logged: `text` or `json`. [default: text]
    #[arg(long, global = true, env = "CLAVIGER_LOG_FORMAT", value_name = "FORMAT", help_heading = "Settings")]
    pub log_format: Option<String>,
}
