use super::sight::Sight;
use super::state::StateOfHost;
use crate::model::{Finding, PredictedError};

pub(crate) fn predict(_: &Sight<'_>, _: &[Finding], _: StateOfHost) -> Option<PredictedError> {
    None
}
