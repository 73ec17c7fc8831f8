#!/bin/sh
# Makes the certificates of this directory with the openssl command line (3.0). The keys are thrown away, and the serials are
# fixed; dates and keys differ at each run, so that the tests rely on neither.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# config STRING_MASK: a request configuration whose strings are encoded as the mask says (2048 is BMPString, 4 is T61String).
config() {
    printf '[req]\ndistinguished_name=dn\nstring_mask=%s\nutf8=yes\nprompt=no\n[dn]\nCN=unused\n' "$1" >"$work/cnf"
}

# cert NAME SUBJECT SERIAL KEYOPTS... : a self-signed version 3 certificate.
cert() {
    name=$1 subject=$2 serial=$3
    shift 3
    openssl req -x509 -config "$work/cnf" -utf8 -nodes -subj "$subject" -set_serial "$serial" -days 36500 \
        -keyout "$work/key" -outform DER -out "$here/$name.der" "$@" 2>/dev/null
}

config utf8only
cert rsa512 /CN=rsa512.corp.example 1 -newkey rsa:512 -sha256
cert rsa1024-sha1 /CN=sha1.corp.example 2 -newkey rsa:1024 -sha1 -addext basicConstraints=critical,CA:TRUE
cert rsa1024-md5 /CN=md5.corp.example 3 -newkey rsa:1024 -md5
cert negative-serial /CN=negative.corp.example -5 -newkey rsa:1024 -sha256
cert empty-subject / 6 -newkey rsa:1024 -sha256
cert pss /CN=pss.corp.example 7 -newkey rsa:1024 -sha256 -sigopt rsa_padding_mode:pss
cert ec-p256 "/DC=example/DC=corp/O=Smith, Jones \\+ Co/CN=old-name/CN=ec.corp.example" 8 -newkey ec -pkeyopt ec_paramgen_curve:P-256 \
    -sha256 -addext subjectAltName=DNS:ec.corp.example,DNS:*.corp.example,IP:192.0.2.7,IP:2001:db8::7,email:x@corp.example \
    -addext extendedKeyUsage=serverAuth,1.3.6.1.4.1.311.54.1.2 \
    -addext crlDistributionPoints=URI:http://192.0.2.1/x.crl
cert ed25519 /CN=ed.corp.example 9 -newkey ed25519
config MASK:2048
cert bmp-cn /CN=сервер.corp.example 10 -newkey rsa:1024 -sha256
config MASK:4
cert t61-cn /CN=büro.corp.example 11 -newkey rsa:1024 -sha256

config utf8only
openssl req -new -config "$work/cnf" -nodes -subj /CN=v1.corp.example -newkey rsa:1024 -keyout "$work/key" -out "$work/csr" 2>/dev/null
openssl x509 -req -in "$work/csr" -signkey "$work/key" -set_serial 12 -days 36500 -sha256 -outform DER -out "$here/v1.der" 2>/dev/null
