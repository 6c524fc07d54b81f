"""`config.yml`, the `AMPARO_*` environment and secret files, as one typed object (DESIGN §11).

Precedence: environment, then `AMPARO_…_FILE` (a file holding the secret), then `config.yml`, then the defaults
here. A mistake anywhere is reported as one line: the file or variable, the place in it, and how to mend it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any, Literal, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from bot.conversation.messages import Urgency

PREFIX = "AMPARO_"
ROOT = Path(__file__).resolve().parent.parent
"""Where the project lies: `flows/`, `nlu/` and the default `config.yml` are found from here."""


class ConfigurationError(Exception):
    """The configuration cannot be used. The message is one line for a person: file, place, mend."""


class Section(BaseModel):
    """A part of `config.yml`; a key that nobody knows is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _http_url(value: str) -> str:
    if value and not value.startswith(("http://", "https://")):
        raise ValueError("must begin with http:// or https://")
    return value.rstrip("/")


HttpUrl = Annotated[str, AfterValidator(_http_url)]


def _redis_url(value: str) -> str:
    if value and not value.startswith(("redis://", "rediss://", "unix://")):
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return value


class Redis(Section):
    url: Annotated[SecretStr, Field(description="external store; empty = our own Valkey in the data directory")] = (
        SecretStr("")
    )
    cluster: Annotated[bool, Field(description="the URL is one node of a cluster")] = False

    @model_validator(mode="after")
    def _check(self) -> Redis:
        _redis_url(self.url.get_secret_value())
        return self


class Nlu(Section):
    url: Annotated[HttpUrl, Field(description="Rasa server; empty = start our own")] = ""
    port: Annotated[int, Field(ge=0, le=65535, description="port of our own server; 0 = any free one")] = 0
    timeout: Annotated[float, Field(gt=0, le=1.9, description="seconds before a message goes on without it")] = 1.5


class BotToken(Section):
    token: Annotated[SecretStr, Field(description="the bot's token; empty = this bot is not served")] = SecretStr("")
    api_base: Annotated[HttpUrl, Field(description="Bot API server")] = "https://api.telegram.org"

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())


class Telegram(BotToken):
    mode: Literal["polling", "webhook"] = "polling"
    webhook_url: Annotated[HttpUrl, Field(description="public base address; needed for webhook mode")] = ""
    webhook_secret: Annotated[
        SecretStr, Field(description="secret_token of the webhook; empty = derived from the intake secret")
    ] = SecretStr("")

    @model_validator(mode="after")
    def _check(self) -> Telegram:
        if self.mode == "webhook" and not self.webhook_url:
            raise ValueError("webhook_url is needed when mode is webhook")
        return self


class Rung(Section):
    """One step of the ladder: `after` seconds of waiting, page `who`."""

    after: Annotated[float, Field(ge=0, description="seconds since the case began to wait")]
    who: Literal["language", "language_and_supervisors", "everyone"] = "everyone"


class Ladder(Section):
    """Rungs by urgency (DESIGN §9). After the last rung the last one repeats every `repeat` seconds."""

    emergency: tuple[Rung, ...] = (
        Rung(after=0, who="language"),
        Rung(after=60, who="language"),
        Rung(after=180, who="language_and_supervisors"),
        Rung(after=300, who="everyone"),
    )
    urgent: tuple[Rung, ...] = (
        Rung(after=0, who="language"),
        Rung(after=600, who="language_and_supervisors"),
        Rung(after=1800, who="everyone"),
    )
    priority: tuple[Rung, ...] = (Rung(after=0, who="language"),)
    repeat: Annotated[float, Field(gt=0, description="seconds between pages after the last rung")] = 300

    @model_validator(mode="after")
    def _check(self) -> Ladder:
        for level in ("emergency", "urgent", "priority"):
            delays = [rung.after for rung in getattr(self, level)]
            if delays != sorted(delays):
                raise ValueError(f"{level}: rungs must be in order of `after`, but are {delays}")
        if not self.emergency:
            raise ValueError("emergency: at least one rung is needed, or nobody is ever paged")
        return self

    def rungs(self, urgency: Urgency) -> tuple[Rung, ...]:
        """The rungs of a level; `information` has none: it waits in the list."""
        return {
            Urgency.EMERGENCY: self.emergency,
            Urgency.URGENT: self.urgent,
            Urgency.PRIORITY: self.priority,
            Urgency.INFORMATION: (),
        }[urgency]


class Operator(Section):
    """Somebody on the roster. `name` is a pseudonym chosen by the organisation, never a legal name."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("es",)
    supervisor: bool = False


class OnCall(Section):
    telegram: BotToken = BotToken()
    operators: tuple[Operator, ...] = ()
    ladder: Ladder = Ladder()

    @model_validator(mode="after")
    def _check(self) -> OnCall:
        names = [operator.name for operator in self.operators]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"operators: {name!r} is listed twice")
        return self


class Web(Section):
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8080


class Retention(Section):
    """Days that things are kept. Routing is never kept longer than 7 days after the last contact (DESIGN §7)."""

    routing_days: Annotated[float, Field(gt=0, le=7)] = 7
    case_days: Annotated[int, Field(ge=1, le=3650)] = 180


class Limits(Section):
    """Where the bot slows down. A message is sealed and kept whatever these say; only replies are spared."""

    replies_per_minute: Annotated[int, Field(ge=3)] = 20
    code_attempts_per_hour: Annotated[int, Field(ge=1)] = 5
    code_attempts_per_hour_global: Annotated[int, Field(ge=1)] = 500


class Secrets(Section):
    """Files that hold what one process alone may know. Relative paths start at the data directory."""

    intake: Path = Path("keys/intake.json")
    pager: Path = Path("keys/pager.json")
    keyring: Annotated[Path, Field(description="the team's key ring: public halves, and sealed private halves")] = (
        Path("keys/team")
    )


class Settings(BaseSettings):
    """All of it. Build with `load`; every field is `AMPARO_` + its path joined by `__` in the environment."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    data_dir: Path = Path("var")
    organisation: Annotated[str, Field(min_length=1, max_length=60)] = "Amparo"
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", description="whose lines are shown first (ISO 3166)")] = "PA"
    languages: Annotated[tuple[str, ...], Field(min_length=1)] = ("es", "en")
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    redis: Redis = Redis()
    nlu: Nlu = Nlu()
    telegram: Telegram = Telegram()
    oncall: OnCall = OnCall()
    web: Web = Web()
    retention: Retention = Retention()
    limits: Limits = Limits()
    secrets: Secrets = Secrets()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return env_settings, SecretFiles(settings_cls), init_settings

    def path(self, path: Path) -> Path:
        """`path`, taken from the data directory unless absolute."""
        return path if path.is_absolute() else self.data_dir / path


class SecretFiles(PydanticBaseSettingsSource):
    """`AMPARO_X__Y_FILE=/run/secrets/y` gives `x.y` the content of that file, without its last newline."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        return None, "", False

    def __call__(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in os.environ.items():
            if not (name.startswith(PREFIX) and name.endswith("_FILE") and value):
                continue
            *parents, leaf = name[len(PREFIX) : -len("_FILE")].lower().split("__")
            try:
                secret = Path(value).read_text(encoding="utf-8").rstrip("\r\n")
            except (OSError, UnicodeDecodeError) as error:
                reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
                raise ConfigurationError(f"{name}: cannot read {value}: {reason}; give a readable file") from None
            section = found
            for parent in parents:
                section = section.setdefault(parent, {})
            section[leaf] = secret
        return found


def _place(errors: list[Any], data: dict[str, Any], source: str) -> str:
    """The first mistake, as `file: place: what is wrong`."""
    error = errors[0]
    location = [str(part) for part in error["loc"]]
    variable = PREFIX + "__".join(location).upper()
    known: Any = data
    for part in error["loc"]:
        known = known.get(part) if isinstance(known, dict) else None
    # the environment can only set named fields: an item of a list is always the file's
    origin = variable if variable in os.environ or f"{variable}_FILE" in os.environ else source
    place = ".".join(location) or "(top level)"
    what = error["msg"].removeprefix("Value error, ")
    if error["type"] == "extra_forbidden":
        what = "no such setting; take it out or correct its spelling (config.yml lists them all)"
    elif error["type"] not in {"value_error", "missing"} and isinstance(known, str | int | float | bool):
        what = f"{what}, but it is {known!r}"
    return f"{origin}: {place}: {what}"


def read_yaml(path: Path) -> Any:
    """The file's content. Raises `ConfigurationError` with file and line when it is not YAML."""
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError:
        raise ConfigurationError(f"{path}: not UTF-8 text; save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or "not valid YAML"
        raise ConfigurationError(f"{path}{line}: {problem}; mend the YAML there") from None


def load(config: Path | None = None) -> Settings:
    """Settings from `config` (default: `AMPARO_CONFIG`, else `config.yml` beside the code, if there is one).

    Raises `ConfigurationError`: one line naming file or variable, place and mend.
    """
    explicit = config or (Path(os.environ["AMPARO_CONFIG"]) if os.environ.get("AMPARO_CONFIG") else None)
    path = explicit or ROOT / "config.yml"
    data: Any = {}
    if explicit or path.exists():
        data = read_yaml(path) or {}
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}:1: must be a mapping of settings, as in the config.yml that we ship")
    try:
        return Settings(**data)
    except ValidationError as error:
        raise ConfigurationError(_place(error.errors(), data, str(path))) from None


def variables(section: type[BaseModel] = Settings, prefix: str = PREFIX) -> dict[str, str]:
    """Every environment variable that means something, with its description (for help, docs and compose checks)."""
    names: dict[str, str] = {} if section is not Settings else {"AMPARO_CONFIG": "path of config.yml"}
    for name, field in section.model_fields.items():
        variable = prefix + name.upper()
        kind = field.annotation
        if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
            names |= variables(kind, variable + "__")
        else:
            names[variable] = field.description or ""
    return names
