
import pytest, asyncio
from onhand.kit.errors import InvalidField
from onhand.api.pickup.v1 import tasks_pb2 as pb
@pytest.mark.parametrize("n", range(120))
async def test_z(world, n):
    with pytest.raises(InvalidField):
        await world.client.tasks.ListTasks(pb.ListTasksRequest(location_id="s", page_token="x"))
    await asyncio.sleep(n % 30 * 0.003)
