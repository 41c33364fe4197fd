import subprocess
import sys
from pathlib import Path

PROGRAM = """
from onhand.kit import telemetry
telemetry.configure("test", telemetry.Telemetry())
for _ in range(100):
    telemetry.log.info("told", text="x" * 1000)
try:
    1 / 0
except ZeroDivisionError:
    telemetry.log.exception("failed")
raise SystemExit("went on")
"""


def test_work_goes_on_although_its_log_cannot_be_written() -> None:
    """Every write to /dev/full fails as on a full disk."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM], stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.stderr.startswith("went on\n")
