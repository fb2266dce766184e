//! TODO title.

use crate::row::Kinds;

pub const KINDS: Kinds = &[];
