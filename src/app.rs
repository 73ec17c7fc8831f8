//! The only wiring place: settings, scan, sinks, exit status.
