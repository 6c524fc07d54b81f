#!/bin/sh
# Prepares what Amparo runs in: `sh tools/setup.sh app|nlu|model|lock`. `make setup` calls the first three.
#
#   app    .venv       Python 3.11 or newer, everything of requirements/dev.lock, and Amparo itself
#   nlu    nlu/.venv   Python 3.10, everything of requirements/nlu.lock (Rasa)
#   model  nlu/models  the trained model
#   lock   re-resolves the lock files from pyproject.toml and requirements/*.in
#
# A step does nothing when its inputs have not changed since it last ended well. Indexes, mirrors, caches and
# certificates are whatever pip and uv are set up with on this machine: nothing of that is said here.
set -eu
cd "$(dirname "$0")/.."
PATH_UV=.tools/uv

say() { printf '%s\n' "setup: $*"; }
fail() {
    printf '%s\n' "setup: $*" >&2
    exit 1
}

# The real program behind a name, if it runs and is new enough (a pyenv shim may exist and yet not run).
real_python() {
    "$1" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1); print(getattr(sys, "_base_executable", "") or sys.executable)' 2>/dev/null
}

find_python() {
    if [ -n "${PYTHON:-}" ]; then
        real_python "$PYTHON" || fail "PYTHON=$PYTHON does not run, or is older than 3.11; give the path of a newer one"
        return
    fi
    for candidate in python3 python3.13 python3.12 python3.11; do
        real_python "$candidate" && return
    done
    for version in 3.13 3.12 3.11; do
        candidate=$(sh tools/find_python.sh "$version" 2>/dev/null) && real_python "$candidate" && return
    done
    have=$(python3 -c 'import platform; print("python3 is " + platform.python_version())' 2>/dev/null) ||
        have="there is no python3 that runs"
    fail "Python 3.11 or newer is needed, but $have; install one (Debian: apt-get install python3 python3-venv)" \
        "or say where it is: make PYTHON=/path/to/python3.12 setup"
}

# uv from the path when it is recent enough to build this project by itself; else our own, by hash, in .tools/.
find_uv() {
    case $(uv --version 2>/dev/null) in
    "uv 0.9."* | "uv 0."[1-9][0-9]*) echo uv && return ;;
    esac
    if ! "$PATH_UV" --version >/dev/null 2>&1; then
        python=$(find_python) || exit 1
        say "fetching uv, which installs the rest" >&2
        rm -rf .tools/new
        mkdir -p .tools
        if "$python" -m venv .tools/new >/dev/null 2>&1; then
            set -- .tools/new/bin/python -m pip install
        elif "$python" -m pip --version >/dev/null 2>&1; then
            rm -rf .tools/new
            set -- "$python" -m pip install --target .tools/new
        else
            fail "$python has neither venv nor pip; install them (Debian: apt-get install python3-venv)"
        fi
        "$@" --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/uv.lock 2>.tools/pip.log ||
            fail "pip could not install uv: $(grep -i error .tools/pip.log | tail -n 1) (see .tools/pip.log; is the" \
                "package index reachable?)"
        mv .tools/new/bin/uv "$PATH_UV"
        rm -rf .tools/new .tools/pip.log
    fi
    echo "$PATH_UV"
}

# uv draws progress bars for people; elsewhere its list of packages would only be noise.
quiet() { [ -t 2 ] || echo --quiet; }

# What a step was made from: the files given, the Python, and where the project lies (environments cannot be moved).
fingerprint() {
    python=$1
    shift
    { cat "$@"; echo "$python $(pwd)"; } | cksum
}

unchanged() { [ -f "$1/.made-from" ] && [ "$(cat "$1/.made-from")" = "$2" ] && "$1/bin/python" -c '' 2>/dev/null; }

# environment DIR PYTHON LOCK: an environment of that Python with exactly what the lock says.
environment() {
    version=$("$2" -c 'import sys; print(*sys.version_info[:3])')
    if [ "$("$1/bin/python" -c 'import sys; print(*sys.version_info[:3])' 2>/dev/null)" != "$version" ]; then
        "$UV" venv --quiet --clear --no-project --python "$2" "$1" ||
            fail "$1 could not be made with $2; the line above says why"
    fi
    rm -f "$1/.made-from"
    # shellcheck disable=SC2046 # no word when it should not be quiet
    "$UV" pip sync $(quiet) --python "$1/bin/python" --require-hashes "$3" ||
        fail "$3 could not be installed; the lines above say why (is the package index reachable, the disk full?)"
}

app() {
    python=$(find_python) || exit 1
    made_from=$(fingerprint "$python" requirements/dev.lock pyproject.toml)
    unchanged .venv "$made_from" && return
    UV=$(find_uv) || exit 1
    say "[1/3] the bot's environment in .venv (some seconds)"
    environment .venv "$python" requirements/dev.lock
    "$UV" pip install --quiet --python .venv/bin/python --no-deps --editable . ||
        fail "Amparo itself could not be installed in .venv; the lines above say why"
    echo "$made_from" >.venv/.made-from
}

nlu() {
    if python=$(sh tools/find_python.sh 3.10 2>/dev/null); then
        UV=
    else
        UV=$(find_uv) || exit 1
        say "[2/3] fetching Python 3.10, which Rasa needs and this machine lacks"
        # never quiet: then it would not say why it failed
        "$UV" python install 3.10 && python=$("$UV" python find --managed-python 3.10) ||
            fail "Python 3.10 is neither here nor could uv fetch it (above: why); install it (pyenv install 3.10), try again"
    fi
    made_from=$(fingerprint "$python" requirements/nlu.lock)
    unchanged nlu/.venv "$made_from" && return
    UV=${UV:-$(find_uv)} || exit 1
    say "[2/3] the language model's environment in nlu/.venv (2.5 GB, about a minute on a fast line)"
    environment nlu/.venv "$python" requirements/nlu.lock
    echo "$made_from" >nlu/.venv/.made-from
}

model() {
    nlu/.venv/bin/python nlu/train.py || fail "the model could not be trained; the lines above say why"
}

# lock OUTPUT PYTHON-VERSION INPUT…: keeps what is locked already where it still fits; say UPGRADE=--upgrade for newer.
resolve() {
    output=$1 version=$2
    shift 2
    say "resolving $output"
    # shellcheck disable=SC2086 # UPGRADE may be empty
    "$UV" pip compile --quiet "$@" --output-file "$output" --python-version "$version" --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-header --no-annotate ${UPGRADE:-}
    if grep -n -E '://|index-url|find-links' "$output"; then
        fail "$output names a host or a path (above); remove its source from the machine's uv settings and try again"
    fi
}

lock() {
    UV=$(find_uv) || exit 1
    # universal: for every system and every Python from that version on; Rasa knows 3.10 alone
    resolve requirements/uv.lock 3.11 --universal requirements/uv.in
    resolve requirements/app.lock 3.11 --universal pyproject.toml
    resolve requirements/dev.lock 3.11 --universal pyproject.toml --extra dev
    resolve requirements/nlu.lock 3.10 requirements/nlu.in
}

case ${1:-} in
app | nlu | model | lock) "$1" ;;
*) fail "say what: sh tools/setup.sh app|nlu|model|lock" ;;
esac
