//! Scan events as versioned NDJSON, and back.
