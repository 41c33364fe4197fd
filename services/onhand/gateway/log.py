"""Log lines of the gateway: JSON, like those of the services, by the standard library alone."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Any

_logger = logging.getLogger("onhand.gateway")


def configure(level: str) -> None:
    """Write JSON lines to standard output: ours from `level`, other libraries' from WARNING."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_JsonLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    _logger.setLevel(level.upper())


def info(event: str, **fields: Any) -> None:
    _logger.info(event, extra={"fields": fields})


def warning(event: str, **fields: Any) -> None:
    _logger.warning(event, extra={"fields": fields})


def error(event: str, **fields: Any) -> None:
    """Log what somebody has to do something about."""
    _logger.error(event, extra={"fields": fields})


def failure(event: str, failed: BaseException, **fields: Any) -> None:
    """Log an exception nobody expected, with its trace."""
    _logger.error(event, exc_info=failed, extra={"fields": fields})


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "service": "gateway",
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.name != _logger.name:
            line["logger"] = record.name
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)
