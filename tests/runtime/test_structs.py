"""Types that many threads decode for the first time at the same moment."""

import subprocess
import sys
from pathlib import Path

from tests.conftest import SECRET_KEY
from tests.processes import clean_environment

STARTED = """
import contextlib, os, sys, threading
import msgspec
from shopapi.app import create_app
from shopapi.runtime.settings import read
from shopapi.settings import ApiSettings

create_app(read(ApiSettings, dict(os.environ)))
kinds = msgspec.Struct.__subclasses__()
for kind in kinds:
    kinds += kind.__subclasses__()

def decode_each():
    for kind in kinds:
        together.wait()
        with contextlib.suppress(msgspec.ValidationError):
            msgspec.convert(dict.fromkeys(kind.__struct_encode_fields__), kind)

sys.setswitchinterval(1e-6)
together = threading.Barrier(8)
threads = [threading.Thread(target=decode_each) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(len(kinds) > 200)
"""


def test_no_process_dies_where_threads_meet_at_the_first_use_of_a_type(tmp_path: Path) -> None:
    environment = clean_environment(DATABASE_URL=f"sqlite:///{tmp_path}/shop.db", SHOP_SECRET_KEY=SECRET_KEY)
    told = subprocess.run(
        [sys.executable, "-c", STARTED], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60
    )
    assert (told.returncode, told.stdout) == (0, "True\n"), f"It ended with {told.returncode}: {told.stderr}"
