//! Layered settings: flag, environment, user file, embedded default.
