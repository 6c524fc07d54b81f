"""The containers: they run commands that exist, with settings that exist, and each holds what DESIGN §2 lets it."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.settings import ROOT, Settings, load, variables
from tests.commands import command_of

pytestmark = pytest.mark.unit

SERVICES = ("store", "nlu", "intake", "pager", "operator")
BOT = ("intake", "pager", "operator")
SECRET_DIRECTORY = "/run/secrets/"


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    loaded = YAML(typ="safe", pure=True).load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


def _service(compose: dict[str, Any], name: str) -> dict[str, Any]:
    service: dict[str, Any] = compose["services"][name]
    return service


def _mounts(service: dict[str, Any]) -> dict[str, tuple[str, bool]]:
    """Where each volume is mounted: target -> (source, read-only)."""
    mounts = {}
    for volume in service.get("volumes", []):
        source, target, *options = volume.split(":")
        mounts[target] = (source, options == ["ro"])
    return mounts


# --- what runs


def test_the_processes_are_those_of_the_design(compose: dict[str, Any]) -> None:
    assert sorted(compose["services"]) == sorted(SERVICES)
    assert _service(compose, "operator")["profiles"] == ["operator"]
    assert not any("profiles" in _service(compose, name) for name in SERVICES if name != "operator")


@pytest.mark.parametrize("name", BOT)
def test_the_bots_commands_exist(compose: dict[str, Any], name: str) -> None:
    command = command_of(_service(compose, name)["command"])
    if name != "operator":
        assert command == f"amparo run {name}"


def test_the_commands_told_in_comments_exist() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    told = re.findall(r"run --rm operator ([a-z ]+[a-z])", text)
    assert len(told) >= 3
    for words in told:
        command_of(words.split())


def test_the_model_is_served_by_the_module_that_the_bot_starts_itself() -> None:
    command = _dockerfile("nlu/Dockerfile")["CMD"][-1]
    assert '"python", "-m", "serve"' in command
    assert (ROOT / "nlu" / "serve" / "__main__.py").is_file()
    assert (ROOT / "nlu" / "train.py").is_file()


def test_the_store_writes_every_change_to_disk_and_evicts_nothing(compose: dict[str, Any]) -> None:
    command = _service(compose, "store")["command"]
    options = dict(zip(command[1::2], command[2::2], strict=True))
    assert command[0] == "valkey-server"
    assert options["--appendonly"] == "yes"
    assert options["--appendfsync"] == "always"
    assert options["--maxmemory-policy"] == "noeviction"
    assert _mounts(_service(compose, "store"))[options["--dir"]] == ("store", False)
    assert options["--aclfile"] == f"{SECRET_DIRECTORY}store_acl"


@pytest.mark.parametrize("name", [name for name in SERVICES if name != "operator"])
def test_every_server_says_whether_it_is_healthy(compose: dict[str, Any], name: str) -> None:
    test = _service(compose, name)["healthcheck"]["test"]
    assert test[0] in {"CMD", "CMD-SHELL"}
    if test[1] == "amparo":
        command_of(test[2:])


def test_intake_waits_for_the_store_but_not_for_the_model(compose: dict[str, Any]) -> None:
    assert list(_service(compose, "intake")["depends_on"]) == ["store"]


# --- settings and secrets


@pytest.mark.parametrize("name", SERVICES)
def test_every_variable_is_a_setting(compose: dict[str, Any], name: str) -> None:
    known = variables().keys() | {f"{variable}_FILE" for variable in variables()}
    assert _service(compose, name).get("environment", {}).keys() <= known


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "nlu/Dockerfile"])
def test_every_variable_of_an_image_is_a_setting(dockerfile: str) -> None:
    text = (ROOT / dockerfile).read_text(encoding="utf-8")
    assert set(re.findall(r"AMPARO_\w+", text)) <= variables().keys()


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_come_as_files_that_are_given_to_the_service(compose: dict[str, Any], name: str) -> None:
    service = _service(compose, name)
    given = service.get("secrets", [])
    environment = service.get("environment", {})
    from_files = {value.removeprefix(SECRET_DIRECTORY) for key, value in environment.items() if key.endswith("_FILE")}
    assert from_files | ({"store_acl"} if name == "store" else set()) == set(given)
    assert set(given) <= compose["secrets"].keys()
    assert not any(key.endswith(("TOKEN", "PASSPHRASE", "REDIS__URL", "SECRET")) for key in environment)


def test_secret_files_lie_where_git_and_images_do_not_look(compose: dict[str, Any]) -> None:
    assert all(secret["file"] == f"./secrets/{name}" for name, secret in compose["secrets"].items())
    assert "/secrets/" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert not _sent_to_the_builder("secrets/store_url")


@pytest.mark.parametrize("name", BOT)
def test_the_services_settings_load(
    compose: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _settings(compose, name, tmp_path, monkeypatch)
    assert settings.redis.url.get_secret_value() == "redis://amparo:x@store:6379/0"
    assert settings.telegram.configured == (name == "intake")
    assert settings.oncall.telegram.configured == (name == "pager")
    assert not settings.demo
    if name == "intake":
        assert settings.nlu.url == "http://nlu:5005"
        assert settings.path(settings.secrets.intake) == Path("/private/intake.json")


def _settings(compose: dict[str, Any], name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What the process reads, with files in `tmp_path` for the secrets."""
    for variable in list(os.environ):
        if variable.startswith("AMPARO_"):
            monkeypatch.delenv(variable)
    for secret in compose["secrets"]:
        (tmp_path / secret).write_text("redis://amparo:x@store:6379/0\n" if secret == "store_url" else "1:token\n")
    for variable, value in _service(compose, name)["environment"].items():
        monkeypatch.setenv(variable, str(value).replace(SECRET_DIRECTORY, f"{tmp_path}/"))
    return load(ROOT / "config.yml")


# --- trust zones (DESIGN §2)

MAY_HOLD = {
    "store": {"store_acl"},
    "nlu": set(),
    "intake": {"store_url", "telegram_token"},
    "pager": {"store_url", "oncall_token"},
    "operator": {"store_url"},
}
MAY_MOUNT = {
    "store": {"store"},
    "nlu": set(),
    "intake": {"./config.yml", "team", "intake"},
    "pager": {"./config.yml", "pager"},
    "operator": {"./config.yml", "team"},
}
NETWORKS = {
    "store": {"store"},
    "nlu": {"nlu"},
    "intake": {"store", "nlu", "outside"},
    "pager": {"store", "outside"},
    "operator": {"store"},
}


@pytest.mark.parametrize("name", SERVICES)
def test_each_holds_only_what_its_zone_may(compose: dict[str, Any], name: str) -> None:
    service = _service(compose, name)
    assert set(service.get("secrets", [])) == MAY_HOLD[name]
    assert {source for source, _ in _mounts(service).values()} == MAY_MOUNT[name]
    assert set(service["networks"]) == NETWORKS[name]
    assert "env_file" not in service
    assert "ports" not in service


def test_intake_sees_no_private_key_of_the_team_or_of_an_operator(compose: dict[str, Any]) -> None:
    intake = _service(compose, "intake")
    ring = intake["environment"]["AMPARO_SECRETS__KEYRING"]
    assert _mounts(intake)[ring] == ("team", False)
    # the key ring's folders of private halves (bot/cases/keys.py), covered by empty ones
    assert {f"{ring}/epochs", f"{ring}/operators"} <= set(intake["tmpfs"])


def test_the_model_and_the_store_have_no_way_out(compose: dict[str, Any]) -> None:
    for name in ("store", "nlu"):
        assert all(compose["networks"][network]["internal"] is True for network in NETWORKS[name])
    assert not (compose["networks"]["outside"] or {}).get("internal")


def test_no_writable_volume_is_shared_but_the_key_ring(compose: dict[str, Any]) -> None:
    writable = [
        source
        for name in SERVICES
        for source, read_only in _mounts(_service(compose, name)).values()
        if not read_only
    ]
    assert sorted(writable) == ["intake", "pager", "store", "team", "team"]
    assert set(writable) == compose["volumes"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_can_do_little(compose: dict[str, Any], name: str) -> None:
    service = _service(compose, name)
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    targets = [*service["tmpfs"], *_mounts(service)]
    assert len(targets) == len(set(targets)), "the same place is mounted twice"


# --- images


def _dockerfile(name: str) -> dict[str, list[str]]:
    """The instructions of the file, by kind, with continued lines joined."""
    text = (ROOT / name).read_text(encoding="utf-8").replace("\\\n", " ")
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.strip() and not line.startswith("#"):
            kind, rest = line.split(" ", 1)
            found.setdefault(kind, []).append(" ".join(rest.split()))
    return found


def _sent_to_the_builder(path: str) -> bool:
    """Whether .dockerignore lets `path` through (the last pattern that matches it or a folder of it decides)."""
    sent = True
    parents = ["/".join(path.split("/")[: length + 1]) for length in range(path.count("/") + 1)]
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and any(fnmatch(part, pattern.replace("**/", "*")) for part in parents):
            sent = line.startswith("!")
    return sent


@pytest.mark.parametrize("dockerfile", ["Dockerfile", "nlu/Dockerfile"])
def test_an_image_runs_as_nobody_in_particular_from_files_that_exist(dockerfile: str) -> None:
    found = _dockerfile(dockerfile)
    assert re.fullmatch(r"1\d{4}", found["USER"][-1])
    assert "ARG" not in found
    for copied in found["COPY"]:
        if copied.startswith("--from="):
            continue
        for source in copied.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert _sent_to_the_builder(source), f".dockerignore keeps {source} from the builder"
    installs = [run for run in found["RUN"] if "pip sync" in run]
    assert all("--require-hashes" in run for run in installs)
    assert installs


def test_the_images_have_the_pythons_that_the_parts_need() -> None:
    assert {line.split()[0] for line in _dockerfile("nlu/Dockerfile")["FROM"]} == {"python:3.10-slim"}
    assert {line.split()[0] for line in _dockerfile("Dockerfile")["FROM"]} == {"python:3.11-slim"}


@pytest.mark.parametrize(
    "path", [".git/config", "var/appendonly.aof", ".venv/bin/python", "nlu/.venv/x", "nlu/models/m"]
)
def test_no_data_history_or_environment_gets_into_an_image(path: str) -> None:
    assert not _sent_to_the_builder(path)


# --- tools/compose_secrets.sh


def _secrets(folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", str(ROOT / "tools" / "compose_secrets.sh"), str(folder)],
        env={"PATH": os.environ["PATH"], **environ},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def test_secrets_are_made_once_for_this_machine_alone(compose: dict[str, Any], tmp_path: Path) -> None:
    tokens = {"AMPARO_TELEGRAM__TOKEN": "1:public", "AMPARO_ONCALL__TELEGRAM__TOKEN": "2:oncall"}
    first = _secrets(tmp_path, **tokens)
    assert (first.returncode, first.stdout) == (0, "secrets/ is ready\n")
    made = {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()}
    assert made.keys() == compose["secrets"].keys()
    assert stat.S_IMODE((tmp_path / "secrets").stat().st_mode) == 0o700
    assert (made["telegram_token"], made["oncall_token"]) == ("1:public\n", "2:oncall\n")
    password = made["store_url"].split(":")[2].split("@")[0]
    assert re.fullmatch(r"[0-9a-f]{48}", password)
    assert password not in made["store_acl"]

    assert _secrets(tmp_path).returncode == 0
    assert {file.name: file.read_text() for file in (tmp_path / "secrets").iterdir()} == made


def test_a_token_that_is_missing_is_asked_for_by_name(tmp_path: Path) -> None:
    done = _secrets(tmp_path, AMPARO_TELEGRAM__TOKEN="1:public")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("run this again with the token of the on-call bot")


def test_secrets_do_not_depend_on_where_the_project_lies(tmp_path: Path) -> None:
    copy = tmp_path / "a folder" / "tools"
    copy.mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "compose_secrets.sh", copy)
    environ = {"AMPARO_TELEGRAM__TOKEN": "1:a", "AMPARO_ONCALL__TELEGRAM__TOKEN": "2:b", "PATH": os.environ["PATH"]}
    subprocess.run(["sh", "compose_secrets.sh"], cwd=copy, env=environ, check=True, capture_output=True)
    assert (copy.parent / "secrets" / "store_url").is_file()
