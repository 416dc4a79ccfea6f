#!/bin/sh
# Renders the app's icons from icon.svg, after a change to it. Needs Node; fetches Tauri's command line from npm.
set -eu
cd "$(dirname "$0")"
rendered=$(mktemp -d)
trap 'rm -rf "$rendered"' EXIT
npx --yes @tauri-apps/cli@2.12.5 icon icon.svg -o "$rendered"
for icon in 32x32.png 128x128.png 128x128@2x.png icon.png icon.ico icon.icns; do
  cp "$rendered/$icon" .
done
