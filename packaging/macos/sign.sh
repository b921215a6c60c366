#!/bin/sh
# Signs the binary with a Developer ID, smoke-tests it, notarizes it. On a Mac only. Each part is left out, and says so, when its
# variables are not set:
#
#   SIGNING_CERTIFICATE, SIGNING_CERTIFICATE_PASSWORD   a Developer ID Application certificate with its key: .p12 in base64
#   NOTARY_KEY, NOTARY_KEY_ID, NOTARY_ISSUER            a key of App Store Connect's API: .p8 in base64, its id, its issuer
#
# usage: sign.sh BINARY
set -eu
binary=$1
here=$(cd "$(dirname "$0")" && pwd)
scratch=$(mktemp -d)
keychain=
finish() {
  [ -z "$keychain" ] || security delete-keychain "$keychain" || true
  rm -rf "$scratch"
}
trap finish EXIT
say() { printf '%s\n' "== $1"; }
# the variables are secret: a file of their own, for us alone
umask 077

# what hands files from one job to the next forgets who may run them
chmod 755 "$binary"
if [ -n "${SIGNING_CERTIFICATE:-}" ]; then
  say "signing with a Developer ID"
  password=$(uuidgen)
  keychain=$scratch/signing.keychain-db
  printf '%s' "$SIGNING_CERTIFICATE" | base64 --decode > "$scratch/certificate.p12"
  security create-keychain -p "$password" "$keychain"
  security set-keychain-settings -lut 3600 "$keychain"
  security unlock-keychain -p "$password" "$keychain"
  # codesign builds the certificate's chain from the keychains that are searched; deleting this one takes it out again
  security list-keychains -d user | sed 's/^ *"//; s/"$//' > "$scratch/searched"
  set -- "$binary"
  while read -r other; do set -- "$@" "$other"; done < "$scratch/searched"
  shift
  security list-keychains -d user -s "$keychain" "$@"
  security import "$scratch/certificate.p12" -k "$keychain" -f pkcs12 -P "${SIGNING_CERTIFICATE_PASSWORD:-}" -T /usr/bin/codesign
  # else codesign would ask a person
  security set-key-partition-list -S apple-tool:,apple: -s -k "$password" "$keychain" >/dev/null
  identity=$(security find-identity -v -p codesigning "$keychain" | sed -n 's/.*"\(Developer ID Application: .*\)".*/\1/p' | head -n 1)
  [ -n "$identity" ] || { echo "sign.sh: SIGNING_CERTIFICATE holds no Developer ID Application identity" >&2; exit 1; }
  # Bun needs a JIT, and the native parts that it unpacks are signed ad hoc by their makers.
  codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
    --keychain "$keychain" --sign "$identity" "$binary"
else
  say "SIGNING_CERTIFICATE is not set: the binary keeps its ad hoc signature"
fi

codesign --verify --strict --verbose=2 "$binary"
sh "$here/smoke.sh" "$binary"

if [ -n "${SIGNING_CERTIFICATE:-}" ] && [ -n "${NOTARY_KEY:-}" ]; then
  say "notarizing"
  printf '%s' "$NOTARY_KEY" | base64 --decode > "$scratch/notary.p8"
  ditto -c -k --keepParent "$binary" "$scratch/easel.zip"
  # it ends with 0 when Apple refuses, too: only the word counts
  xcrun notarytool submit "$scratch/easel.zip" --wait --key "$scratch/notary.p8" --key-id "$NOTARY_KEY_ID" \
    --issuer "$NOTARY_ISSUER" | tee "$scratch/notary.log"
  grep -q 'status: Accepted' "$scratch/notary.log" || { echo "sign.sh: Apple did not accept the binary" >&2; exit 1; }
else
  say "no Developer ID or no NOTARY_KEY: the binary is not notarized"
fi
