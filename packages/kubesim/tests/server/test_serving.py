"""Serving in a test: an address, a token, the same cluster in process."""

import stat

import yaml

from kubesim.server.serving import Settings, serving


async def test_what_runs_does_not_show_its_token():
    async with serving(Settings(token="hidden-token", tls=False)) as running:
        assert running.token == "hidden-token"
        assert "hidden-token" not in repr(running)
    assert "hidden-token" not in repr(Settings(token="hidden-token"))


async def test_each_server_makes_its_own_token_and_cluster():
    async with serving(Settings(tls=False)) as one, serving(Settings(tls=False)) as two:
        assert one.token != two.token
        assert one.url != two.url
        one.verbs.create("namespaces", {"metadata": {"name": "mine"}})
        assert two.verbs.storage.get("namespaces", ("", "mine")) is None


async def test_a_kubeconfig_replaces_an_older_one_and_stays_private(tmp_path):
    path = tmp_path / "config"
    path.write_text("old")
    path.chmod(0o644)
    async with serving(Settings(kubeconfig=path)) as running:
        config = yaml.safe_load(path.read_text())
        assert config["clusters"][0]["cluster"]["server"] == running.url
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
