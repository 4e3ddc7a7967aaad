"""Every key of task.toml, told from the code."""

from toishi.assistant.reference import Key, TableOfKeys, tables


def table(title: str) -> TableOfKeys:
    (found,) = [one for one in tables() if one.title == title]
    return found


def test_every_table_and_key_has_a_meaning() -> None:
    found = tables()
    assert [one.title for one in found if not one.meaning] == []
    assert [f"{one.title} {key.name}" for one in found for key in one.keys if not key.meaning or not key.type] == []


def test_a_key_is_told_with_type_default_and_bounds() -> None:
    keys = {key.name: key for key in table("[budget]").keys}
    assert keys["max_cost"] == Key("max_cost", "number", "none", "above 0", "US dollars")
    assert {key.name: key.default for key in table("[data]").keys}["shares"] == "[0.4, 0.3, 0.3]"
    assert {key.name: key.bounds for key in table("[data]").keys}["inputs"] == "at least 1 of them"


def test_tables_inside_tables_are_written_as_in_the_file() -> None:
    titles = [one.title for one in tables()]
    assert titles[0] == "top of the file"
    assert titles[-1] == "[gepa]"
    assert "[program.retrievers.NAME]" in titles
    assert titles.index("[[metric.parts]]") == titles.index("[metric] kind = 'several'") + 1


def test_each_kind_of_metric_has_its_own_keys_and_not_those_of_parts() -> None:
    assert [key.name for key in table("[metric] kind = 'choice'").keys] == ["choices"]
    assert [key.name for key in table("[[metric.parts]]").keys] == ["name", "weight"]
