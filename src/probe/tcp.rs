//! TCP connect with every outcome kept, and what the kernel knows of the path.
