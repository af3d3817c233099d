//! The methods of the route table: as its rows say them, and as actix asks them.

use actix_web::guard::Guard;
use actix_web::{Route, web};

pub mod get {
    pub const METHODS: &str = "GET, HEAD";
    pub fn route() -> super::Route {
        super::with(actix_web::guard::Any(actix_web::guard::Get()).or(actix_web::guard::Head()))
    }
}

pub mod post {
    pub const METHODS: &str = "POST";
    pub fn route() -> super::Route {
        super::with(actix_web::guard::Post())
    }
}

pub mod put {
    pub const METHODS: &str = "PUT";
    pub fn route() -> super::Route {
        super::with(actix_web::guard::Put())
    }
}

pub mod delete {
    pub const METHODS: &str = "DELETE";
    pub fn route() -> super::Route {
        super::with(actix_web::guard::Delete())
    }
}

pub mod any {
    pub const METHODS: &str = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
    pub fn route() -> super::Route {
        use actix_web::guard::{Any, Delete, Get, Head, Options, Patch, Post, Put};
        super::with(Any(Get()).or(Head()).or(Post()).or(Put()).or(Patch()).or(Delete()).or(Options()))
    }
}

fn with(guard: impl Guard + 'static) -> Route {
    web::route().guard(guard)
}
