-- The API's role: it may read every table, of now and of later migrations, and write none. A role is
-- of the whole server: it may be there already, made by an operator or by another database's
-- migration. `learnstream migrate` gives it LEARNSTREAM_READER_PASSWORD where that is set.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'learnstream_reader') THEN
        CREATE ROLE learnstream_reader LOGIN;
    END IF;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;
END
$$;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO learnstream_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO learnstream_reader;
