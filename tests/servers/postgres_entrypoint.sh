# What the official image does before its command: makes the database on the first start. For the tests, without an engine.
set -eu
test -n "$POSTGRES_PASSWORD"
if ! test -s "$PGDATA/PG_VERSION"; then
    mkdir -p "$PGDATA"
    printf '%s\n' "$POSTGRES_PASSWORD" > /tmp/password
    # shellcheck disable=SC2086
    initdb $SHARE --username=postgres --pwfile=/tmp/password $POSTGRES_INITDB_ARGS > /tmp/initdb.log
    rm /tmp/password
    printf 'host all all all scram-sha-256\n' >> "$PGDATA/pg_hba.conf"
    printf "listen_addresses = '*'\n" >> "$PGDATA/postgresql.conf"
fi
exec "$@"
