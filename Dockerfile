# One image for every part; what runs is the argument: worker, sink, api, topics, migrate ...
FROM python:3.11.13-slim-bookworm AS built
WORKDIR /build
COPY requirements requirements
RUN python -m venv /opt/learnstream \
 && /opt/learnstream/bin/pip install --no-cache-dir --disable-pip-version-check \
      --only-binary :all: --require-hashes -r requirements/run.txt \
 && python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
      --only-binary :all: --require-hashes -r requirements/bootstrap.txt
COPY . .
# The build's own requirements are held to the locked hashes too.
RUN uv build --wheel --build-constraints requirements/dev.txt --require-hashes --out-dir dist . \
 && /opt/learnstream/bin/pip install --no-cache-dir --disable-pip-version-check \
      --no-deps --no-index dist/*.whl

FROM python:3.11.13-slim-bookworm
COPY --from=built /opt/learnstream /opt/learnstream
RUN useradd --system --uid 10001 --home-dir /nonexistent --shell /usr/sbin/nologin learnstream
# PYTHONTZPATH is empty so that zones come from the locked tzdata and not from the base image: which
# names are zones, and their rules, decide what is rejected and on which day an event counts.
ENV PYTHONTZPATH="" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /tmp
ENTRYPOINT ["/opt/learnstream/bin/learnstream"]
CMD ["--help"]
