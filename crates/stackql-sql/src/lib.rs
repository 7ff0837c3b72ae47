//! SQL text to statements: StackQL's own statements, with standard SQL handed on as text. Pure.

mod split;

pub use split::{Piece, split};
