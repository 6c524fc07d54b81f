"""Where settings come from (a YAML file, the environment, secret files) and how a mistake in one is said.

Knows nothing of which settings exist: `bot/settings.py` has those. Every mistake becomes a `ConfigurationError`,
one line that names the file and line, or the variable, then the place in it and how to mend it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML, MappingNode, Node, SequenceNode
from ruamel.yaml.error import YAMLError

PREFIX = "AMPARO_"
Place = tuple[str | int, ...]
"""The way to a value: keys, and the numbers of list items."""


class ConfigurationError(Exception):
    """The configuration cannot be used. The message is one line for a person: file, place, mend."""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except OSError as error:
        raise ConfigurationError(
            f"{path}: cannot be read: {error.strerror}; give the path of a readable file"
        ) from None


def _broken(path: Path, text: str, error: YAMLError) -> ConfigurationError:
    mark = getattr(error, "problem_mark", None)
    position = getattr(error, "position", None)
    line = 1
    if mark is not None:
        line = mark.line + 1
    elif isinstance(position, int):
        line = text.count("\n", 0, position) + 1
    problem = getattr(error, "problem", None) or "a character that YAML does not allow"
    problem = _one_line(str(problem)).split(" with value ")[0]
    return ConfigurationError(f"{path}:{line}: {problem}; mend the YAML there")


def read_yaml(path: Path) -> Any:
    """The file's content. Raises `ConfigurationError` with file and line when it is not YAML."""
    text = _read(path)
    try:
        return YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise _broken(path, text, error) from None


def line_of(path: Path, place: Place) -> int:
    """The line (from 1) in a YAML file where `place` is set, or of the nearest part around it that is there."""
    node: Node | None = YAML(typ="safe", pure=True).compose(path.read_text(encoding="utf-8"))
    line = node.start_mark.line if node is not None else 0
    for part in place:
        found = None
        if isinstance(node, MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    line, found = key.start_mark.line, value
        elif isinstance(node, SequenceNode) and isinstance(part, int) and part < len(node.value):
            found = node.value[part]
            line = found.start_mark.line
        if found is None:
            break
        node = found
    return line + 1


def settings_of(model: type[BaseModel], path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every single setting of a model, as its path of names and its field. A list of sections is one setting."""
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and get_origin(kind) is None and issubclass(kind, BaseModel):
            yield from settings_of(kind, (*path, name))
        else:
            yield (*path, name), field


def variable_of(path: Sequence[str | int]) -> str:
    """The environment variable of a setting: `("redis", "url")` is `AMPARO_REDIS__URL`."""
    return PREFIX + "__".join(str(part) for part in path).upper()


def is_secret(field: FieldInfo) -> bool:
    """Whether the setting may come from the environment or a secret file only."""
    return field.annotation is SecretStr


def _list(variable: str, value: str, field: FieldInfo) -> Any:
    """A list in a variable: `es,en` for words, JSON for anything else."""
    if get_args(field.annotation)[:1] == (str,) and not value.lstrip().startswith("["):
        return [part.strip() for part in value.split(",") if part.strip()]
    try:
        return json.loads(value)
    except ValueError:
        raise ConfigurationError(f"{variable}: not a list; write it as JSON, for example []") from None


def environment(
    model: type[BaseModel], environ: Mapping[str, str]
) -> tuple[dict[str, Any], dict[tuple[str, ...], str]]:
    """What the environment sets, nested as the model is, and which variable each setting came from.

    `AMPARO_X__Y` goes before `AMPARO_X__Y_FILE`, the path of a file that holds the value (its last newline is
    dropped). An empty variable sets nothing. Raises `ConfigurationError`.
    """
    values: dict[str, Any] = {}
    origins: dict[tuple[str, ...], str] = {}
    for path, field in settings_of(model):
        origin = variable_of(path)
        value: Any = environ.get(origin, "")
        if not value and environ.get(f"{origin}_FILE"):
            origin = f"{origin}_FILE"
            try:
                value = _read(Path(environ[origin])).rstrip("\r\n")
            except ConfigurationError as error:
                raise ConfigurationError(f"{origin}: {error}") from None
            if not value:
                raise ConfigurationError(f"{origin}: {environ[origin]}: the file is empty; write the value into it")
        if not value:
            continue
        if get_origin(field.annotation) is tuple:
            value = _list(origin, value, field)
        section = values
        for parent in path[:-1]:
            section = section.setdefault(parent, {})
        section[path[-1]] = value
        origins[path] = origin
    return values, origins


def environ() -> Mapping[str, str]:
    """The process environment (one place, so that the rest can be given another)."""
    return os.environ


def _origin(place: Place, origins: Mapping[tuple[str, ...], str]) -> str | None:
    """The variable that set what is wrong at `place` (it may be an item of a list that it set), if one did."""
    return next((variable for path, variable in origins.items() if place[: len(path)] == path), None)


def _told(error: ErrorDetails, model: type[BaseModel]) -> str:
    """What is wrong and how to mend it, without the value when it is a secret."""
    if error["type"] == "extra_forbidden":
        return "no such setting; take it out or correct its spelling (our config.yml lists them all)"
    if error["type"] == "missing":
        return "is missing; write it there"
    kinds = {
        "model_type": "must be a section, with its settings below it",
        "path_type": "must be a path",
        "value_error": error["msg"].removeprefix("Value error, "),
    }
    what = kinds.get(error["type"], error["msg"])
    for formal in ("Input should", "String should", "Tuple should"):
        what = what.replace(formal, "must")
    secret = any(is_secret(field) for path, field in settings_of(model) if path == error["loc"])
    value = error["input"]
    if secret or (error["type"] == "value_error" and not isinstance(value, str | int | float)):
        return what
    if isinstance(value, dict):
        return f"{what}, but it is a section"
    if isinstance(value, list | tuple):
        return f"{what}, but it is a list"
    if value is None:
        return f"{what}, but it is empty; take the line out for the default"
    return f"{what}, but it is {_one_line(repr(value))[:60]}"


def explain(
    errors: Sequence[ErrorDetails],
    model: type[BaseModel],
    config: Path,
    origins: Mapping[tuple[str, ...], str],
) -> ConfigurationError:
    """The first of pydantic's errors as one line: `config.yml:12: web.port: …` or `AMPARO_WEB__PORT: web.port: …`."""
    error = errors[0]
    place = error["loc"]
    variable = _origin(place, origins)
    where = variable or (f"{config}:{line_of(config, place)}" if config.is_file() else str(config))
    more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
    name = ".".join(str(part) for part in place) or "(top level)"
    return ConfigurationError(f"{where}: {name}: {_told(error, model)}{more}")
