#!/bin/sh
# Installs a binary through its formula from a tap on this Mac: style, install, test, service. Removes all of it again.
# usage: formula-test.sh BINARY
set -eu
binary=$1
version=0.0.1
here=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
name=easel/local/easel
finish() {
  brew services stop "$name" >/dev/null 2>&1 || true
  brew uninstall --force "$name" >/dev/null 2>&1 || true
  brew untap easel/local >/dev/null 2>&1 || true
  rm -rf "$scratch"
}
trap finish EXIT

mkdir "$scratch/stage"
cp "$binary" "$scratch/stage/easel"
chmod 755 "$scratch/stage/easel"
cp "$here/../LICENSE" "$here/../NOTICE" "$scratch/stage/"
tar -czf "$scratch/easel-$version-darwin-arm64.tar.gz" -C "$scratch/stage" .
sum=$(shasum -a 256 "$scratch/easel-$version-darwin-arm64.tar.gz" | cut -d' ' -f1)
# A formula names all targets; only this one is fetched here.
for target in darwin-arm64 linux-arm64 linux-x64; do
  echo "$sum  easel-$version-$target.tar.gz"
done > "$scratch/SHA256SUMS"

brew tap-new --no-git easel/local
formula=$(brew --repository easel/local)/Formula/easel.rb
npx -y bun@1.4.5 "$here/formula.ts" --version "$version" --checksums "$scratch/SHA256SUMS" --base "file://$scratch" \
  --homepage "https://github.com/${GITHUB_REPOSITORY:-example/easel}" > "$formula"
brew style "$formula"
brew install --formula "$name"
brew test "$name"
brew services start "$name"
curl --silent --fail --retry 30 --retry-connrefused --retry-delay 1 http://127.0.0.1:8000/health
echo
brew services info "$name"
