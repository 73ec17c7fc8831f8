use super::Endpoint;

/// What a running scan can be told. An order, not a fact: never recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Control {
    /// Start nothing new; what is under way ends by itself.
    Pause,
    /// Go on after a pause.
    Resume,
    /// Give an endpoint up: what is under way there is broken off, and nothing more is tried.
    Skip(Endpoint),
    /// Set aside what is known of these endpoints, and attempt them anew. Only endpoints of the scan are taken.
    ProbeAgain(Vec<Endpoint>),
    /// Probe everything anew.
    RescanAll,
}
