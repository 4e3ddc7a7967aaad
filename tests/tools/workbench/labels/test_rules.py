"""A person's rules: the first that matches wins, and a mistake in the file is one sentence."""

from pathlib import Path

import pytest

from toishi.tools.workbench.errors import UsageError
from toishi.tools.workbench.labels.rules import Rule, Ruled, apply_rules, read_rules

TOML = """
[[rule]]
label = "refund"
keyword = ["refund", "money back"]

[[rule]]
label = "card"
regex = "(?i)cards?\\\\b"
field = "text"

[[rule]]
label = "other"
keyword = "card"
"""


def rules(tmp_path: Path, text: str, name: str = "rules.toml") -> tuple[Rule, ...]:
    file = tmp_path / name
    file.write_text(text)
    return read_rules(file, ["text", "title"], ["refund", "card", "other"])


def test_the_first_rule_that_matches_wins_and_the_others_are_told(tmp_path: Path) -> None:
    found = rules(tmp_path, TOML)

    def say(text: str, title: str = "") -> Ruled | None:
        return apply_rules(found, {"text": text, "title": title})

    assert say("I want my Money Back") == Ruled(1, "refund", ())
    assert say("My CARDS and a refund") == Ruled(1, "refund", ("card",))
    assert say("card") == Ruled(2, "card", ("other",))
    assert say("refunds, cardigan") is None
    assert say("", "my card") == Ruled(3, "other", ())


def test_a_csv_says_the_same(tmp_path: Path) -> None:
    csv = "label,keyword,regex,field\nrefund,refund|money back,,\ncard,,(?i)cards?\\b,text\nother,card,,\n"
    assert rules(tmp_path, csv, "rules.csv") == rules(tmp_path, TOML)


@pytest.mark.parametrize(
    ("keyword", "text", "matches"),
    [
        ("カード", "新しいカードが届かない", True),
        ("été", "l'été dernier", True),
        ("été", "détété", False),
        ("c++", "c++?", True),
    ],
)
def test_a_keyword_is_a_whole_word_in_scripts_that_have_words(keyword: str, text: str, matches: bool) -> None:
    assert Rule(label="x", keyword=(keyword,)).matches({"text": text}) is matches


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('[[rule]]\nlabel = "card"\n', "the rule for 'card' has neither a keyword nor a regex"),
        ('[[rule]]\nlabel = "card"\nregex = "("\n', "regex = '(' is no pattern"),
        ('[[rule]]\nlabel = "card"\nkeyword = ""\n', "has an empty keyword"),
        ('[[rule]]\nlable = "card"\nkeyword = "x"\n', "unknown key 'lable'"),
        ('[[rule]]\nlabel = "crad"\nkeyword = "x"\n', "rule 1 has the label 'crad'; did you mean 'card'?"),
        (
            '[[rule]]\nlabel = "card"\nkeyword = "x"\nfield = "txt"\n',
            "rule 1 has the field 'txt'; did you mean 'text'?",
        ),
        ("rule = 3\n", "rule should be a list"),
        ("[[rule]\n", "is not valid TOML"),
        ("", "'rule' is missing"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(UsageError) as raised:
        rules(tmp_path, text)
    assert str(raised.value).startswith(str(tmp_path / "rules.toml"))
    assert sentence in str(raised.value)


def test_a_mistake_in_csv_names_the_line(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"rules.csv, line 3: regex = '\[' is no pattern"):
        rules(tmp_path, "label,regex\ncard,x\ncard,[\n", "rules.csv")
    with pytest.raises(UsageError, match="holds no rules"):
        rules(tmp_path, "label,regex\n", "rules.csv")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; write the rules there"):
        read_rules(tmp_path / "none.toml", ["text"], None)
