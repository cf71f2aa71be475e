# One image for web, worker, beat and the migration step; the command decides which.
FROM python:3.11-slim AS build
WORKDIR /app
COPY requirements.lock ./
RUN python -m venv /venv && /venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY manage.py pyproject.toml ./
COPY portal portal
COPY egress egress
COPY templates templates
COPY static static
RUN EGRESS_VAR_DIR=/app/var /venv/bin/python manage.py collectstatic --no-input

FROM python:3.11-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin portal
COPY --from=build /venv /venv
COPY --from=build --chown=root:root /app /app
# The sandbox of the demo profile keeps its state here.
RUN mkdir /state && chown 10001 /state
WORKDIR /app
# Threads that read lists of a cluster would leave glibc with much memory that nobody uses.
ENV MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=131072 MALLOC_TRIM_THRESHOLD_=131072
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 EGRESS_VAR_DIR=/app/var
USER 10001
EXPOSE 8000
CMD ["gunicorn", "portal.wsgi", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
