//! A simulated RDP fleet on loopback, for tests and for rdpscan demo.
