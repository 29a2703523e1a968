"""What an XPath expression may cost at the most on a document: libxml2 has no clock that one could set.

A predicate is evaluated at every node; one that looks over the whole document, or over all that stands before or
behind a node, takes the square of the document's size, and one inside it the cube.
"""

from __future__ import annotations

import re

#: An expression may look at so many nodes, counted with every repetition.
MAX_VISITS = 25_000_000

#: Strings, brackets, what parts paths from one another, and steps.
_PARTS = re.compile(
    r"""(?P<string>"[^"]*"|'[^']*')
    | (?P<axis>(?:preceding|following)(?:-sibling)?\s*::)
    | (?P<up>(?:\.\.|(?:parent|ancestor)(?:-or-self)?\s*::[^/\]\[()=<>|!,+]*+)(?!\s*/\s*@))
    | (?P<name>[^\W\d][\w.-]*|\.)
    | (?P<sign>//?|[\[\]()=<>|!,+*-])""",
    re.VERBOSE,
)
_WORDS = frozenset({"and", "or", "div", "mod"})


def power(path: str) -> int:
    """Return the power of the number of a document's nodes that bounds what an expression looks at.

    >>> power("//item[@id='7']"), power("//item[count(preceding::item) = 3]"), power("//*[//*[//*]]")
    (1, 2, 3)
    """
    highest = 0
    level = 0  #: how often a path of this place is repeated: by the predicates around it
    wide = 0  #: the steps of the path so far that may each name all nodes
    begins = True  #: whether a path begins here
    around: list[tuple[str, int, int]] = []
    for found in _PARTS.finditer(path):
        kind, sign = found.lastgroup, found[0]
        if kind == "axis" or (kind == "up" and level):
            wide += 1
        elif kind == "sign" and sign in "[(":
            around.append((sign, level, wide))
            level += sign == "["
            begins = True
            continue
        elif kind == "sign" and sign in "])" and around:
            _, level, wide = around.pop()
        elif kind == "sign" and sign in ("/", "//"):
            wide += bool(begins and level)
        elif (kind == "sign" and sign not in "*") or (kind == "name" and sign in _WORDS and not begins):
            wide = around[-1][2] if around else 0
            begins = True
            continue
        begins = False
        highest = max(highest, wide)
    return 1 + highest


def too_costly(nodes: int, exponent: int) -> bool:
    """Whether an expression of this power may look at too many nodes of a document of so many."""
    return exponent > 1 and float(max(nodes, 1)) ** exponent > MAX_VISITS
