"""The parser: what each spelling means, where it stands, and what the limits are."""

import dataclasses
import sys
import threading
from collections.abc import Callable

import pytest

from sheetline.formulas.ast import (
    Call,
    Chain,
    ColumnRef,
    Duration,
    ListLiteral,
    Literal,
    Node,
    Parameter,
    Span,
    Unary,
    children,
    walk,
)
from sheetline.formulas.diagnostics import FormulaError
from sheetline.formulas.parser import MAX_BYTES, MAX_DEPTH, parse


def ref(name: str, sheet: str | None = None) -> ColumnRef:
    return ColumnRef(name, sheet)


def bare(name: str) -> ColumnRef:
    return ColumnRef(name, bare=True)


def op(*parts: Node | str) -> Chain:
    """A chain written in order: operand, operator, operand …"""
    return Chain(
        tuple(p for p in parts[1::2] if isinstance(p, str)), tuple(p for p in parts[::2] if not isinstance(p, str))
    )


ONE, TWO, THREE = Literal(1), Literal(2), Literal(3)
A, B, C = ref("a"), ref("b"), ref("c")

MEANINGS: list[tuple[str, Node]] = [
    # the two formulas of the white paper
    (
        "HAVERSINE(#Latitude;#Longitude;#Previous_Latitude;#Previous_Longitude)",
        Call("HAVERSINE", (ref("Latitude"), ref("Longitude"), ref("Previous_Latitude"), ref("Previous_Longitude"))),
    ),
    (
        "BOUNDCOLPERCENTILE(EventsPerSec;Speed(mph))",
        Call("BOUNDCOLPERCENTILE", (bare("EventsPerSec"), Call("SPEED", (bare("mph"),)))),
    ),
    # literals
    ("42", Literal(42)),
    ("9223372036854775808", Literal(2**63)),
    ("-9223372036854775808", Unary("-", Literal(2**63))),
    ("3.14", Literal(3.14)),
    (".5", Literal(0.5)),
    ("1e-3", Literal(0.001)),
    ("1E+3", Literal(1000.0)),
    ("1e3-3", op(Literal(1000.0), "-", THREE)),
    ("2-3", op(TWO, "-", THREE)),
    ('"a""b\\"c"', Literal('a"b"c')),
    ('""', Literal("")),
    ('"""";""'[:4], Literal('"')),
    ('"\\n\\t\\\\\\u0041"', Literal("\n\t\\A")),
    ('"line\nbreak // no comment /* none */"', Literal("line\nbreak // no comment /* none */")),
    ("tRue", Literal(value=True)),
    ("FALSE", Literal(value=False)),
    ("null", Literal(None)),
    ("[1;2;3]", ListLiteral((ONE, TWO, THREE))),
    ("[]", ListLiteral(())),
    ("250ms", Duration(250, "ms")),
    ("5m", Duration(5, "m")),
    ("[10s;8h;2d]", ListLiteral((Duration(10, "s"), Duration(8, "h"), Duration(2, "d")))),
    # names
    ("#Speed(mph)", ref("Speed(mph)")),
    ("#Speed(miles per hour)+1", op(ref("Speed(miles per hour)"), "+", ONE)),
    ("#Temp(°C)", ref("Temp(°C)")),
    ("#Größe.2_x", ref("Größe.2_x")),
    ("#2019", ref("2019")),
    ("#[Trip length (km)]", ref("Trip length (km)")),
    ("#[a]]b]", ref("a]b")),
    ("[#[a b]]", ListLiteral((ref("a b"),))),
    ("[#[a]]];#[c]]", ListLiteral((ref("a]"), C))),
    ("#[My sheet]![a;b]", ref("a;b", "My sheet")),
    ("#Trips!Miles", ref("Miles", "Trips")),
    ("#Trips!Speed(mph)", ref("Speed(mph)", "Trips")),
    ("#a!=#b", op(A, "!=", B)),
    ("#a!b!=#c", op(ref("b", "a"), "!=", C)),
    ("#a! =b"[:2], A),
    ("Miles", bare("Miles")),
    ("nullable", bare("nullable")),
    ("#true", ref("true")),
    ("$gap", Parameter("gap")),
    ("$[my gap]", Parameter("my gap")),
    ("#a(b+c)", ref("a(b+c)")),
    # calls
    ("abs(1)", Call("ABS", (ONE,))),
    ("NOW()", Call("NOW")),
    ("NOW ( )", Call("NOW")),
    ("TRUE()", Call("TRUE")),
    # operators
    ("1+2-3", op(ONE, "+", TWO, "-", THREE)),
    ("1+2*3", op(ONE, "+", op(TWO, "*", THREE))),
    ("(1+2)*3", op(op(ONE, "+", TWO), "*", THREE)),
    ("1-(2-3)", op(ONE, "-", op(TWO, "-", THREE))),
    ("(1-2)-3", op(op(ONE, "-", TWO), "-", THREE)),
    ("1*2/3%1", op(ONE, "*", TWO, "/", THREE, "%", ONE)),
    ("2^3^1", op(TWO, "^", THREE, "^", ONE)),
    ("2^-3", op(TWO, "^", Unary("-", THREE))),
    ("-2^2", op(Unary("-", TWO), "^", TWO)),
    ("!#a&&#b", op(Unary("!", A), "&&", B)),
    ("!!#a", Unary("!", Unary("!", A))),
    ("1+-+2", op(ONE, "+", Unary("-", Unary("+", TWO)))),
    ("#a&#b+1", op(A, "&", op(B, "+", ONE))),
    ("#a&#b==#c", op(op(A, "&", B), "==", C)),
    ("#a<1==#b>=2", op(op(A, "<", ONE), "==", op(B, ">=", TWO))),
    ("#a=1", op(A, "==", ONE)),
    ("#a<>1", op(A, "!=", ONE)),
    ("#a||#b&&#c==1", op(A, "||", op(B, "&&", op(C, "==", ONE)))),
    ("=#a=1", op(A, "==", ONE)),
    ("= \n 1", ONE),
    ("1//x\n+/* y * / */2", op(ONE, "+", TWO)),
    ("1\u00a0+\r\n\t2", op(ONE, "+", TWO)),
]


@pytest.mark.parametrize(("text", "node"), MEANINGS, ids=[text for text, _ in MEANINGS])
def test_meaning(text: str, node: Node) -> None:
    assert parse(text) == node


def test_equality_keeps_types_apart_and_nothing_else() -> None:
    assert len({Literal(1), Literal(1.0), Literal(value=True), Literal("1"), Literal(None)}) == 5
    assert parse("1.0") == parse("1.00")
    assert parse("abs(#a)") == parse(" ABS( #[a] ) ")
    assert hash(parse("abs(#a)")) == hash(parse(" ABS( #[a] ) "))
    assert parse("#a") != parse("a")


def test_durations_are_milliseconds() -> None:
    found = [Duration(2, unit).ms for unit in ("ms", "s", "m", "h", "d")]
    assert found == [2, 2000, 120_000, 7_200_000, 172_800_000]


def test_places_in_the_text() -> None:
    text = "= IF(#a >= 1; (2 + #[B c]!Speed(mph)); -$x)"
    node = parse(text)
    assert isinstance(node, Call)

    def at(span: Span) -> str:
        return text[span.start : span.end]

    assert at(node.span) == node.source == text[2:]
    assert at(node.name_span) == "IF"
    assert at(node.args_span) == text[4:]
    test, then, otherwise = node.args
    assert isinstance(test, Chain)
    assert [at(span) for span in test.op_spans] == [">="]
    assert at(then.span) == "(2 + #[B c]!Speed(mph))"
    column = children(then)[1]
    assert isinstance(column, ColumnRef)
    assert column.sheet_span is not None
    assert (at(column.span), at(column.sheet_span), at(column.name_span)) == (
        "#[B c]!Speed(mph)",
        "[B c]",
        "Speed(mph)",
    )
    assert at(otherwise.span) == "-$x"


def test_calls_keep_their_raw_text() -> None:
    node = parse("MAX( Speed( mph ) ;(Rate(m/s)))")
    assert [inside.source for inside in walk(node) if isinstance(inside, Call)] == [
        "MAX( Speed( mph ) ;(Rate(m/s)))",
        "Speed( mph )",
        "Rate(m/s)",
    ]
    assert [inside.typed for inside in walk(node) if isinstance(inside, Call)] == ["MAX", "Speed", "Rate"]


def test_walk_goes_parents_first_in_the_order_of_the_text() -> None:
    names = [inside.name for inside in walk(parse("f(#a;g(#b);-#c)")) if isinstance(inside, (Call, ColumnRef))]
    assert names == ["F", "a", "G", "b", "c"]


@pytest.mark.parametrize(
    "make",
    [
        lambda: Literal(-1),
        lambda: Literal(-0.0),
        lambda: Literal(float("nan")),
        lambda: Literal(10**4300),
        lambda: Literal("\ud800"),
        lambda: Duration(1, "min"),
        lambda: Duration(-1, "s"),
        lambda: ColumnRef(""),
        lambda: ColumnRef("a b", bare=True),
        lambda: ColumnRef("true", bare=True),
        lambda: ColumnRef("a", "S", bare=True),
        lambda: Parameter(""),
        lambda: Call("a b"),
        lambda: Unary("*", ONE),
        lambda: Chain(("+",), (ONE,)),
        lambda: Chain(("+", "*"), (ONE, TWO, THREE)),
        lambda: Chain((), (ONE,)),
    ],
)
def test_nodes_that_no_text_gives_are_refused(make: Callable[[], Node]) -> None:
    with pytest.raises(ValueError, match=r"."):
        make()


def test_nodes_are_frozen_and_slotted() -> None:
    node = parse("1 + #a")
    with pytest.raises(dataclasses.FrozenInstanceError):
        node.span = Span(0, 0)  # type: ignore[misc]
    assert not any(hasattr(inside, "__dict__") for inside in walk(node))


# --- limits ----------------------------------------------------------------------------------------------------


def test_a_long_chain_is_one_node() -> None:
    node = parse("+".join(["1"] * 10_000))
    assert isinstance(node, Chain)
    assert (len(node.operands), node.height) == (10_000, 2)
    assert isinstance(parse(";".join(["#a"] * 5_000).join(["MAX(", ")"])), Call)


SHELLS = [("(", ")"), ("ABS(", ")"), ("[", "]"), ("-", ""), ("!", ""), ("IF(1;", ")"), ("-(", ")"), ("1+(", ")")]


@pytest.mark.parametrize(("before", "after"), SHELLS)
def test_depth(before: str, after: str) -> None:
    levels = 2 if before == "-(" else 1
    fits = MAX_DEPTH // levels
    node = parse(before * fits + "#a" + after * fits)
    again = parse(" " + before * fits + "#a" + after * fits)
    assert node == again  # comparing, hashing and showing so deep a node stays within Python's stack
    assert hash(node) == hash(again)
    assert repr(node)
    for times in (fits + 1, 10_000):
        with pytest.raises(FormulaError) as caught:
            parse(before * times + "#a" + after * times)
        (found,) = caught.value.diagnostics
        place = len(before) * fits + before.index("(" if "(" in before and before != "-(" else before[0])
        assert (found.code, found.span) == ("F022", Span(place, place + 1))


def test_prefixes_beside_each_other_are_not_nested() -> None:
    assert isinstance(parse("+".join(["-(-1)"] * 300)), Chain)
    assert isinstance(parse("[" + ";".join(["-1"] * 300) + "]"), ListLiteral)


def test_operators_of_many_levels_count_as_nesting() -> None:
    text = "#a"
    for _ in range(60):
        text = f"(1 || 1 && 1 == 1 < 1 + 1 * 2^{text})"
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert [found.code for found in caught.value.diagnostics] == ["F022"]


def test_spreadsheets_own_depth_fits() -> None:
    text = "0"
    for level in range(64):
        text = f"1 + IF(#a == {level};{level};{text})"
    assert isinstance(parse(text), Chain)


def test_length_is_looked_at_first() -> None:
    longest = '"' + "x" * (MAX_BYTES - 2) + '"'
    assert isinstance(parse(longest), Literal)
    for text in (longest + " ", '"' + "é" * (MAX_BYTES // 2) + '"', "(" * 1_000_000):
        with pytest.raises(FormulaError) as caught:
            parse(text)
        assert [found.code for found in caught.value.diagnostics] == ["F021"]


@pytest.mark.parametrize(
    "unit", [",", "#", '"', "#[", "(", "a ", "x", "@ ", "#a(", "'", "/*", "1,", "!", "$", "\\", '"\\q";', "a!", "& "]
)
def test_long_nonsense_is_refused_quickly(unit: str) -> None:
    """Thousands of anything: the search for words stays linear, and what is told stays readable."""
    text = "1 " + unit * (30_000 // len(unit))
    with pytest.raises(FormulaError) as caught:
        parse(text)
    assert 0 < len(caught.value.diagnostics) < 500
    assert len(str(caught.value)) < 200_000


def test_the_parser_does_without_lark_while_the_grammar_stays() -> None:
    import subprocess

    code = (
        "import sys, sheetline.formulas.parser as p, sheetline.formulas.printer\n"
        "assert 'lark' not in sys.modules\np.parse('1')\nassert 'lark' not in sys.modules\n"
        "p.compiled_tables()\nassert 'lark' in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_threads_share_the_parser() -> None:
    wrong: list[str] = []

    def work(number: int) -> None:
        for step in range(40):
            if parse(f"ABS({number}) + {step}") != op(Call("ABS", (Literal(number),)), "+", Literal(step)):
                wrong.append(f"{number} {step}")  # noqa: PERF401

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_results_are_kept_by_text() -> None:
    assert parse("1 + 987654") is parse("1 + 987654")
