#!/bin/sh
# Signs the binary with a Developer ID, runs it once in an empty folder, notarizes it. On a Mac only.
# usage: SIGNING_IDENTITY="Developer ID Application: …" NOTARY_PROFILE=… sign.sh BINARY
set -eu
binary=$1
# what hands files from one job to the next forgets who may run them
chmod 755 "$binary"
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${SIGNING_IDENTITY:-}" ]; then
  # Bun needs a JIT, and the native parts that it unpacks are signed ad hoc by their makers.
  codesign --force --timestamp --options runtime --entitlements "$here/entitlements.plist" \
    --sign "$SIGNING_IDENTITY" "$binary"
fi
codesign --verify --strict --verbose=2 "$binary"
sh "$here/smoke.sh" "$binary"
if [ -n "${NOTARY_PROFILE:-}" ]; then
  scratch=$(mktemp -d)
  trap 'rm -rf "$scratch"' EXIT
  ditto -c -k --keepParent "$binary" "$scratch/easel.zip"
  xcrun notarytool submit "$scratch/easel.zip" --keychain-profile "$NOTARY_PROFILE" --wait
fi
