#!/usr/bin/env bash
# Puts Debian's nginx at bin/nginx, for `make storm`. It is taken out of its package
# without being installed: an installed one would start as a service, on port 80.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=bin/nginx

if [[ -x $target ]]; then
	exit 0
fi
mkdir -p bin
if [[ -x /usr/sbin/nginx ]]; then
	ln -sf /usr/sbin/nginx "$target"
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "storm: no apt-get here; put an nginx with uwsgi_cache at $target" >&2
	exit 1
fi

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
echo "storm: unpacking nginx"

download() { (cd "$folder" && apt-get download nginx) >"$folder/log" 2>&1; }

# Without the archive's lists there is nothing to download; fetching them is root's.
refresh() {
	if ((EUID == 0)); then
		apt-get update
	else
		sudo apt-get update
	fi >"$folder/log" 2>&1
}

if ! { download || { refresh && download; }; }; then
	tail -n 20 "$folder/log" >&2
	echo "storm: apt-get could not fetch nginx" >&2
	exit 1
fi
dpkg-deb --fsys-tarfile "$folder"/nginx_*.deb | tar -xO ./usr/sbin/nginx >"$folder/nginx"
chmod +x "$folder/nginx"
"$folder/nginx" -v 2>/dev/null || {
	echo "storm: nginx does not run without the packages that it depends on: apt-get install libpcre2-8-0 libssl3 zlib1g" >&2
	exit 1
}
mv "$folder/nginx" "$target"
