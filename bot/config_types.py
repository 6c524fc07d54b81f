"""The kinds of values that settings are made of, each refusing what it cannot be with words for a person."""

from __future__ import annotations

import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationInfo, field_validator


class Section(BaseModel):
    """A part of `config.yml`; a key that nobody knows is a mistake, not a wish."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*", mode="before")
    @classmethod
    def _no_yes_for_a_number(cls, value: Any, info: ValidationInfo) -> Any:
        # pydantic would read `port: true` as port 1
        if isinstance(value, bool) and cls.model_fields[str(info.field_name)].annotation in (int, float):
            raise ValueError("must be a number")
        return value


def _url(value: str, schemes: tuple[str, ...]) -> str:
    known = " or ".join(f"{scheme}://" for scheme in schemes)
    if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
        raise ValueError(f"must begin with {known}")
    try:
        parts = urlsplit(value)
        complete = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        complete = False
    if not complete and not value.startswith("unix:///"):
        raise ValueError("must be a whole address, as in scheme://host:port, with a port from 1 to 65535")
    return value.rstrip("/")


def _http_url(value: str) -> str:
    return _url(value, ("http", "https"))


def _http_url_or_empty(value: str) -> str:
    return value and _http_url(value)


def _redis_url(value: SecretStr) -> SecretStr:
    text = value.get_secret_value()
    return SecretStr(_url(text, ("redis", "rediss", "unix"))) if text else value


def _languages(value: tuple[str, ...]) -> tuple[str, ...]:
    for code in value:
        if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z]{2,4})?", code):
            raise ValueError(f"{code!r} is not a language code; write it as es, en or zh-Hans")
        if value.count(code) > 1:
            raise ValueError(f"{code!r} is listed twice; take one out")
    return value


HttpUrl = Annotated[str, AfterValidator(_http_url_or_empty)]
WholeHttpUrl = Annotated[str, AfterValidator(_http_url)]
RedisUrl = Annotated[SecretStr, AfterValidator(_redis_url)]
Languages = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_languages)]
