"""Command lines of the commands that only look."""

import pytest

from yunqiao.cli.asking import Command

OPTIONS = {"-f": "filename", "--filename": "filename", "--output": "output", "-n": "namespace"}


@pytest.fixture
def ask(capsys):
    """Run a command of such a line: its status, the question that was put, what it said on standard error."""

    def run(*arguments):
        asked = []

        async def answer(question):
            asked.append(question)
            return 7

        status = Command("plan", "how to ask\n", OPTIONS, answer).run(arguments)
        out, err = capsys.readouterr()
        return status, asked[0] if asked else None, out + err

    return run


def test_words_own_options_and_settings_are_told_apart(ask):
    status, question, _ = ask("service", "--kube-api-qps", "9", "shop/web", "-f", "a.yaml", "--filename=-", "-v2")
    assert status == 7
    assert question.words == ("service", "shop/web")
    assert question.given == {"filename": ("a.yaml", "-")}
    assert (question.settings.kube_qps, question.settings.verbosity) == (9, 2)


def test_a_switch_takes_no_word(ask):
    _, question, _ = ask("--leader-elect", "service", "web", "-n", "shop")
    assert question.settings.lease.enabled
    assert question.service() == "shop/web"


def test_help_is_the_command_s_own(ask):
    assert ask("--help") == (0, None, "how to ask\n")


@pytest.mark.parametrize("word", ["/web", "shop/", "a/b/c", "shop//web"])
def test_a_service_is_named_by_namespace_and_name(ask, word):
    _, question, _ = ask("service", word)
    with pytest.raises(Exception, match="is not NAMESPACE/NAME, such as default/web"):
        question.service()


def test_an_option_without_its_value_is_a_wrong_command_line(ask):
    status, _, said = ask("service", "web", "-f")
    assert (status, said.startswith("yunqiao plan: -f: a value is missing\n")) == (2, True)


def test_a_bad_value_of_a_setting_has_status_1_and_an_unknown_flag_status_2(ask):
    assert ask("--network=vcp")[0] == 1
    status, _, said = ask("--kubecofig=x")
    assert status == 2
    assert "did you mean --kubeconfig?" in said
