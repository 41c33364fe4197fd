"""A real PostgreSQL and a real NATS server, from wheels, below one folder.

`Postgres` and `Nats` prepare a folder and say how the program is run; `onhand up` hands that to
its supervisor. `embedded_servers` runs both for a test session and can kill and revive them.
"""

from onhand.cli.embedded.nats import Nats
from onhand.cli.embedded.passwords import Passwords
from onhand.cli.embedded.postgres import Postgres
from onhand.cli.embedded.servers import EmbeddedServers, Server, embedded_servers

__all__ = ["EmbeddedServers", "Nats", "Passwords", "Postgres", "Server", "embedded_servers"]
