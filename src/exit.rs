//! Exit statuses and what they mean.
