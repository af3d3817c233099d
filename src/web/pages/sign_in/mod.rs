//! Coming in: set-up, sign-in, and the link by which somebody chooses a password.

pub mod password;
pub mod set_up;
pub mod welcome;
