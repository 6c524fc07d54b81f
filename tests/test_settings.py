"""Settings: defaults, the environment, secret files, and one line for a person for every kind of mistake."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from bot.config_source import is_secret, settings_of, variable_of
from bot.settings import ROOT, ConfigurationError, Settings, load, unknown_variables, variables

pytestmark = pytest.mark.unit

SHIPPED = ROOT / "config.yml"


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.upper().startswith("AMPARO_"):
            monkeypatch.delenv(name)


def _config(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "config.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def _refusal(path: Path) -> str:
    """The error's text, which is one line for a person, whatever was wrong."""
    with pytest.raises(ConfigurationError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) - len(str(path)) < 230, "too long for one line"
    for word in ("pydantic", "Traceback", "ValidationError", "Settings", "BaseModel", "instance of"):
        assert word not in message
    return message


# --- the file that we ship


def test_the_shipped_file_says_the_defaults(tmp_path: Path) -> None:
    assert load(SHIPPED).model_dump() == load(_config(tmp_path, "")).model_dump()


def test_the_shipped_file_holds_every_setting_and_names_every_secret_without_holding_it() -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    data = YAML(typ="safe", pure=True).load(text)
    for path, field in settings_of(Settings):
        section: Any = data
        for part in path[:-1]:
            section = section[part]
        if is_secret(field):
            assert variable_of(path) in text
            assert path[-1] not in section
        else:
            assert path[-1] in section, f"config.yml lacks {'.'.join(path)}"


def test_every_setting_of_the_shipped_file_has_a_comment() -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    bare = [
        line
        for before, line in itertools.pairwise(lines)
        if ":" in line.split("#")[0]
        and not line.lstrip().startswith(("-", "#"))
        and not before.lstrip().startswith("#")
    ]
    # these are said by the comment of their section, or by the line before
    assert [line.split(":")[0].strip() for line in bare] == ["host", "code_attempts_per_hour_global"]


def test_the_commented_roster_of_the_shipped_file_can_be_used(tmp_path: Path) -> None:
    lines = SHIPPED.read_text(encoding="utf-8").splitlines()
    start = lines.index("  #   operators:")
    example = [line.replace("  #   ", "  ", 1) for line in lines[start:] if line.startswith("  #   ")][:6]
    settings = load(_config(tmp_path, "oncall:\n" + "\n".join(example)))
    assert [operator.supervisor for operator in settings.oncall.operators] == [True, False]


# --- wrong files

WRONG: list[tuple[str, str | bytes, str, str]] = [
    # what is wrong, the file, the place that is named after the file's path, a word of the mend
    ("bad YAML", "web:\n  port: [1\nlimits:\n", ":3: ", "mend the YAML"),
    ("a tab", "web:\n\tport: 1\n", ":2: ", "mend the YAML"),
    ("a control character", "country: PA\norganisation: \x01\n", ":2: ", "mend the YAML"),
    ("a key twice", "country: PA\ncountry: CO\n", ':2: found duplicate key "country"; ', "mend the YAML"),
    ("a tag that builds objects", "country: !!python/name:os.system\n", ":1: ", "mend the YAML"),
    ("two documents", "country: PA\n---\ncountry: CO\n", ":2: ", "mend the YAML"),
    ("not UTF-8", "organisation: Red Pe\xf1a\n".encode("latin-1"), ": not UTF-8 text", "save it as UTF-8"),
    ("a list", "- country: PA\n", ":1: ", "config.yml that we ship"),
    ("a word", "hello\n", ":1: ", "config.yml that we ship"),
    ("a key that is not a word", "1: 2\n", ":1: 1: ", "take it out"),
    ("an order to pydantic", "country: PA\n_env_file: /etc/x\n", ":2: _env_file: ", "take it out"),
    ("unknown key, top", "country: PA\nlanguagez: [es]\n", ":2: languagez: no such", "correct its spelling"),
    ("empty section", "country: PA\nweb:\n", ":2: web: ", "take the line out"),
    ("top: data_dir", "data_dir: [a]\n", ":1: data_dir: must be", "but it is a list"),
    ("top: organisation empty", 'organisation: ""\n', ":1: organisation: must have at least 1", "''"),
    ("top: organisation long", f"organisation: {'a' * 61}\n", ":1: organisation: ", "at most 60"),
    ("top: country", "country: Panama\n", ":1: country: must match pattern", "'Panama'"),
    ("top: languages, a word", "languages: es\n", ":1: languages: must be", "'es'"),
    ("top: languages, none", "languages: []\n", ":1: languages: ", "at least 1"),
    ("top: languages, no code", "languages: [es, spanish]\n", ":1: languages: 'spanish' is not", "write it as"),
    ("top: languages, twice", "languages: [es, es]\n", ":1: languages: 'es' is listed twice", "take one out"),
    ("top: log_level", "log_level: loud\n", ":1: log_level: must be 'debug'", "'loud'"),
    ("redis: a secret", "redis:\n  url: redis://x:1\n", ":2: redis.url: not in", "AMPARO_REDIS__URL_FILE"),
    ("redis: wrong type", "redis:\n  cluster: maybe\n", ":2: redis.cluster: must be a valid bool", "'maybe'"),
    ("redis: cluster of nothing", "redis:\n  cluster: true\n", ":2: redis.cluster: needs", "AMPARO_REDIS__URL"),
    ("redis: unknown key", "redis:\n  host: x\n", ":2: redis.host: no such", "correct"),
    ("nlu: scheme", "nlu:\n  url: localhost:5005\n", ":2: nlu.url: must begin with http://", "localhost:5005"),
    ("nlu: no host", "nlu:\n  url: http://:5005\n", ":2: nlu.url: must be a whole address", "scheme://host"),
    ("nlu: bad port", "nlu:\n  url: http://x:99999\n", ":2: nlu.url: must be a whole address", "65535"),
    ("nlu: port out of range", "nlu:\n  port: 70000\n", ":2: nlu.port: must be less than", "70000"),
    ("nlu: port a word", "nlu:\n  port: http\n", ":2: nlu.port: must be a valid integer", "'http'"),
    ("nlu: port yes", "nlu:\n  port: true\n", ":2: nlu.port: must be a number", "True"),
    ("nlu: too patient", "nlu:\n  timeout: 5\n", ":2: nlu.timeout: must be less than", "1.9"),
    ("nlu: never", "nlu:\n  timeout: .nan\n", ":2: nlu.timeout: must be", "nan"),
    ("nlu: a list for a section", "nlu:\n- port: 1\n", ":1: nlu: must be a section", "but it is a list"),
    ("telegram: a secret", "telegram:\n  mode: polling\n  token: 1:a\n", ":3: telegram.token: not in", "TOKEN_FILE"),
    ("telegram: mode", "telegram:\n  mode: push\n", ":2: telegram.mode: must be 'polling' or 'webhook'", "'push'"),
    (
        "telegram: webhook to nowhere",
        "telegram:\n  mode: webhook\n",
        ":2: telegram.mode: webhook needs",
        "webhook_url",
    ),
    ("telegram: no server", 'telegram:\n  api_base: ""\n', ":2: telegram.api_base: must begin", "https://"),
    ("oncall: unknown key", "oncall:\n  operator: []\n", ":2: oncall.operator: no such", "correct"),
    (
        "oncall: a secret",
        "oncall:\n  telegram:\n    token: x\n",
        ":3: oncall.telegram.token: not",
        "ONCALL__TELEGRAM__",
    ),
    ("oncall: api_base", "oncall:\n  telegram:\n    api_base: ftp://x\n", ":3: oncall.telegram.api_base: ", "http"),
    (
        "oncall: operator twice",
        "oncall:\n  operators:\n  - {name: ceiba}\n  - {name: ceiba}\n",
        ":2: oncall.operators: 'ceiba' is listed twice",
        "take one out",
    ),
    (
        "oncall: operator's name",
        "oncall:\n  operators:\n  - name: ceiba\n  - name: María P.\n",
        ":4: oncall.operators.1.name: must match pattern",
        "María",
    ),
    (
        "oncall: no name",
        "oncall:\n  operators:\n  - supervisor: true\n",
        ":3: oncall.operators.0.name: is",
        "write it",
    ),
    (
        "oncall: operator's languages",
        "oncall:\n  operators:\n  - name: ceiba\n    languages: []\n",
        ":4: oncall.operators.0.languages: ",
        "at least 1",
    ),
    (
        "ladder: out of order",
        "oncall:\n  ladder:\n    urgent:\n    - {after: 60}\n    - {after: 0}\n",
        ":3: oncall.ladder.urgent: rungs must be in order",
        "[60.0, 0.0]",
    ),
    (
        "ladder: nobody",
        "oncall:\n  ladder:\n    emergency: []\n",
        ":3: oncall.ladder.emergency: at least one",
        "rung",
    ),
    (
        "ladder: who",
        "oncall:\n  ladder:\n    emergency:\n    - after: 0\n      who: boss\n",
        ":5: oncall.ladder.emergency.0.who: must be 'language'",
        "'boss'",
    ),
    (
        "ladder: before the case",
        "oncall:\n  ladder:\n    priority: [{after: -1}]\n",
        ":3: oncall.ladder.priority.0.after: must be greater",
        "-1",
    ),
    ("ladder: repeat", "oncall:\n  ladder:\n    repeat: .inf\n", ":3: oncall.ladder.repeat: must be", "finite"),
    ("web: host", 'web:\n  host: ""\n', ":2: web.host: must have at least 1", "character"),
    ("web: port", "web:\n  port: -1\n", ":2: web.port: must be greater", "-1"),
    ("web: port a fraction", "web:\n  port: 80.5\n", ":2: web.port: must be a valid integer", "80.5"),
    ("retention: routing", "retention:\n  routing_days: 30\n", ":2: retention.routing_days: must be less", "30"),
    ("retention: case", "retention:\n  case_days: 0\n", ":2: retention.case_days: must be greater", "0"),
    ("limits: replies", "limits:\n  replies_per_minute: 1\n", ":2: limits.replies_per_minute: must be", "3"),
    ("limits: codes", "limits:\n  code_attempts_per_hour: many\n", ":2: limits.code_attempts_per_hour: ", "'many'"),
    ("operator: a secret", "operator:\n  passphrase: x\n", ":2: operator.passphrase: not in", "PASSPHRASE_FILE"),
    ("operator: a list", "operator:\n  name: [a]\n", ":2: operator.name: must be a valid string", "a list"),
    ("demo: a word", "demo: please\n", ":1: demo: must be a valid bool", "'please'"),
    ("secrets: a number", "secrets:\n  intake: 5\n", ":2: secrets.intake: must be a path", "5"),
    ("secrets: unknown key", "secrets:\n  desk: x\n", ":2: secrets.desk: no such", "correct"),
]


@pytest.mark.parametrize(("text", "place", "mend"), [row[1:] for row in WRONG], ids=[row[0] for row in WRONG])
def test_a_mistake_in_the_file_is_one_line_with_its_place_and_mend(
    tmp_path: Path, text: str | bytes, place: str, mend: str
) -> None:
    path = _config(tmp_path, text)
    message = _refusal(path)
    assert message.startswith(f"{path}{place}")
    assert mend in message.removeprefix(str(path))


def test_the_table_of_mistakes_has_every_section_of_the_settings() -> None:
    tried = {row[0].split(":")[0] for row in WRONG}
    assert {path[0] for path, _ in settings_of(Settings) if len(path) > 1} <= tried


def test_several_mistakes_are_counted(tmp_path: Path) -> None:
    assert _refusal(_config(tmp_path, "web: {port: -1, host: ''}\n")).endswith("(and 1 more)")


def test_a_file_that_was_asked_for_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    absent = tmp_path / "absent.yml"
    assert _refusal(absent).startswith(f"{absent}: cannot be read: No such file or directory; ")
    monkeypatch.setenv("AMPARO_CONFIG", str(tmp_path))
    with pytest.raises(ConfigurationError, match="Is a directory"):
        load()


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeffcountry: PA\n", "country: PA\r\nweb: {port: 8080}\r\n"])
def test_an_empty_file_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path, text: str) -> None:
    assert load(_config(tmp_path, text)).country == "PA"


# --- the environment


def test_the_environment_goes_before_the_file_and_the_file_before_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _config(tmp_path, "country: CO\nweb: {host: 0.0.0.0, port: 1}\nlanguages: [en]\n")
    monkeypatch.setenv("AMPARO_WEB__PORT", "9000")
    monkeypatch.setenv("AMPARO_LANGUAGES", "en, es")
    monkeypatch.setenv("AMPARO_CONFIG", str(path))
    settings = load()
    assert (settings.country, settings.web.host, settings.web.port) == ("CO", "0.0.0.0", 9000)
    assert settings.languages == ("en", "es")
    assert settings.log_level == "info"


def test_a_list_of_sections_in_the_environment_is_json_and_replaces_the_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _config(tmp_path, "oncall: {operators: [{name: ceiba}]}\n")
    monkeypatch.setenv("AMPARO_ONCALL__OPERATORS", '[{"name": "guayacan", "languages": ["en"]}]')
    monkeypatch.setenv("AMPARO_ONCALL__LADDER__EMERGENCY", '[{"after": 0}, {"after": 0.5, "who": "language"}]')
    settings = load(path)
    assert [operator.name for operator in settings.oncall.operators] == ["guayacan"]
    assert [rung.after for rung in settings.oncall.ladder.emergency] == [0, 0.5]


def test_an_empty_variable_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPARO_WEB__PORT", "")
    monkeypatch.setenv("AMPARO_TELEGRAM__TOKEN_FILE", "")
    settings = load(_config(tmp_path, "web: {port: 7}\n"))
    assert settings.web.port == 7
    assert not settings.telegram.configured


def test_every_variable_that_is_documented_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set one after the other; the value is a mistake in every setting that is not a free word or path."""
    free = {"DATA_DIR", "ORGANISATION", "TELEGRAM__TOKEN", "TELEGRAM__WEBHOOK_SECRET", "ONCALL__TELEGRAM__TOKEN"}
    free |= {
        "WEB__HOST",
        "OPERATOR__NAME",
        "OPERATOR__PASSPHRASE",
        "SECRETS__INTAKE",
        "SECRETS__PAGER",
        "SECRETS__KEYRING",
    }
    path = _config(tmp_path, "")
    untouched = load(path).model_dump()
    for name, description in variables().items():
        assert description
        if name == "AMPARO_CONFIG":
            continue
        with monkeypatch.context() as patch:
            patch.setenv(name, "? ?")
            if name.removeprefix("AMPARO_") in free:
                assert load(path).model_dump() != untouched
            else:
                assert _refusal(path).startswith(f"{name}: ")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("AMPARO_WEB__PORT", "http", "web.port: must be a valid integer"),
        ("AMPARO_LANGUAGES", '["es"', "not a list; write it as JSON"),
        ("AMPARO_LANGUAGES", "[1]", "languages.0: must be a valid string"),
        ("AMPARO_ONCALL__OPERATORS", "ceiba", "not a list; write it as JSON"),
        ("AMPARO_ONCALL__OPERATORS", '[{"name": "A B"}]', "oncall.operators.0.name: must match pattern"),
        ("AMPARO_ONCALL__OPERATORS", '[{"name": "a"}, {"name": "a"}]', "oncall.operators: 'a' is listed twice"),
        ("AMPARO_TELEGRAM__MODE", "webhook", "telegram.mode: webhook needs webhook_url"),
        ("AMPARO_NLU__URL", "rasa:5005", "nlu.url: must begin with http://"),
        ("AMPARO_REDIS__CLUSTER", "true", "redis.cluster: needs the URL"),
    ],
)
def test_a_mistake_in_a_variable_names_the_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
) -> None:
    monkeypatch.setenv(name, value)
    assert _refusal(_config(tmp_path, "")).startswith(f"{name}: {words}")


def test_a_variable_is_not_blamed_for_the_files_mistake_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMPARO_ONCALL__TELEGRAM__TOKEN", "1:a")
    path = _config(tmp_path, "oncall: {operators: [{name: ceiba}, {name: ceiba}]}\n")
    assert _refusal(path).startswith(f"{path}:1: oncall.operators: ")


@pytest.mark.parametrize("value", ["http://:hunter2@store:6379", "redis://:hunter2@store:port", "redis://:hunter2@"])
def test_a_mistake_in_a_secret_never_shows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("AMPARO_REDIS__URL", value)
    message = _refusal(_config(tmp_path, ""))
    assert message.startswith("AMPARO_REDIS__URL: redis.url: must b")
    assert "hunter2" not in message


def test_secrets_are_not_shown_by_the_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPARO_TELEGRAM__TOKEN", "123:hunter2")
    monkeypatch.setenv("AMPARO_REDIS__URL", "redis://:hunter2@store:6379/0")
    settings = load(_config(tmp_path, ""))
    assert settings.telegram.token.get_secret_value() == "123:hunter2"
    assert "hunter2" not in f"{settings!r} {settings} {settings.model_dump_json()}"


# --- secret files


def test_a_secret_file_gives_its_content_without_the_last_newline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "token").write_text("123:abc\n")
    (tmp_path / "port").write_text("81\r\n")
    monkeypatch.setenv("AMPARO_ONCALL__TELEGRAM__TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("AMPARO_WEB__PORT_FILE", str(tmp_path / "port"))
    settings = load(_config(tmp_path, ""))
    assert settings.oncall.telegram.token.get_secret_value() == "123:abc"
    assert settings.web.port == 81


def test_the_variable_goes_before_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPARO_TELEGRAM__TOKEN", "1:direct")
    monkeypatch.setenv("AMPARO_TELEGRAM__TOKEN_FILE", str(tmp_path / "absent"))
    assert load(_config(tmp_path, "")).telegram.token.get_secret_value() == "1:direct"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "cannot be read: No such file or directory; give the path of a readable file"),
        (b"\xff\xfe", "not UTF-8 text (byte 0); save it as UTF-8"),
        (b"\n", "the file is empty; write the value into it"),
    ],
)
def test_a_secret_file_that_cannot_be_used_is_named_with_its_variable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, words: str
) -> None:
    secret = tmp_path / "secret"
    if content is not None:
        secret.write_bytes(content)
    monkeypatch.setenv("AMPARO_TELEGRAM__TOKEN_FILE", str(secret))
    assert _refusal(_config(tmp_path, "")) == f"AMPARO_TELEGRAM__TOKEN_FILE: {secret}: {words}"


def test_a_wrong_value_from_a_file_names_the_file_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "url").write_text("store:6379")
    monkeypatch.setenv("AMPARO_REDIS__URL_FILE", str(tmp_path / "url"))
    message = _refusal(_config(tmp_path, ""))
    assert message == "AMPARO_REDIS__URL_FILE: redis.url: must begin with redis:// or rediss:// or unix://"


# --- variables that mean nothing


def test_a_misspelt_variable_is_named_with_the_one_that_was_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AMPARO_REDIS_URL", "AMPARO_TELEGRAM__TOKEN_FIEL", "amparo_web__port", "AMPARO_XYZZY"):
        monkeypatch.setenv(name, "1")
    for name in ("AMPARO_CONFIG", "AMPARO_WEB__PORT", "AMPARO_WEB__PORT_FILE", "AMPAROS_OWN"):
        monkeypatch.setenv(name, "1")
    assert unknown_variables() == {
        "AMPARO_REDIS_URL": "AMPARO_REDIS__URL",
        "AMPARO_TELEGRAM__TOKEN_FIEL": "AMPARO_TELEGRAM__TOKEN_FILE",
        "amparo_web__port": "AMPARO_WEB__PORT",
        "AMPARO_XYZZY": "",
    }


def test_a_variable_that_means_nothing_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMPARO_REDIS__URI", "redis://x")
    assert load(_config(tmp_path, "")).redis.url.get_secret_value() == ""


def test_paths_start_at_the_data_directory_unless_absolute(tmp_path: Path) -> None:
    settings = load(_config(tmp_path, f"data_dir: {tmp_path}\nsecrets: {{pager: /elsewhere/pager.json}}\n"))
    assert settings.path(settings.secrets.intake) == tmp_path / "keys/intake.json"
    assert settings.path(settings.secrets.pager) == Path("/elsewhere/pager.json")
