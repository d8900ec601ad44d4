"""`yunqiao demo`: exits 0, and says what it has shown."""

import asyncio
import json
import sys
from pathlib import Path

YUNQIAO = str(Path(sys.executable).with_name("yunqiao"))


async def output(*arguments):
    process = await asyncio.create_subprocess_exec(YUNQIAO, *arguments, stdout=asyncio.subprocess.PIPE)
    text, _ = await process.communicate()
    return process.returncode, text.decode()


async def test_the_demo_shows_what_it_says_in_text_and_as_json():
    """Two at once: each has an address range of its own."""
    (status, text), (json_status, json_text) = await asyncio.gather(output("demo"), output("demo", "--output", "json"))
    assert status == json_status == 0
    told = json.loads(json_text)
    assert told["true"] is True
    assert len(told["facts"]) == 8
    assert set(told["facts"].values()) == {True}
    for fact in told["facts"]:
        if not fact.startswith("none of "):  # it has a number in it that differs
            assert f"✓ {fact}" in text
    assert "100 of 100 requests were answered" in told["facts"]
    assert "nothing is left in the cloud" in told["facts"]
    assert "✗" not in text
    for call in ("CreateLoadBalancer ", "CreateVServerGroup ", "StartLoadBalancerListener ", "DeleteLoadBalancer "):
        assert call in text


async def test_a_word_that_is_no_command_is_refused_with_the_list_of_commands():
    process = await asyncio.create_subprocess_exec(YUNQIAO, "dmeo", stderr=asyncio.subprocess.PIPE)
    _, text = await process.communicate()
    assert process.returncode == 2
    assert 'there is no command "dmeo"' in text.decode()
    assert "sandbox" in text.decode()
