# The bot's processes (intake, pager) and its commands. The language model has its own image: nlu/Dockerfile.
# Runs as nobody in particular, writes only below /data, /private and /team, holds no secret: those come with the container.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements/uv.lock requirements/app.lock requirements/
RUN python -m venv /opt/uv \
    && /opt/uv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/uv.lock \
    && /opt/uv/bin/uv venv --no-project .venv \
    && /opt/uv/bin/uv pip sync --no-cache --python .venv/bin/python --require-hashes requirements/app.lock
COPY pyproject.toml README.md ./
COPY bot bot
COPY flows flows
# editable: flows/ and config.yml are found beside the code
RUN /opt/uv/bin/uv pip install --no-cache --python .venv/bin/python --no-deps --editable . \
    && .venv/bin/python -m compileall -q bot

FROM python:3.11-slim
RUN useradd --system --uid 10001 --no-create-home --home-dir /tmp amparo \
    && install -d -o amparo -m 0700 /data /private /team /team/epochs /team/operators
COPY --from=build /app /app
COPY config.yml /app/
ENV PATH=/app/.venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 AMPARO_DATA_DIR=/data
WORKDIR /app
USER 10001
ENTRYPOINT ["amparo"]
CMD ["--help"]
