"""databases: Airflow's database and MLflow's, each with an owner of its own. Run again, it sets the passwords again."""

from __future__ import annotations

import os

import psycopg2
from psycopg2 import sql

OWNERS = {"airflow": "SIMGATE_AIRFLOW_DB_PASSWORD", "mlflow": "SIMGATE_MLFLOW_DB_PASSWORD"}
"""Database, and its owner's name → the variable with the password."""


def main() -> None:
    """Make what is missing; PGHOST, PGUSER and PGPASSWORD say where and as whom."""
    connection = psycopg2.connect(dbname="postgres", connect_timeout=10)
    connection.autocommit = True  # CREATE DATABASE is refused inside a transaction
    with connection.cursor() as cursor:
        for name, variable in OWNERS.items():
            _own(cursor, name, os.environ[variable])
            print(f"database {name} is there, owned by {name}", flush=True)
    connection.close()


def _own(cursor: psycopg2.extensions.cursor, name: str, password: str) -> None:
    cursor.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (name,))
    word = sql.SQL("ALTER" if cursor.fetchone() else "CREATE")
    cursor.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD %s").format(word, sql.Identifier(name)), (password,))
    cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", (name,))
    if cursor.fetchone() is None:
        cursor.execute(sql.SQL("CREATE DATABASE {0} OWNER {0}").format(sql.Identifier(name)))
    cursor.execute(sql.SQL("REVOKE CONNECT ON DATABASE {} FROM PUBLIC").format(sql.Identifier(name)))


if __name__ == "__main__":
    main()
