#!/bin/sh
# Installs the easel binary on Linux or on a Mac. The release workflow writes its own address into RELEASES.
#
#   sh install.sh [VERSION]        EASEL_INSTALL_DIR (default ~/.local/bin), EASEL_RELEASES
set -eu

RELEASES=${EASEL_RELEASES:-@RELEASES@}
version=${1:-latest}
folder=${EASEL_INSTALL_DIR:-$HOME/.local/bin}

fail() {
  echo "install.sh: $1" >&2
  exit 1
}

system=$(uname -s)
case $system in
  Linux)
    case $(uname -m) in
      x86_64) target=linux-x64 ;;
      aarch64 | arm64) target=linux-arm64 ;;
      *) fail "there is no build for $(uname -m)" ;;
    esac
    if ldd --version 2>&1 | grep -qi musl; then
      fail "the binary needs glibc 2.35 or newer; this system has musl"
    fi
    hash="sha256sum"
    ;;
  Darwin)
    # a shell under Rosetta says x86_64 on Apple silicon, too
    [ "$(sysctl -n hw.optional.arm64 2>/dev/null)" = 1 ] || fail "easel needs a Mac with Apple silicon; this one has an Intel processor"
    macos=$(sw_vers -productVersion)
    [ "${macos%%.*}" -ge 14 ] || fail "easel needs macOS 14 or newer; this is macOS $macos"
    target=darwin-arm64
    hash="shasum -a 256"
    ;;
  *) fail "there is no build for $system" ;;
esac
for tool in curl tar "${hash%% *}"; do
  command -v "$tool" >/dev/null || fail "$tool is missing"
done

if [ "$version" = latest ]; then
  version=$(curl --fail --silent --show-error --location "$RELEASES/latest/download/VERSION") ||
    fail "cannot reach $RELEASES"
fi
archive=easel-$version-$target.tar.gz
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
for file in "$archive" SHA256SUMS; do
  curl --fail --location --progress-bar --output "$file" "$RELEASES/download/v$version/$file" ||
    fail "cannot download $file"
done
grep " [ *]*$archive\$" SHA256SUMS | $hash --check - >/dev/null || fail "$archive does not have the published hash"
tar -xzf "$archive"
# curl sets no quarantine mark; an archive that a browser fetched would bring one
[ "$system" != Darwin ] || xattr -d com.apple.quarantine easel 2>/dev/null || true

# A rename, so that a running server keeps the file it was started from.
new=$folder/.easel.$$
trap 'rm -rf "$scratch" "$new"' EXIT
{ mkdir -p "$folder" && cp easel "$new" && chmod 755 "$new" && mv "$new" "$folder/easel"; } 2>"$scratch/why" ||
  fail "cannot write into $folder; set EASEL_INSTALL_DIR to a folder of yours ($(tail -n 1 "$scratch/why"))"
echo "Installed easel $version in $folder"
case ":$PATH:" in
  *":$folder:"*) ;;
  *) echo "Add $folder to your PATH, then: easel run" ;;
esac
