import pytest

from onhand.kit.db import driver_url


@pytest.mark.parametrize(
    ("url", "sqlalchemys"),
    [
        ("postgresql://onhand:p%40ss@db:5432/stock", "postgresql+asyncpg://onhand:p%40ss@db:5432/stock"),
        ("postgres://onhand@db/stock?ssl=require", "postgresql+asyncpg://onhand@db/stock?ssl=require"),
        (
            "postgresql://onhand:p%40ss@one:5432,two:5433/stock?target_session_attrs=read-write",
            "postgresql+asyncpg://onhand:p%40ss@/stock?host=one:5432&host=two:5433&target_session_attrs=read-write",
        ),
    ],
)
def test_one_host_or_several_are_said_as_sqlalchemy_has_it(url: str, sqlalchemys: str) -> None:
    assert driver_url(url) == sqlalchemys
