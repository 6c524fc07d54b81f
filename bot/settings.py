"""`config.yml`, the `AMPARO_*` environment and secret files, as one typed object (DESIGN §11).

Precedence: environment, then `AMPARO_…_FILE` (a file holding the value), then `config.yml`, then the defaults
here. A mistake anywhere is reported as one line: the file and line, or the variable; the place in it; the mend.
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    Field,
    SecretStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from bot import config_source
from bot.config_source import PREFIX, ConfigurationError, is_secret, line_of, read_yaml, settings_of, variable_of
from bot.config_types import HttpUrl, Languages, RedisUrl, Section, WholeHttpUrl
from bot.conversation.messages import Urgency

__all__ = ["PREFIX", "ROOT", "ConfigurationError", "Settings", "load", "read_yaml", "unknown_variables", "variables"]

ROOT = Path(__file__).resolve().parent.parent
"""Where the project lies: `flows/`, `nlu/` and the default `config.yml` are found from here."""


class Redis(Section):
    """The store. Its URL can hold a password, so it is never in `config.yml`."""

    url: Annotated[
        RedisUrl,
        Field(description="external store; empty = our own Valkey in the data directory"),
    ] = SecretStr("")
    cluster: Annotated[bool, Field(description="the URL is one node of a cluster")] = False

    @field_validator("cluster")
    @classmethod
    def _of_something(cls, value: bool, info: ValidationInfo) -> bool:
        if value and "url" in info.data and not info.data["url"].get_secret_value():
            raise ValueError(f"needs the URL of a node; set {variable_of(('redis', 'url'))}")
        return value


class Nlu(Section):
    url: Annotated[HttpUrl, Field(description="Rasa server; empty = start our own")] = ""
    port: Annotated[int, Field(ge=0, le=65535, description="port of our own server; 0 = any free one")] = 0
    timeout: Annotated[float, Field(gt=0, le=1.9, description="seconds before a message goes on without it")] = 1.2


TELEGRAM_API = "https://api.telegram.org"


class BotToken(Section):
    token: Annotated[SecretStr, Field(description="the bot's token; empty = this bot is not served")] = SecretStr("")
    api_base: Annotated[WholeHttpUrl, Field(description="Bot API server")] = TELEGRAM_API

    @property
    def configured(self) -> bool:
        return bool(self.token.get_secret_value())


class Telegram(BotToken):
    webhook_url: Annotated[HttpUrl, Field(description="public base address; needed for webhook mode")] = ""
    webhook_secret: Annotated[
        SecretStr, Field(description="secret_token of the webhook; empty = derived from the intake secret")
    ] = SecretStr("")

    mode: Annotated[
        Literal["polling", "webhook"], Field(description="polling asks Telegram; webhook is called by it")
    ] = "polling"

    @field_validator("mode")
    @classmethod
    def _called_somewhere(cls, value: str, info: ValidationInfo) -> str:
        # a Bot API server of one's own finds us on this machine; Telegram's needs a public address
        known = info.data.get("webhook_url", "unknown") or info.data.get("api_base") != TELEGRAM_API
        if value == "webhook" and not known:
            raise ValueError("webhook needs webhook_url; give it, or take polling")
        return value


class Rung(Section):
    """One step of the ladder: `after` seconds of waiting, page `who`."""

    after: Annotated[float, Field(ge=0, description="seconds since the case began to wait")]
    who: Literal["language", "language_and_supervisors", "everyone"] = "everyone"


class Ladder(Section):
    """Rungs by urgency (DESIGN §9). After the last rung the last one repeats every `repeat` seconds."""

    emergency: Annotated[tuple[Rung, ...], Field(description="rungs for danger now")] = (
        Rung(after=0, who="language"),
        Rung(after=60, who="language"),
        Rung(after=180, who="language_and_supervisors"),
        Rung(after=300, who="everyone"),
    )
    urgent: Annotated[tuple[Rung, ...], Field(description="rungs for help within a day")] = (
        Rung(after=0, who="language"),
        Rung(after=600, who="language_and_supervisors"),
        Rung(after=1800, who="everyone"),
    )
    priority: Annotated[tuple[Rung, ...], Field(description="rungs for everything else that waits")] = (
        Rung(after=0, who="language"),
    )
    repeat: Annotated[float, Field(gt=0, description="seconds between pages after the last rung")] = 300

    @field_validator("emergency", "urgent", "priority")
    @classmethod
    def _in_order(cls, value: tuple[Rung, ...], info: ValidationInfo) -> tuple[Rung, ...]:
        delays = [rung.after for rung in value]
        if delays != sorted(delays):
            raise ValueError(f"rungs must be in order of `after`, but are {delays}; sort them")
        if not value and info.field_name == "emergency":
            raise ValueError("at least one rung is needed, or nobody is ever paged; write one")
        return value

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
    languages: Languages = ("es",)
    supervisor: bool = False


class OnCall(Section):
    telegram: BotToken = BotToken()
    operators: Annotated[tuple[Operator, ...], Field(description="the roster; in a variable, as JSON")] = ()
    ladder: Ladder = Ladder()

    @field_validator("operators")
    @classmethod
    def _once_each(cls, value: tuple[Operator, ...]) -> tuple[Operator, ...]:
        names = [operator.name for operator in value]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"{name!r} is listed twice; take one out")
        return value


class Web(Section):
    """Where health, webhooks and (later) web chat and desk listen."""

    host: Annotated[str, Field(min_length=1, description="address to listen on; loopback by default")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="port to listen on; 0 = any free one")] = 8080


class Retention(Section):
    """Days that things are kept. Routing is never kept longer than 7 days after the last contact (DESIGN §7)."""

    routing_days: Annotated[
        float, Field(gt=0, le=7, description="how long a reply can still be sent after the last contact")
    ] = 7
    case_days: Annotated[int, Field(ge=1, le=3650, description="how long a closed case can still be opened")] = 180


class Limits(Section):
    """Where the bot slows down. A message is sealed and kept whatever these say; only replies are spared."""

    replies_per_minute: Annotated[int, Field(ge=3, description="replies to one chat")] = 30
    code_attempts_per_hour: Annotated[int, Field(ge=1, description="case codes tried by one chat")] = 5
    code_attempts_per_hour_global: Annotated[int, Field(ge=1, description="case codes tried by all chats")] = 500


class Secrets(Section):
    """Files that hold what one process alone may know. Relative paths start at the data directory."""

    intake: Annotated[Path, Field(description="intake's session key and pepper")] = Path("keys/intake.json")
    pager: Annotated[Path, Field(description="the pager's own key")] = Path("keys/pager.json")
    keyring: Annotated[Path, Field(description="the team's key ring: public halves, and sealed private halves")] = (
        Path("keys/team")
    )


class OperatorSelf(Section):
    """Who works at this terminal; only the `amparo cases` and `amparo keys` commands look at it."""

    name: Annotated[str, Field(description="whose key the commands use; empty = the only one in the key ring")] = ""
    passphrase: Annotated[
        SecretStr, Field(description="for unattended use, best as a file; empty = it is asked for")
    ] = SecretStr("")


class Settings(BaseSettings):
    """All of it. Build with `load`; every field is `AMPARO_` + its path joined by `__` in the environment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, allow_inf_nan=False)

    data_dir: Annotated[Path, Field(description="where the embedded store, keys and attachments live")] = Path("var")
    organisation: Annotated[
        str, Field(min_length=1, max_length=60, description="the name that people see in the chat")
    ] = "Amparo"
    country: Annotated[str, Field(pattern="^[A-Z]{2}$", description="whose lines are shown first (ISO 3166)")] = "PA"
    languages: Annotated[
        Languages, Field(description="offered in the menu, in this order; the first is the default")
    ] = (
        "es",
        "en",
    )
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="how much is logged; never content")
    ] = "info"
    redis: Redis = Redis()
    nlu: Nlu = Nlu()
    telegram: Telegram = Telegram()
    oncall: OnCall = OnCall()
    web: Web = Web()
    retention: Retention = Retention()
    limits: Limits = Limits()
    secrets: Secrets = Secrets()
    operator: OperatorSelf = OperatorSelf()
    demo: Annotated[bool, Field(description="a demo team; set by `amparo up --demo`, never where people write")] = (
        False
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return Environment(settings_cls), init_settings

    def path(self, path: Path) -> Path:
        """`path`, taken from the data directory unless absolute."""
        return path if path.is_absolute() else self.data_dir / path


class Environment(PydanticBaseSettingsSource):
    """The variables and secret files of `config_source.environment`, as pydantic-settings wants a source."""

    def get_field_value(self, field: Any, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002 (its signature)
        return None, "", False

    def __call__(self) -> dict[str, Any]:
        return config_source.environment(Settings, config_source.environ())[0]


def _refuse_secrets(data: dict[str, Any], path: Path) -> None:
    """Secrets come from the environment or from files only: `config.yml` is shared, backed up and read aloud."""
    for place, field in settings_of(Settings):
        value: Any = data
        for part in place:
            value = value.get(part) if isinstance(value, dict) else None
        if is_secret(field) and value not in (None, ""):
            variable = variable_of(place)
            raise ConfigurationError(
                f"{path}:{line_of(path, place)}: {'.'.join(place)}: not in this file, it can hold a secret; "
                f"give it as {variable} or {variable}_FILE"
            )


def load(config: Path | None = None) -> Settings:
    """Settings from `config` (default: `AMPARO_CONFIG`, else `config.yml` beside the code, if there is one).

    Raises `ConfigurationError`: one line naming file or variable, place and mend.
    """
    given = config_source.environ().get(f"{PREFIX}CONFIG")
    explicit = config or (Path(given) if given else None)
    path = explicit or ROOT / "config.yml"
    data: Any = {}
    if explicit or path.exists():
        data = read_yaml(path)
        data = {} if data is None else data
    if not isinstance(data, dict):
        raise ConfigurationError(f"{path}:1: must be settings (`name: value`), as in the config.yml that we ship")
    for key in data:
        # pydantic-settings takes names with a leading underscore as orders to itself
        if not isinstance(key, str) or key.startswith("_"):
            line = line_of(path, (str(key),))
            raise ConfigurationError(f"{path}:{line}: {key}: no such setting; take it out")
    _refuse_secrets(data, path)
    try:
        return Settings(**data)
    except ValidationError as error:
        _, origins = config_source.environment(Settings, config_source.environ())
        raise config_source.explain(error.errors(), Settings, path, origins) from None


def variables() -> dict[str, str]:
    """Every environment variable that means something, with its description (for help, docs and compose checks).

    Each but `AMPARO_CONFIG` may also be given as `…_FILE`, the path of a file that holds the value.
    """
    known = {f"{PREFIX}CONFIG": "path of config.yml"}
    return known | {variable_of(path): field.description or "" for path, field in settings_of(Settings)}


def unknown_variables() -> dict[str, str]:
    """Variables of ours in the environment that mean nothing, each with the nearest one that does (or "")."""
    known = variables()
    meant = known.keys() | {f"{name}_FILE" for name in known if name != f"{PREFIX}CONFIG"}
    found = sorted(name for name in config_source.environ() if name.upper().startswith(PREFIX) and name not in meant)
    return {name: next(iter(difflib.get_close_matches(name.upper(), sorted(meant), 1, 0.8)), "") for name in found}
