"""Triggers in the database of a run: they tell every row that goes back, so none is missed."""

from typing import Final, LiteralString, NamedTuple

from psycopg import Connection
from psycopg.sql import SQL, Identifier, Literal


class Rule(NamedTuple):
    """What a column must never do, and the columns that name its row."""

    rule: str
    table: str
    key: tuple[str, ...]
    column: str
    wrong: LiteralString


RULES: Final = (
    Rule("I4", "position", ("topic", "partition"), "next", "<="),
    Rule("I4", "partition_record", ("partition",), "next", "<"),
    Rule("I8", "partition_record", ("partition",), "clock", "<"),
    Rule("I6", "learner", ("user_id",), "steps", "<"),
    Rule("I3", "alert", ("alert_id",), "revision", "<"),
)

_TELL: Final = """CREATE TABLE step_back (told text NOT NULL);
CREATE FUNCTION tell_step_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rule text := TG_ARGV[0];
    name text := TG_ARGV[1];
    before jsonb := to_jsonb(OLD);
    row_key text := (SELECT string_agg(before ->> part, ' ') FROM unnest(TG_ARGV[2:]) AS part);
BEGIN
    INSERT INTO step_back VALUES (format(
        '%s: %s of %s %s went from %s to %s',
        rule, name, TG_TABLE_NAME, row_key, before ->> name, to_jsonb(NEW) ->> name
    ));
    RETURN NEW;
END $$"""
_WATCH: Final = SQL(
    "CREATE TRIGGER {trigger} BEFORE UPDATE ON {table} FOR EACH ROW "
    "WHEN (NEW.{column} {wrong} OLD.{column}) "
    "EXECUTE FUNCTION tell_step_back({arguments})"
)


def watch_for_steps_back(connection: Connection) -> None:
    """Make the triggers; the tables must be there."""
    connection.execute(_TELL)
    for rule, table, key, column, wrong in RULES:
        connection.execute(
            _WATCH.format(
                trigger=Identifier(f"{column}_step_back"),
                table=Identifier(table),
                column=Identifier(column),
                wrong=SQL(wrong),
                arguments=SQL(", ").join(Literal(each) for each in (rule, column, *key)),
            )
        )


def steps_back(connection: Connection) -> list[str]:
    """What went back so far."""
    return [told for (told,) in connection.execute("SELECT told FROM step_back")]
