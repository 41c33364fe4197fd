#!/bin/sh
# Run once by the postgres image on an empty volume: a database and its owner for each service.
set -eu
for service in stock routing pickup notifications; do
    psql -v ON_ERROR_STOP=1 -v name="onhand_$service" -v password="$(cat "/secrets/$service/database_password")" <<'SQL'
CREATE ROLE :"name" LOGIN PASSWORD :'password';
CREATE DATABASE :"name" OWNER :"name";
REVOKE CONNECT ON DATABASE :"name" FROM PUBLIC;
SQL
done
