#!/bin/sh
# Makes secrets/ for docker-compose.yml: a password for the store, and the tokens of the two bots (asked for, or taken
# from AMPARO_TELEGRAM__TOKEN and AMPARO_ONCALL__TELEGRAM__TOKEN). What is there already is kept.
set -eu
cd "${1:-$(dirname "$0")/..}"
umask 077
mkdir -p secrets

# Readable for the containers' own users; on this machine the folder (0700) keeps everybody else out.
keep() {
    cat >"secrets/.new"
    chmod 0644 secrets/.new
    mv secrets/.new "secrets/$1"
}

if [ ! -s secrets/store_url ] || [ ! -s secrets/store_acl ]; then
    password=$(od -An -N 24 -tx1 /dev/urandom | tr -d ' \n')
    # the store keeps a hash only; its user may do all that Amparo does, and neither wipe nor reconfigure it
    hash=$(printf %s "$password" | sha256sum | cut -d ' ' -f 1)
    printf 'user default off\nuser amparo on ~* &* +@all -@admin +config|get -flushall -flushdb #%s\n' "$hash" | keep store_acl
    printf 'redis://amparo:%s@store:6379/0\n' "$password" | keep store_url
fi

# token FILE VALUE WHOSE
token() {
    [ -s "secrets/$1" ] && return
    value=$2
    if [ -z "$value" ]; then
        printf 'token of %s (from BotFather): ' "$3" >&2
        if [ -t 0 ]; then stty -echo; fi
        IFS= read -r value || true
        if [ -t 0 ]; then stty echo; echo >&2; fi
    fi
    if [ -z "$value" ]; then
        echo "secrets/$1 is still missing: run this again with the token of $3" >&2
        exit 1
    fi
    printf '%s\n' "$value" | keep "$1"
}
token telegram_token "${AMPARO_TELEGRAM__TOKEN:-}" "the public bot"
token oncall_token "${AMPARO_ONCALL__TELEGRAM__TOKEN:-}" "the on-call bot"
echo "secrets/ is ready"
