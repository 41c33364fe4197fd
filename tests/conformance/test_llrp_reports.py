"""Reports that a real LLRP reader sent, where the folder that keeps them is; they are never copied here."""

import base64
import json
import os
from pathlib import Path

import pytest
from llrpkit import TagReport
from llrpkit.protocol import decode_message, messages

from onhand.gateway.sources.llrp import observe

ROOT = Path(__file__).parents[2]
FOLDER = Path(os.environ.get("ONHAND_SHARED_DATA", ROOT / ".." / "shared" / "data")) / "readers" / "llrp"
if not FOLDER.is_dir():
    pytest.skip(f"{FOLDER} is not here", allow_module_level=True)

RO_ACCESS_REPORT = 61


@pytest.mark.parametrize("file", sorted(FOLDER.glob("ROAccessReport-*.bytes")), ids=lambda file: file.stem)
def test_a_report_is_the_observation_that_its_origin_says(file: Path) -> None:
    body = file.read_bytes()
    # The captures leave out the header: version 1, type, length, message id (LLRP 1.0.1, section 16.1).
    header = (1 << 10 | RO_ACCESS_REPORT).to_bytes(2, "big") + (10 + len(body)).to_bytes(4, "big") + bytes(4)
    report = decode_message(header + body)
    assert isinstance(report, messages.RO_ACCESS_REPORT)
    expected = json.loads(file.with_suffix(".json").read_text())["TagReportData"]
    observed = [observe(TagReport.from_param(tag), received_ns=0) for tag in report.tag_report_datas]
    assert [(each.epc, each.antenna, each.read_time_ns, each.rssi_cdbm) for each in observed] == [
        (
            base64.b64decode(tag["EPC96"]["EPC"]),
            tag["AntennaID"],
            tag["FirstSeenUTC"] * 1_000,
            tag["PeakRSSI"] * 100,
        )
        for tag in expected
    ]
