//! The place where pages are served: what links and cookies depend on.

/// What pages need to know of the place where they are served.
#[derive(Debug, Clone)]
pub struct SiteOrigin {
    /// The public address, without a slash at the end.
    pub public_address: String,
    /// Do people come by https?
    pub https: bool,
}
