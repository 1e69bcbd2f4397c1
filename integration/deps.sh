#!/usr/bin/env bash
# Installs what the storefront and the integration runs need and is not there.
# Silent when nothing is missing.
set -euo pipefail

missing=()

# need PACKAGE TEST...: notes the package if the test fails.
need() {
	local package=$1
	shift
	"$@" >/dev/null 2>&1 || missing+=("$package")
}

installed() {
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1") == installed ]]
}

any_uwsgi() { test -x /usr/bin/uwsgi-core || test -x /usr/bin/uwsgi; }

# Debian's own Python: packages go there, whatever python3 is first on PATH.
need python3-django /usr/bin/python3 -c 'import django'
need uwsgi-core any_uwsgi
need uwsgi-plugin-python3 installed uwsgi-plugin-python3
need curl command -v curl

if ((${#missing[@]} == 0)); then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "deps: no apt-get here; install by hand: ${missing[*]}" >&2
	exit 1
fi

as_root=()
if ((EUID != 0)); then
	command -v sudo >/dev/null || {
		echo "deps: not root and no sudo; as root: apt-get install ${missing[*]}" >&2
		exit 1
	}
	as_root=(sudo)
fi

log=$(mktemp)
trap 'rm -f "$log"' EXIT
echo "deps: installing ${missing[*]}"
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -y)
if ! { "${apt[@]}" update && "${apt[@]}" install --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
	tail -n 20 "$log" >&2
	echo "deps: apt-get could not install ${missing[*]}" >&2
	exit 1
fi
