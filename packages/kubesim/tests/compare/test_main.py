"""The comparison with a recording: what servers choose freely is learned, everything else is reported."""

import json
import subprocess
import sys

import pytest

SERVICES = "/api/v1/namespaces/default/services"
SENT = {"Content-Type": "application/json"}


def made(**metadata):
    return {
        "kind": "Service",
        "apiVersion": "v1",
        "metadata": {"name": "a", "namespace": "default", "uid": "1-2-3-4", "resourceVersion": "7777", **metadata},
        "spec": {"clusterIP": "10.96.9.9", "clusterIPs": ["10.96.9.9"]},
    }


def recording():
    body = {"metadata": {"name": "a"}, "spec": {"ports": [{"port": 80}]}}
    wrong = {"metadata": {"name": "a", "uid": "1-2-3-4", "resourceVersion": "7777"}, "spec": {"ports": [{"port": 81}]}}
    return [
        {
            "title": "create",
            "request": {"method": "POST", "path": SERVICES, "headers": SENT, "body": body},
            "response": {"status": 201, "headers": {}, "body": made()},
        },
        {
            "title": "replace with the uid and version of the answer",
            "request": {"method": "PUT", "path": f"{SERVICES}/a", "headers": SENT, "body": wrong},
            "response": {"status": 200, "headers": {}, "body": made()},
        },
        {
            "title": "missing",
            "request": {"method": "GET", "path": f"{SERVICES}/none"},
            "response": {"status": 418, "headers": {}, "body": {"message": "other words"}},
        },
    ]


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    file = tmp_path_factory.mktemp("compare") / "recording.json"
    file.write_text(json.dumps(recording()))
    command = [sys.executable, "-m", "kubesim.compare", str(file), "--ignore", "only here|recorded '.absent.'"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
    assert (done.returncode, done.stderr) == (1, "")
    return done.stdout.splitlines()


def test_freely_chosen_values_are_no_differences_and_are_used_in_later_requests(printed):
    assert not [line for line in printed if line.startswith(("create", "replace"))]


def test_another_status_and_other_words_are_differences(printed):
    assert printed[:2] == [
        "missing: status: recorded 418, here 404",
        "missing: .message: recorded 'other words', here 'services \"none\" not found'",
    ]


def test_the_last_line_counts(printed):
    assert printed[-1] == "3 exchanges, 1 with differences"
