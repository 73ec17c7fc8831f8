//! Certificate facts through x509-parser.
