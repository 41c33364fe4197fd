"""A cell is put right from the rows that stand behind it.

What is true: movements are never changed, so a bucket is their sum. A tag is in the state that its history ends with.
What is reserved and committed are the open lines, and a line is believed unless the changes noted of it say otherwise:
then nothing says which of the two is wrong, and a person must.
"""

from sqlalchemy.ext.asyncio import AsyncConnection

from onhand.kit import outbox
from onhand.kit.audit import Repair
from onhand.kit.clock import Clock
from onhand.stock import events
from onhand.stock.domain import repair
from onhand.stock.domain.books import Books
from onhand.stock.domain.model import INSIDE, Bucket, CellKey
from onhand.stock.storage import books as storage
from onhand.stock.storage import repair as rows


async def put_right(
    connection: AsyncConnection, clock: Clock, location_id: str, item_id: str, known: str = "0"
) -> Repair:
    """Reckon a cell and its tags anew, in the transaction under way.

    Whoever keeps a view hears of it as of any other change; of one that is later than the change `known`, which others
    have of the cell.
    """
    key, now = CellKey(location_id, item_id), clock.now()
    cells = await storage.lock_cells(connection, [key], now)
    if not cells:
        return Repair([], [f"what is location {location_id}"])
    ended = await rows.end_lines(connection, key)
    astray = await rows.astray(connection, key)
    tags = await storage.lock_tags(connection, [(location_id, each.epc) for each in astray])
    books = Books(cells, tags, actor="audit", document="repair", occur_time=now, new_id=clock.uuid)
    done = Repair(ended + [repair.restore_tag(books, key, each) for each in astray])
    await storage.save(connection, books)
    books.changed_tags.clear()

    true = await rows.reckon(connection, key)
    if negative := [each for each in INSIDE if each is not Bucket.SELLABLE and true.buckets[each] < 0]:
        left = f"{true.buckets[negative[0]]} {negative[0].name.lower()}"
        return Repair([], [f"why do the movements leave {left}"])
    doubtful = await rows.doubtful(connection, key)
    done.doubts += [f"what does reservation {each} still hold" for each in doubtful]
    changed = repair.set_right(books, key, true, promises=not doubtful)
    if books.cells[key].version < int(known):
        await rows.pass_over(connection, key, int(known))
        books.cells[key].version = int(known)
        changed.append(f"told anew, as a change after {known}")
    if changed:
        await storage.save(connection, books)
        await outbox.add(connection, events.of_books(books, clock))
    done.changes += changed
    return done
