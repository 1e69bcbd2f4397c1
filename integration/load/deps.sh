#!/usr/bin/env bash
# Installs Locust, for `make load`: Debian's, and what it needs to read zstd.
# Silent when nothing is missing.
set -euo pipefail

if /usr/bin/python3 -c 'import brotli, locust, zstandard' 2>/dev/null; then
	exit 0
fi
packages=(python3-brotli python3-locust python3-zstandard)
if ! command -v apt-get >/dev/null; then
	echo "load: no apt-get here; install by hand: ${packages[*]}" >&2
	exit 1
fi

as_root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || {
		echo "load: not root and no sudo; as root: apt-get install ${packages[*]}" >&2
		exit 1
	}
	as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "load: installing ${packages[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y)
# Recommended are editors and a browser.
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${packages[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "load: apt-get could not install ${packages[*]}" >&2
	exit 1
fi
