-- Prepares a PostgreSQL of your own (managed, or the one of compose.yaml) for the service: extensions and two roles,
-- neither of them a superuser. Run once by the administrator, with psql >= 14, in the database meant for the service:
--   LANDRESERVE_OWNER_PASSWORD=... LANDRESERVE_WEB_PASSWORD=... psql -d landreserve -f docs/roles.sql
\set ON_ERROR_STOP on
\getenv owner_password LANDRESERVE_OWNER_PASSWORD
\getenv web_password LANDRESERVE_WEB_PASSWORD

BEGIN;

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- Migrations, imports and the command line.
CREATE ROLE landreserve_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'owner_password';
ALTER ROLE landreserve_owner SET statement_timeout = '0';
ALTER ROLE landreserve_owner SET lock_timeout = '10s';
ALTER ROLE landreserve_owner SET client_connection_check_interval = '1s';

-- Requests; its rights on tables are granted by the migrations.
CREATE ROLE landreserve_web LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD :'web_password';
ALTER ROLE landreserve_web SET statement_timeout = '5s';
ALTER ROLE landreserve_web SET lock_timeout = '2s';
ALTER ROLE landreserve_web SET idle_in_transaction_session_timeout = '15s';
ALTER ROLE landreserve_web SET client_connection_check_interval = '1s';

-- To give a database away one must be a member of the receiving role; a managed service's administrator is no superuser.
GRANT landreserve_owner TO CURRENT_USER;
ALTER DATABASE :"DBNAME" OWNER TO landreserve_owner;
ALTER SCHEMA public OWNER TO landreserve_owner;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON DATABASE :"DBNAME" FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE :"DBNAME" TO landreserve_web;

COMMIT;
