//! Sans-I/O bytes: TPKT, X.224, negotiation, the TLS peek, TSRequest and the NTLM challenge.
