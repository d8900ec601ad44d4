"""`yunqiao annotations`, and what its policies do to `kubectl apply`."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from yunqiao.cli import annotations
from yunqiao.controllers.services.clb.listening import BIRTH
from yunqiao.options.declare import PREFIXES

NEW, OLD = PREFIXES


def test_the_table_has_every_annotation_once(capsys):
    assert annotations.main([]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split("  ")[0] == "ANNOTATION"
    assert sorted(line.split()[0] for line in lines) == sorted(option.suffix for option in annotations.OPTIONS)


@pytest.mark.parametrize("name", ["scheduler", f"{NEW}scheduler", f"{OLD}scheduler"])
def test_one_annotation_is_told_in_full_by_any_of_its_names(capsys, name):
    assert annotations.main([name]) == 0
    told = capsys.readouterr().out
    assert f"{NEW}scheduler\n" in told
    assert "rr, wrr, wlc" in told


def test_what_only_a_new_load_balancer_follows_is_said(capsys):
    annotations.main(["address-type"])
    assert "at creation only" in capsys.readouterr().out


def test_json_is_a_list_of_annotations(capsys):
    assert annotations.main(["--output", "json"]) == 0
    every = json.loads(capsys.readouterr().out)
    assert len(every) == len(annotations.OPTIONS)
    assert annotations.main(["scheduler", "--output", "json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)
    assert one["schema"]["enum"] == ["rr", "wrr", "wlc"]
    assert one in every


def test_markdown_is_what_the_reference_page_holds(capsys):
    assert annotations.main(["--output", "markdown"]) == 0
    assert "| `scheduler` | rr, wrr, wlc |" in capsys.readouterr().out


def test_schema_and_policy_are_whole_documents(capsys):
    assert annotations.main(["--output", "schema"]) == 0
    assert f"{OLD}scheduler" in json.loads(capsys.readouterr().out)["properties"]
    assert annotations.main(["--output", "policy"]) == 0
    kinds = [document["kind"] for document in yaml.safe_load_all(capsys.readouterr().out)]
    assert kinds == ["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"] * 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["schedular"], 'there is no annotation "schedular"; did you mean scheduler?'),
        (["nothing-like-it-at-all"], 'there is no annotation "nothing-like-it-at-all"\n'),
        (["--output", "yaml"], "invalid choice: 'yaml'"),
        (["scheduler", "--output", "policy"], "--output policy is about all annotations; leave scheduler out"),
        (["scheduler", "name"], "unrecognized arguments: name"),
    ],
)
def test_a_wrong_command_line_says_what_is_right(capsys, arguments, words):
    with pytest.raises(SystemExit) as ended:
        annotations.main(arguments)
    assert ended.value.code == 2
    assert words in capsys.readouterr().err


def test_help_has_an_example(capsys):
    with pytest.raises(SystemExit) as ended:
        annotations.main(["--help"])
    assert ended.value.code == 0
    assert "yunqiao annotations --output policy | kubectl apply -f -" in capsys.readouterr().out


def test_the_command_is_there(user):
    ended = user.run("yunqiao", "annotations", "scheduler")
    assert (ended.returncode, ended.stderr) == (0, "")


@dataclass
class Kubectl:
    """kubectl on a cluster that has the policies."""

    environment: dict

    def run(self, *arguments, stdin=""):
        command = ["kubectl", *arguments]
        return subprocess.run(
            command, input=stdin, env=self.environment, capture_output=True, text=True, timeout=30, check=False
        )

    def apply(self, wishes, **metadata):
        metadata = {"name": "shop", "annotations": wishes} | metadata
        spec = {"type": "LoadBalancer", "ports": [{"port": 80}]}
        body = {"apiVersion": "v1", "kind": "Service", "metadata": metadata, "spec": spec}
        return self.run("apply", "-f", "-", stdin=json.dumps(body))


@pytest.fixture(scope="module")
def kubectl(tmp_path_factory):
    """A simulated cluster as a program of its own, with the policies applied as the manual says."""
    if shutil.which("kubectl") is None:
        pytest.skip("kubectl is not on PATH: https://kubernetes.io/docs/tasks/tools/")
    folder = tmp_path_factory.mktemp("cluster")
    kubeconfig = folder / "kubeconfig"
    command = [sys.executable, "-m", "kubesim", "serve", "--no-nodes", "--write-kubeconfig", str(kubeconfig)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert "listening" in server.stdout.readline()
            found = Kubectl(os.environ | {"KUBECONFIG": str(kubeconfig), "HOME": str(folder)})
            applied = found.run("apply", "-f", "-", stdin=annotations.policy_file())
            assert applied.returncode == 0, applied.stderr
            yield found
        finally:
            server.terminate()
            server.wait(10)


@pytest.fixture
def clean(kubectl):
    yield kubectl
    kubectl.run("delete", "service", "shop", "--ignore-not-found", "--wait=false")


def test_a_bad_value_is_refused_at_apply_in_the_controllers_words(clean):
    refused = clean.apply({f"{NEW}scheduler": "fastest"})
    assert refused.returncode == 1
    policy = "ValidatingAdmissionPolicy 'yunqiao-annotation-values' with binding 'yunqiao-annotation-values'"
    problem = f'{NEW}scheduler: "fastest" is not allowed; allowed: rr, wrr, wlc'
    assert refused.stderr == f'The services "shop" is invalid: : {policy} denied request: {problem}\n'


def test_good_values_are_accepted_and_a_change_to_a_bad_one_is_not(clean):
    assert clean.apply({f"{NEW}scheduler": "wrr", f"{OLD}bandwidth": "100"}).stdout == "service/shop created\n"
    refused = clean.apply({f"{NEW}scheduler": "wrr", f"{OLD}bandwidth": "0"})
    assert f'{OLD}bandwidth: "0" is not allowed; allowed: a whole number from 1 to 5000' in refused.stderr


def test_a_name_that_nobody_reads_is_warned_of(clean):
    applied = clean.apply({f"{NEW}schedular": "wrr"})
    assert applied.returncode == 0
    assert f"there is no such annotation: {NEW}schedular" in applied.stderr


def test_what_was_there_before_the_policies_can_be_changed_and_deleted(clean):
    policies = ("validatingadmissionpolicybinding,validatingadmissionpolicy", "--all")
    clean.run("delete", *policies)
    clean.apply({f"{NEW}scheduler": "fastest"}, finalizers=["example.com/held"])
    clean.run("apply", "-f", "-", stdin=annotations.policy_file())
    assert clean.run("label", "service", "shop", "a=b").returncode == 0
    annotate = clean.run("annotate", "service", "shop", f"{NEW}bandwidth=0")
    assert "bandwidth" in annotate.stderr
    assert clean.run("delete", "service", "shop", "--wait=false").returncode == 0
    freed = clean.run("patch", "service", "shop", "--type=merge", "-p", '{"metadata": {"finalizers": null}}')
    assert freed.returncode == 0, freed.stderr


def test_whoever_applies_the_file_again_in_whatever_way_changes_nothing(kubectl, tmp_path):
    policies = tmp_path / "policies.yaml"
    policies.write_text(annotations.policy_file())
    assert kubectl.run("diff", "-f", str(policies)).returncode == 0
    applied = kubectl.run("apply", "--server-side", "-f", str(policies))
    assert (applied.returncode, applied.stderr) == (0, "")


def test_the_rendered_file_is_what_the_command_prints():
    rendered = Path(__file__).parents[4] / "deploy" / "admission-policy.yaml"
    assert rendered.read_text(encoding="utf-8") == annotations.policy_file()


def test_the_defaults_that_are_told_are_those_that_new_listeners_get():
    for protocol, birth in BIRTH.items():
        for option in annotations.OPTIONS:
            if option.unset and option.parameter in birth and protocol in option.protocols:
                assert option.unset == birth[option.parameter], (protocol, option.suffix)
