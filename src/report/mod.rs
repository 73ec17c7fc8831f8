//! Writes a fleet in the formats that people and programs read, and reads the JSON back.
