#!/bin/sh
# Print the path of a working Python of the version asked for (`tools/find_python.sh 3.10`), or fail with one line.
# Looks on the path and among pyenv's versions. Each candidate is run: pyenv's shims exist even for versions not chosen.
set -eu

version=${1:?usage: find_python.sh MAJOR.MINOR}

works() {
    [ -x "$1" ] || return 1
    found=$("$1" -c 'import ensurepip, ssl, sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || return 1
    [ "$found" = "$version" ]
}

on_path() {
    # every directory of the path, not just the first hit: that one may be a shim that refuses
    old_ifs=$IFS
    IFS=:
    for directory in $PATH; do
        for name in "python$version" python3 python; do
            if works "${directory:-.}/$name"; then
                printf '%s\n' "${directory:-.}/$name"
                return 0
            fi
        done
    done
    IFS=$old_ifs
    return 1
}

if on_path; then
    exit 0
fi
for candidate in "${PYENV_ROOT:-${HOME:-/root}/.pyenv}/versions/$version".*/bin/"python$version"; do
    if works "$candidate"; then
        printf '%s\n' "$candidate"
        exit 0
    fi
done
echo "find_python.sh: no working Python $version on the path or among pyenv's versions" >&2
exit 1
