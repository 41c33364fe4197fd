"""Make what `docker-compose.yml` keeps in its volume `secrets`: passwords, keys, and the services' tokens.

Run without arguments it makes what is missing; `token` prints a bearer token for trying things out.
"""

import json
import secrets
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from onhand.cli import keys
from onhand.cli.scopes import scopes
from onhand.edge.pages.customer import SCOPES as CUSTOMER_SCOPES
from onhand.kit.clock import SystemClock

FOLDER = Path("/secrets")
KEYS = FOLDER / "keys"
SERVICES = ("stock", "routing", "pickup", "notifications")
TOKEN_TTL = timedelta(days=365)
"""Nothing renews these tokens; in production an identity provider's agent replaces the files."""


def write(name: str, text: str) -> None:
    """Write a file once. Readable by all who have the volume: PostgreSQL and NATS run as other users."""
    path = FOLDER / name
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o444)


def token(subject: str, ttl: timedelta, granted: Sequence[str] | None = None) -> str:
    return keys.mint(KEYS, subject, granted or scopes(), keys.ALL_LOCATIONS, ttl, SystemClock().now())


def main() -> None:
    if sys.argv[1:] == ["token"]:
        print(token("developer", timedelta(hours=12)))
        return
    keys.ensure_keys(KEYS)
    KEYS.chmod(0o755)  # the public keys are for all; the one that signs stays root's
    write("postgres_password", secrets.token_urlsafe(24))
    write("nats_password", secrets.token_urlsafe(24))
    nats_password = (FOLDER / "nats_password").read_text()
    write(
        "nats.conf",
        "server_name: onhand\n"
        "listen: 0.0.0.0:4222\n"
        "http: 0.0.0.0:8222\n"
        "max_payload: 8MB\n"
        f"authorization {{ user: onhand, password: {json.dumps(nats_password)} }}\n"
        # By default JetStream acknowledges first and flushes within two minutes.
        "jetstream { store_dir: /data, sync_interval: always }\n",
    )
    for service in SERVICES:
        write(f"{service}/database_password", secrets.token_urlsafe(24))
        password = (FOLDER / service / "database_password").read_text()
        write(
            f"{service}/onhand_database_url",
            f"postgresql://onhand_{service}:{password}@postgres:5432/onhand_{service}",
        )
        write(f"{service}/onhand_nats_url", f"nats://onhand:{nats_password}@nats:4222")
        write(f"{service}/token", token(service, TOKEN_TTL))
    write("edge/token", token("edge", TOKEN_TTL, CUSTOMER_SCOPES))
    write("edge/customer-links.key", secrets.token_urlsafe(32) + "\n")
    write("notifications/secrets.key", Fernet.generate_key().decode() + "\n")


main()
