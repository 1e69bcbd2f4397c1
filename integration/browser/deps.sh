#!/usr/bin/env bash
# Installs Debian's Chromium for `make browser`, if no browser is there: $CHROMIUM,
# or /usr/bin/chromium. Silent when there is one.
set -euo pipefail

if [[ -x ${CHROMIUM:-/usr/bin/chromium} ]]; then
	exit 0
fi
if [[ -n ${CHROMIUM:-} ]]; then
	echo "browser: no Chromium at $CHROMIUM" >&2
	exit 1
fi
if ! command -v apt-get >/dev/null; then
	echo "browser: no apt-get here; install Chromium by hand, and set CHROMIUM to its path" >&2
	exit 1
fi

as_root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || {
		echo "browser: not root and no sudo; as root: apt-get install chromium" >&2
		exit 1
	}
	as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "browser: installing chromium"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends chromium; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "browser: apt-get could not install chromium" >&2
	exit 1
fi
