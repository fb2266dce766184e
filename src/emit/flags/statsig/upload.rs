//! What is pushed to Statsig.

use super::Flag;
use crate::emit::flags::served::Losses;

pub(super) fn of(_flag: &Flag<'_>, _losses: &mut Losses) -> Result<Vec<(String, Vec<u8>)>, String> {
    Ok(Vec::new())
}
