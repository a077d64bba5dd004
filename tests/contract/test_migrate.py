"""However many replicas start at once, each with its migration before it: the schema is brought up to date once."""

import subprocess
from pathlib import Path

import pytest

from shopapi.db import schema
from shopapi.db.engine import open_database
from shopctl.manifests.topology import topology
from shopctl.manifests.values import read
from tests.contract.parts import Parts

pytestmark = pytest.mark.concurrency


def test_four_migrations_at_once_end_well_and_each_step_ran_once(empty_postgresql_url: str, tmp_path: Path) -> None:
    parts = Parts(topology(read("kubernetes", [], [])), tmp_path, {}, tmp_path / "secrets")
    parts.make_secrets(empty_postgresql_url.replace("+psycopg2", ""))
    racing = [
        subprocess.Popen(
            parts.command("migrate"),
            env=parts.environment("migrate"),
            cwd=tmp_path,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for _ in range(4)
    ]
    told = [process.communicate(timeout=60)[0] for process in racing]
    assert [process.returncode for process in racing] == [0] * 4, told

    database = open_database(empty_postgresql_url, threads=1)
    try:
        assert schema.schema_status(database).is_current
    finally:
        database.close()
    assert sorted("applied" in said for said in told) == [False] * 3 + [True], told
