"""`onhand up DATA_DIR` with stand-ins for the services, as a process that tests can signal."""

import sys
from pathlib import Path

from onhand.cli.up import stay_up

if __name__ == "__main__":
    dummy = Path(__file__).with_name("dummy_onhand.py")
    stay_up(Path(sys.argv[1]), 0, plain=True, scopes=["stock.read"], onhand=(sys.executable, str(dummy)))
