# The one image of docker-compose.yaml: the repository, and the virtual environments of `make up` at the same pins.
# Airflow's are those of Amazon MWAA. Each environment is a stage of its own: they are made side by side, and only
# those whose requirements have changed are made anew.
FROM python:3.12-slim-bookworm AS python
ENV QUAYSIDE_LOCAL=/state QUAYSIDE_VENVS=/venvs PYTHONUNBUFFERED=1 UV_COMPILE_BYTECODE=1 UV_NO_CACHE=1
WORKDIR /quayside
COPY local/__init__.py local/environments.py local/layout.py local/processes.py local/tools.py local/
COPY local/requirements/uv.txt local/requirements/

FROM python AS airflow
COPY local/requirements/airflow.txt local/requirements/dev.txt local/requirements/
RUN python -m local.environments airflow

FROM python AS platform
COPY local/requirements/platform.txt local/requirements/lambda.txt local/requirements/
RUN python -m local.environments platform lambda

# With Java from PyPI: the image has none.
FROM python AS spark
COPY local/requirements/spark.txt local/requirements/java.txt local/requirements/
COPY local/aws/glue/jvm.options local/aws/glue/rehearsal.py local/aws/glue/
RUN python -m local.environments spark

FROM python AS web
COPY local/requirements/node.txt local/requirements/
RUN python -m pip install --no-cache-dir --require-hashes --requirement local/requirements/node.txt
WORKDIR /quayside/web
COPY web/package.json web/package-lock.json ./
RUN npm ci --no-audit --no-fund
COPY web ./
RUN npm run build

FROM python
COPY --from=hashicorp/terraform:1.11.4 /bin/terraform /usr/local/bin/
RUN useradd --create-home --uid 1000 quayside && install --directory --owner quayside /state /run/postgres
COPY --from=spark /venvs/spark /venvs/spark
COPY --from=platform /venvs /venvs
COPY --from=airflow /venvs/airflow /venvs/airflow
COPY --chown=quayside . .
COPY --from=web /quayside/web/dist web/dist
RUN chown quayside /quayside
USER quayside
