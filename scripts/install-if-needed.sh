#!/bin/sh
# Installs the npm dependencies when they are missing or when package-lock.json has changed since they were installed.
set -eu
cd "$(dirname "$0")/.."
stamp=node_modules/.linnet-installed
if [ -f "$stamp" ] && cmp -s package-lock.json "$stamp"; then exit 0; fi
echo "Installing dependencies (once; about half a minute) ..." >&2
npm ci --no-fund --no-audit --loglevel=error >&2
cp package-lock.json "$stamp"
