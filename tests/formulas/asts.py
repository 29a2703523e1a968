"""Hypothesis strategies for the nodes of formulas: every kind of node, every awkward name and text."""

from hypothesis import strategies as st

from sheetline.formulas.ast import (
    KEYWORDS,
    LEVELS,
    PREFIXES,
    Call,
    Chain,
    ColumnRef,
    Duration,
    ListLiteral,
    Literal,
    Node,
    Parameter,
    Unary,
    is_bare_name,
)

_AWKWARD = [
    "a",
    "B",
    "é",
    "ß",
    "ǰ",
    "7",
    "_",
    ".",
    " ",
    "(",
    ")",
    "[",
    "]",
    ";",
    "#",
    "!",
    '"',
    "\\",
    "\n",
    "\r",
    "\t",
    "/",
    "*",
]
_AWKWARD += ["=", "&", ",", "‘", "“", "€", "\u0301", "\u200b", "\x00", "😀", "\uffff", "km"]

any_text = st.one_of(
    st.lists(st.sampled_from(_AWKWARD), max_size=8).map("".join),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
)
any_name = any_text.filter(bool)
unit_names = st.builds("{}({})".format, st.sampled_from(["Speed", "A.b", "_x"]), any_name)
bare_names = st.from_regex(r"[^\W\d][\w.]{0,6}", fullmatch=True).filter(
    lambda name: is_bare_name(name) and name.lower() not in KEYWORDS
)
function_names = st.one_of(bare_names, st.sampled_from(["IF", "abs", "true", "Null", "ß", "ǰx", "GROUP_SORT_ASC"]))

names = st.one_of(bare_names, any_name, unit_names)
literals = st.builds(
    Literal,
    st.one_of(
        st.none(),
        st.booleans(),
        any_text,
        st.integers(min_value=0),
        st.sampled_from([0, 2**63 - 1, 2**63, 10**300, 0.0, 5e-324, 1e22, 0.1, 1e-7]),
        st.floats(min_value=0, allow_nan=False, allow_infinity=False).map(abs),
    ),
)
leaves: st.SearchStrategy[Node] = st.one_of(
    literals,
    st.builds(Duration, st.integers(min_value=0), st.sampled_from(["ms", "s", "m", "h", "d"])),
    st.builds(ColumnRef, names, st.none() | names),
    st.builds(lambda name: ColumnRef(name, bare=True), bare_names),
    st.builds(Parameter, names),
)


def _chains(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def with_operators(operators: list[str]) -> st.SearchStrategy[Node]:
        operands = st.lists(nodes, min_size=len(operators) + 1, max_size=len(operators) + 1)
        return operands.map(lambda found: Chain(tuple(operators), tuple(found)))

    levels = st.sampled_from(LEVELS)
    return levels.flatmap(lambda level: st.lists(st.sampled_from(level), min_size=1, max_size=3)).flatmap(
        with_operators
    )


def _inner(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    several = st.lists(nodes, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Unary, st.sampled_from(PREFIXES), nodes),
        st.builds(Call, function_names, several),
        st.builds(ListLiteral, several),
        _chains(nodes),
    )


asts: st.SearchStrategy[Node] = st.recursive(leaves, _inner, max_leaves=25)
