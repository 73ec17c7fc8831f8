//! Lookups through the system resolver and through hickory, behind one type.
