//! Whether this machine would trust a chain.
