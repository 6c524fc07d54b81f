"""What a machine needs to run Amparo: lock files, the set-up script, the commands that `.ci/run` and make know."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tomllib
from pathlib import Path

import pytest

from bot.settings import ROOT

pytestmark = pytest.mark.unit

LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
SCRIPTS = [*sorted((ROOT / "tools").glob("*.sh")), ROOT / ".ci" / "run"]
HOST = re.compile(r"://|--(?:extra-)?index-url|--find-links|-f |@ ")


def _name(requirement: str) -> str:
    """The distribution's name, as lock files spell it."""
    found = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert found, requirement
    return re.sub(r"[-_.]+", "-", found.group()).lower()


def _locked(lock: Path) -> dict[str, int]:
    """Every distribution of a lock file with the number of its hashes."""
    locked: dict[str, int] = {}
    name = ""
    for line in lock.read_text(encoding="utf-8").splitlines():
        if found := re.match(r"(\S+)==\S+", line):
            name = found.group(1)
            locked[name] = 0
        elif line.lstrip().startswith("--hash=sha256:"):
            locked[name] += 1
        else:
            pytest.fail(f"{lock}: neither a version nor a hash: {line!r}")
    return locked


def test_there_is_a_lock_for_each_environment() -> None:
    assert [lock.name for lock in LOCKS] == ["app.lock", "dev.lock", "nlu.lock", "uv.lock"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_a_lock_names_no_host_and_has_a_hash_for_everything(lock: Path) -> None:
    assert not HOST.search(lock.read_text(encoding="utf-8"))
    assert [name for name, hashes in _locked(lock).items() if not hashes] == []


def test_the_locks_hold_what_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = {_name(requirement) for requirement in project["dependencies"]}
    app, dev = (_locked(ROOT / "requirements" / name) for name in ("app.lock", "dev.lock"))
    assert asked <= app.keys()
    assert asked | {_name(requirement) for requirement in project["optional-dependencies"]["dev"]} <= dev.keys()
    assert app.keys() <= dev.keys()


def test_tests_and_images_have_the_same_versions() -> None:
    def versions(name: str) -> set[str]:
        text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
        return set(re.findall(r"^\S+==\S+", text, re.MULTILINE))

    assert versions("app.lock") <= versions("dev.lock")


@pytest.mark.parametrize("lock", [lock.stem for lock in LOCKS if lock.stem in {"nlu", "uv"}])
def test_the_locks_hold_what_their_inputs_ask_for(lock: str) -> None:
    lines = (ROOT / "requirements" / f"{lock}.in").read_text(encoding="utf-8").splitlines()
    asked = {_name(line) for line in lines if line.strip() and not line.startswith("#")}
    assert asked <= _locked(ROOT / "requirements" / f"{lock}.lock").keys()


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.name)
def test_scripts_are_sound_shell(script: Path) -> None:
    shell = "bash" if "bash" in script.read_text(encoding="utf-8").splitlines()[0] else "sh"
    subprocess.run([shell, "-n", str(script)], check=True)


def test_the_integration_machine_runs_make_test() -> None:
    run = ROOT / ".ci" / "run"
    assert run.stat().st_mode & stat.S_IXUSR
    assert run.read_text(encoding="utf-8").splitlines()[-1] == "exec make test"


@pytest.mark.parametrize(
    ("target", "needs", "never"),
    [
        ("setup", ["setup.sh app", "setup.sh nlu", "setup.sh model"], ["amparo", "pytest"]),
        ("demo", ["setup.sh model", ".venv/bin/amparo demo"], ["pytest"]),
        (
            "test",
            ["setup.sh model", "ruff check", "ruff format --check", "mypy", "lint-imports", "pytest"],
            ["-m unit"],
        ),
        (
            "check",
            ["setup.sh app", "ruff check", "mypy", "lint-imports", "pytest -m unit"],
            ["setup.sh nlu", "setup.sh model"],
        ),
        ("clean", ["rm -rf"], [" var", "setup.sh"]),
    ],
)
def test_what_make_does(target: str, needs: list[str], never: list[str]) -> None:
    plan = _make("--dry-run", target)
    assert all(word in plan for word in needs)
    assert not any(word in plan for word in never)


def test_make_alone_lists_what_it_can_do() -> None:
    said = _make()
    for target in ("setup", "demo", "test", "check", "lock", "clean"):
        assert f"make {target} " in said


def _make(*arguments: str) -> str:
    # a make that runs these tests hands its own flags down
    environ = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS", "PYTEST_"))
    }
    done = subprocess.run(["make", *arguments], cwd=ROOT, env=environ, check=True, capture_output=True, text=True)
    return done.stdout


# --- the set-up script on machines that lack something


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """What set-up reads, copied into a folder with a space, on a machine with a shell but no Python and no uv."""
    home = tmp_path / "a machine"
    project = home / "the project"
    for part in ("tools", "requirements"):
        shutil.copytree(ROOT / part, project / part)
    shutil.copy(ROOT / "pyproject.toml", project)
    tools = home / "bin"
    tools.mkdir()
    for name in ("sh", "cat", "cksum", "rm", "mkdir", "mv", "dirname", "grep", "tail", "pwd", "printf"):
        found = shutil.which(name)
        assert found, name
        (tools / name).symlink_to(found)
    return home


def _python(machine: Path, body: str) -> None:
    """A `python3` on that machine which does what `body` (shell) says."""
    script = machine / "bin" / "python3"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)


def _setup(machine: Path, step: str, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(machine / "bin" / "sh"), "tools/setup.sh", step],
        cwd=machine / "the project",
        env={"PATH": str(machine / "bin"), "HOME": str(machine), **environ},
        capture_output=True,
        text=True,
        check=False,
    )


def _one_line(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 1
    lines = [line for line in done.stderr.splitlines() if not line.startswith("setup: fetching ")]
    assert len(lines) == 1, done.stderr
    return lines[0]


def test_without_any_python_set_up_says_what_to_install(machine: Path) -> None:
    said = _one_line(_setup(machine, "app"))
    assert said.startswith("setup: Python 3.11 or newer is needed, but there is no python3 that runs; install one")
    assert "apt-get install python3 python3-venv" in said
    assert "make PYTHON=" in said


def test_with_an_old_python_set_up_says_which_it_found(machine: Path) -> None:
    _python(machine, 'case "$2" in *platform*) echo "python3 is 3.9.2" ;; *) exit 1 ;; esac')
    said = _one_line(_setup(machine, "app"))
    assert "Python 3.11 or newer is needed, but python3 is 3.9.2" in said


def test_a_python_that_was_asked_for_must_run(machine: Path) -> None:
    said = _one_line(_setup(machine, "app", PYTHON="/nowhere/python3.12"))
    assert said.startswith("setup: PYTHON=/nowhere/python3.12 does not run, or is older than 3.11; ")


def test_a_python_without_venv_and_pip_is_named_with_the_package_to_install(machine: Path) -> None:
    _python(machine, f'case "$1" in -c) echo "{machine}/bin/python3" ;; *) exit 1 ;; esac')
    said = _one_line(_setup(machine, "app"))
    assert "has neither venv nor pip; install them (Debian: apt-get install python3-venv)" in said


def test_an_index_that_cannot_be_reached_is_told_in_one_line(machine: Path) -> None:
    body = 'case "$1" in -c) echo "$0" ;; -m) [ "$2" = venv ] && exit 1; [ "$3" = --version ] && exit 0\n'
    body += 'echo "noise" >&2; echo "ERROR: No matching distribution found for uv" >&2; exit 1 ;; esac'
    _python(machine, body)
    said = _one_line(_setup(machine, "app"))
    assert "pip could not install uv: ERROR: No matching distribution found for uv" in said
    assert not (machine / "the project" / ".tools" / "uv").exists()


def test_set_up_without_a_step_says_which_there_are(machine: Path) -> None:
    assert _one_line(_setup(machine, "")) == "setup: say what: sh tools/setup.sh app|nlu|model|lock"
