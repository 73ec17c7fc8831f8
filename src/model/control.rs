use super::Endpoint;

/// A command to a running scan. Never recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Start no connections; those in flight finish.
    Pause,
    /// Continue after a pause.
    Resume,
    /// Skip an endpoint: cancel its connection, and make no further attempt.
    Skip(Endpoint),
    /// Discard the results of these endpoints, and probe them again. Endpoints outside the scan are ignored.
    ProbeAgain(Vec<Endpoint>),
    /// Rescan everything.
    RescanAll,
}
